import WeftTypes

/// A local attachment of a guest, or of a wire, to a segment or to several.
public struct Port: Hashable, Sendable {
    /// Its name, unique in the fabric.
    public let name: TopologyName
    /// The host it is on.
    public let host: TopologyName
    /// The segment it belongs to, or those of its trunk.
    public let attachment: Attachment
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
    public let device: DeviceName?
    /// Queues of the TAP, 1 unless given.
    public let queues: Int
    /// The user that may open the TAP, or connect to the socket; nil is root alone.
    public let owner: String?
    /// The network namespace that gets the guest's end of a veth pair, by its name.
    public let namespace: String?
    /// The unix socket of a port of that kind; nil for every other.
    public let socket: SocketOptions?
    /// Frames a second from it that may be flooded, as the file says; 0 is no cap, nil is what its kind has.
    public let bum: Int?
    /// Whether it may carry frames; one that is switched off keeps its device, down.
    public let isEnabled: Bool
    /// Whether its addresses never move to another port (RFC 7432 §15.2).
    public let isSticky: Bool
    /// Free key-value pairs for the operator's own use.
    public let labels: [String: String]

    /// What a port stands for.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// A TAP for a VM.
        case tap
        /// A veth pair into a network namespace.
        case veth
        /// A device of the host that is not ours, such as a physical NIC with everything behind it.
        case nic
        /// A bridge of the host that is not ours, with everything on it.
        case bridge
        /// A unix socket for a VM without privileges: a TAP of which the agent itself holds the queue, and passes frames on.
        case socket

        /// The kind that the device we make for it is marked with; nil where we make none.
        public var mark: Mark.Kind? {
            switch self {
            case .tap, .socket: .tap
            case .veth: .veth
            case .bridge: .link
            case .nic: nil
            }
        }

        /// Whether the device belongs to the host and is only joined, so that any number of stations may be behind it.
        public var isForeign: Bool { self == .nic || self == .bridge }
    }

    /// Where a port's frames belong.
    public enum Attachment: Hashable, Sendable {
        /// To one segment.
        case access(TopologyName)
        /// To one of several, by their tags.
        case trunk(Trunk)

        /// The segments, sorted by name.
        public var segments: [TopologyName] {
            switch self {
            case .access(let segment): [segment]
            case .trunk(let trunk): trunk.members.map(\.segment).sorted()
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

    /// Creates a port of `fabric`; a MAC and a device that are not given are derived. Ports of the kinds `nic` and `bridge` need
    /// a device.
    public init(
        name: TopologyName, fabric: TopologyName, host: TopologyName, attachment: Attachment, kind: Kind = .tap,
        attach: Attach = .bridge, mac: MACAddress? = nil, addresses: [IPPrefix] = [], device: DeviceName? = nil, queues: Int = 1,
        owner: String? = nil, namespace: String? = nil, socket: SocketOptions? = nil, bum: Int? = nil,
        isEnabled: Bool = true, isSticky: Bool = false, labels: [String: String] = [:]
    ) {
        self.name = name
        self.host = host
        self.attachment = attachment
        self.kind = kind
        self.attach = attach
        self.mac = mac ?? .derived(fabric: fabric, port: name)
        self.isMACDerived = mac == nil
        self.addresses = addresses
        self.device = device ?? (kind.isForeign ? nil : kind.mark.map { DeviceName($0, fabric: fabric, name: name) })
        self.queues = queues
        self.owner = owner
        self.namespace = namespace
        self.socket = socket
        self.bum = bum
        self.isEnabled = isEnabled
        self.isSticky = isSticky
        self.labels = labels
    }

    /// Frames a second from it that may be flooded; 0 is no cap. A wire with a loop brings as many as it can, a guest only what it
    /// sends itself; neither figure is near what honest stations send.
    public var floodLimit: Int { bum ?? (kind.isForeign ? 10_000 : 50_000) }

    /// The segments it is in, sorted by name.
    public var segments: [TopologyName] { attachment.segments }

    /// The one segment it is in; nil for a trunk.
    public var segment: TopologyName? {
        switch attachment {
        case .access(let segment): segment
        case .trunk: nil
        }
    }

    /// Whether the agent reads its frames itself, and not those of the segment's bridge that they come to.
    public var isReadByAgent: Bool { attach == .direct || kind == .bridge }

    /// Its trunk, where the VLANs of that join bridges by devices of their own.
    public var bridgedTrunk: Trunk? {
        guard !isReadByAgent, case .trunk(let trunk) = attachment else { return nil }
        return trunk
    }

    /// Whether it is in a segment.
    public func isIn(_ segment: TopologyName) -> Bool {
        switch attachment {
        case .access(let own): own == segment
        case .trunk(let trunk): trunk.vlan(of: segment) != nil
        }
    }
}
