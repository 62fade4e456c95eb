/// Which Weft this is.
public enum WeftVersion {
    /// The version, as `weft version` and `weft status` print it.
    public static let current = "0.1.0"
}
