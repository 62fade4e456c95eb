/// What the reader of a TAP can take from the kernel unfinished (`TUNSETOFFLOAD`).
///
/// Without them every frame arrives cut to MTU with its checksums complete.
@frozen public struct TapOffloads: OptionSet, Hashable, Sendable, CustomStringConvertible {
    /// The kernel's `TUN_F_*` bits.
    public let rawValue: UInt32

    /// Creates a set from the kernel's bits.
    @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Frames whose TCP or UDP checksum is still to be completed.
    public static var checksum: TapOffloads { TapOffloads(rawValue: 0x01) }
    /// TCP superframes over IPv4; needs `checksum`.
    public static var tcp4: TapOffloads { TapOffloads(rawValue: 0x02) }
    /// TCP superframes over IPv6; needs `checksum`.
    public static var tcp6: TapOffloads { TapOffloads(rawValue: 0x04) }
    /// TCP superframes with ECN's CWR flag; needs `tcp4` or `tcp6`.
    public static var tcpECN: TapOffloads { TapOffloads(rawValue: 0x08) }
    /// UDP superframes; the kernel (6.2 and later) takes the two only together.
    public static var udp: TapOffloads { TapOffloads(rawValue: 0x60) }
    /// All that Weft can take.
    public static var all: TapOffloads { [.checksum, .tcp4, .tcp6, .tcpECN, .udp] }

    /// Sets to try, the richest first; each kernel takes one of them.
    static var ladder: [TapOffloads] {
        [.all, [.checksum, .tcp4, .tcp6, .udp], [.checksum, .tcp4, .tcp6, .tcpECN], [.checksum, .tcp4, .tcp6], .checksum, []]
    }

    /// Names as users know them, such as `checksum tso4 tso6 uso`; `none` for the empty set.
    public var description: String {
        let names: [(TapOffloads, String)] = [
            (.checksum, "checksum"), (.tcp4, "tso4"), (.tcp6, "tso6"), (.tcpECN, "tso-ecn"), (.udp, "uso"),
        ]
        let present = names.filter { contains($0.0) }.map(\.1)
        return present.isEmpty ? "none" : present.joined(separator: " ")
    }
}
