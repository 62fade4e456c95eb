import CWeftLinux

/// Memory that the process holds although it may never need it again.
public enum ResidentMemory {
    /// Gives back what start-up took: free heap, and pages of code and constants; the kernel maps the latter again, from its
    /// page cache, when they are used.
    ///
    /// Most of a program's code runs once, when it starts, and would otherwise count as the process's for good.
    public static func release() { weft_release_memory() }
}
