import WeftTypes

/// A local attachment of a guest to a segment.
public struct Port: Hashable, Sendable {
    /// Its name, unique in the fabric.
    public let name: TopologyName
    /// The host it is on.
    public let host: TopologyName
    /// The segment it belongs to.
    public let segment: TopologyName
    /// What the guest is attached by.
    public let kind: Kind
    /// How its frames reach the agent.
    public let attach: Attach
    /// The guest's Ethernet address.
    public let mac: MACAddress
    /// Whether ``mac`` was derived because the file gives none.
    public let isMACDerived: Bool
    /// The guest's addresses with the length of their network, in the order of the file.
    public let addresses: [IPPrefix]
    /// The host-side device: as written, or the name derived from kind and port.
    public let device: DeviceName
    /// Queues of the TAP, 1 unless given.
    public let queues: Int
    /// The user that may open the TAP; nil is root alone.
    public let owner: String?
    /// The network namespace that gets the guest's end of a veth pair, by its name.
    public let namespace: String?
    /// Whether its addresses never move to another port (RFC 7432 §15.2).
    public let isSticky: Bool
    /// Free key-value pairs for the operator's own use.
    public let labels: [String: String]

    /// The kinds of attachment that this version builds.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// A TAP for a VM.
        case tap
        /// A veth pair into a network namespace.
        case veth

        /// The kind its device is marked with.
        public var mark: Mark.Kind {
            switch self {
            case .tap: .tap
            case .veth: .veth
            }
        }
    }

    /// How frames get from the device to the agent.
    public enum Attach: String, Hashable, Sendable, CaseIterable {
        /// Through the segment's bridge.
        case bridge
        /// The agent reads the device itself, and the host sees nothing of it.
        case direct
    }

    /// Creates a port of `fabric`; a MAC and a device that are not given are derived.
    public init(
        name: TopologyName, fabric: TopologyName, host: TopologyName, segment: TopologyName, kind: Kind = .tap,
        attach: Attach = .bridge, mac: MACAddress? = nil, addresses: [IPPrefix] = [], device: DeviceName? = nil, queues: Int = 1,
        owner: String? = nil, namespace: String? = nil, isSticky: Bool = false, labels: [String: String] = [:]
    ) {
        self.name = name
        self.host = host
        self.segment = segment
        self.kind = kind
        self.attach = attach
        self.mac = mac ?? .derived(fabric: fabric, port: name)
        self.isMACDerived = mac == nil
        self.addresses = addresses
        self.device = device ?? DeviceName(kind.mark, fabric: fabric, name: name)
        self.queues = queues
        self.owner = owner
        self.namespace = namespace
        self.isSticky = isSticky
        self.labels = labels
    }
}
