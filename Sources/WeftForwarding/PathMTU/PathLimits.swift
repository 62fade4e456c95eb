import WeftTypes

/// What the paths to peers take, as the packet path reads it: bytes of an inner IP packet, by peer.
public struct PathLimits: Hashable, Sendable {
    /// By the peer's row; 0 where nothing is known.
    @usableFromInline var limits: [UInt16] = []
    /// Bytes that every path takes; `Int.max` where nothing is known of any.
    public private(set) var smallest = Int.max

    /// Nothing is known of any path.
    public init() {}

    /// Notes that the path to a peer takes outer IP packets of `mtu` bytes; nil when that is not known (any more).
    ///
    /// - Returns: whether this is news.
    public mutating func set(_ mtu: Int?, for peer: PeerIndex, over family: IPAddress.Family) -> Bool {
        let row = Int(peer.rawValue)
        let limit = mtu.map { UInt16(clamping: max(1, $0 - family.overheadByteCount)) } ?? 0
        if row >= limits.count {
            guard limit > 0 else { return false }
            limits.append(contentsOf: repeatElement(0, count: row + 1 - limits.count))
        }
        guard limits[row] != limit else { return false }
        limits[row] = limit
        smallest = limits.lazy.filter { $0 > 0 }.min().map { Int($0) } ?? .max
        return true
    }

    /// Bytes of an inner IP packet that the path to `peer` takes; `Int.max` where nothing is known.
    @inlinable public func limit(of peer: PeerIndex) -> Int {
        let row = Int(peer.rawValue)
        guard row < limits.count, limits[row] > 0 else { return .max }
        return Int(limits[row])
    }
}
