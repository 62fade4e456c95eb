import WeftTypes

extension MACAddress {
    /// The address every agent derives from `text`: the first 6 bytes of its SHA-256, made a locally administered station
    /// address by `(b & 0xFC) | 0x02` on the first byte.
    public static func derived(from text: String) -> MACAddress {
        let value = SHA256.digest(of: text).prefix(6).reduce(0) { $0 << 8 | UInt64($1) }
        return MACAddress(rawValue: value & 0xFCFF_FFFF_FFFF | 0x0200_0000_0000)
    }

    /// The address of a port whose entry gives none: derived from `fabric/port`.
    public static func derived(fabric: TopologyName, port: TopologyName) -> MACAddress { derived(from: "\(fabric)/\(port)") }
}
