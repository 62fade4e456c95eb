import WeftTypes

/// A local port as the shell numbers it; the core only compares it.
@frozen public struct LocalPort: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The shell's number, such as an interface index.
    public let rawValue: UInt32
    /// Creates a port from the shell's number.
    @inlinable public init(_ rawValue: UInt32) { self.rawValue = rawValue }
    @inlinable public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    public var description: String { "port \(rawValue)" }
}

/// Where a station is.
public enum EndpointPlace: Hashable, Sendable {
    /// On this host; nil where frames came from a bridge that hasn't told the port yet.
    case local(LocalPort?)
    /// Behind another agent.
    case node(NodeID)
    /// Behind a plain VTEP, which doesn't gossip.
    case vtep(VTEP)
}

/// A station: MAC addresses of different segments have nothing to do with each other (E7).
@frozen public struct EndpointKey: Hashable, Sendable, Comparable {
    public let vni: VNI
    public let mac: MACAddress

    /// Names a station.
    @inlinable public init(_ vni: VNI, _ mac: MACAddress) { (self.vni, self.mac) = (vni, mac) }

    /// By segment, then by address.
    @inlinable public static func < (left: Self, right: Self) -> Bool { (left.vni, left.mac) < (right.vni, right.mac) }

    /// Under which it is gossiped.
    public var recordKey: RecordKey { .endpoint(vni, mac) }
}

/// An IP address of a segment.
struct AddressKey: Hashable, Comparable {
    var vni: VNI
    var address: IPAddress

    static func < (left: Self, right: Self) -> Bool { (left.vni, left.address) < (right.vni, right.address) }
}
