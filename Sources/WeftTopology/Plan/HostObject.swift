import WeftTypes

/// What a device of ours on a host is for: the name of a plan's line, of a problem and of a state.
public enum HostObject: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The bridge of a segment on this host.
    case segment(TopologyName)
    /// The TAP that leads from a segment's bridge into the agent.
    case uplink(TopologyName)
    /// A port and its guest's end.
    case port(TopologyName)
    /// A VLAN device of a port that is a trunk.
    case vlan(TopologyName, VLANID)
    /// A device that carries our group but no readable mark, named by its device name.
    case device(String)

    /// What a device with this mark is for.
    public init(_ mark: Mark) {
        switch mark.kind {
        case .bridge: self = .segment(mark.name)
        case .uplink: self = .uplink(mark.name)
        case .tap, .veth, .link: self = .port(mark.name)
        case .vlan: self = mark.vlan.map { .vlan(mark.name, $0) } ?? .port(mark.name)
        }
    }

    /// The order in which objects are made: a bridge before what joins it. They are removed the other way round.
    private var rank: Int {
        switch self {
        case .segment: 0
        case .uplink: 1
        case .port: 2
        case .vlan: 3
        case .device: 4
        }
    }

    /// The name without the kind.
    public var name: String {
        switch self {
        case .segment(let name), .uplink(let name), .port(let name): name.text
        case .vlan(let port, _): port.text
        case .device(let name): name
        }
    }

    /// The VLAN of a VLAN device, 0 for everything else.
    private var number: UInt16 {
        if case .vlan(_, let vlan) = self { vlan.rawValue } else { 0 }
    }

    public static func < (left: HostObject, right: HostObject) -> Bool {
        (left.rank, left.name, left.number) < (right.rank, right.name, right.number)
    }

    public var description: String {
        switch self {
        case .segment(let name): "segment \(name)"
        case .uplink(let name): "uplink of \(name)"
        case .port(let name): "port \(name)"
        case .vlan(let port, let vlan): "VLAN \(vlan) of port \(port)"
        case .device(let name): "device \(name)"
        }
    }
}
