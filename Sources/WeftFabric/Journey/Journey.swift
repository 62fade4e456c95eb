import WeftTypes
import WeftTopology

/// Where a packet went, host by host and stage by stage, and what became of its copies.
public struct Journey: Hashable, Sendable {
    /// One thing that happened to the packet, or to one of its copies.
    public struct Stage: Hashable, Sendable {
        /// The host on which it happened.
        public let host: TopologyName
        /// Which stage of the way it is.
        public let point: Point
        /// What it is about: a port, a peer, a segment, a reason.
        public let object: String
        /// What else there is to say.
        public let detail: String
    }

    /// The stages of a packet's way, in the words of the command line.
    public enum Point: String, Hashable, Sendable, CaseIterable {
        /// It came in by a port.
        case portIn = "port-in"
        /// A bridge of the kernel's handed it on, and no agent saw it.
        case bridge
        /// An agent decided where it goes.
        case lookup
        /// It went into a tunnel.
        case encap
        /// It came out of a tunnel.
        case decap
        /// It left by a port.
        case portOut = "port-out"
        /// It ended.
        case drop
    }

    /// What happened, in order; the copies of a flooded packet one after the other.
    public private(set) var stages: [Stage] = []
    /// The ports that it left by, in order.
    public private(set) var deliveries: [TopologyName] = []

    /// A journey that has not begun.
    public init() {}

    /// Why copies of it ended, in order.
    public var drops: [Stage] { stages.filter { $0.point == .drop } }

    mutating func add(_ point: Point, on host: TopologyName, _ object: String, _ detail: String = "") {
        stages.append(Stage(host: host, point: point, object: object, detail: detail))
    }

    /// It leaves by a port, if that is switched on.
    mutating func leave(by port: Port) {
        guard port.isEnabled else { return add(.drop, on: port.host, port.name.text, "the port is switched off") }
        add(.portOut, on: port.host, port.name.text, port.place)
        deliveries.append(port.name)
    }
}

extension Port {
    /// Kind and device, as stages tell it.
    var place: String { ([kind.rawValue] + [device?.text ?? socket?.path].compactMap { $0 }).joined(separator: " ") }
}
