public import WeftTypes

/// One port as the API tells it: what was declared and what the host makes of it now.
public struct PortReport: Codable, Hashable, Sendable {
    /// Whether a port carries frames.
    public enum State: String, Codable, Hashable, Sendable, CaseIterable {
        /// The device is there and in use.
        case up
        /// The device is there; nobody uses it or it was switched off.
        case down
        /// Something the port needs is not there yet; ``PortReport/detail`` says what.
        case waiting
        /// The port could not be brought up; ``PortReport/detail`` says why.
        case error
        /// It may not forward, because it is on one wire with another port; ``PortReport/detail`` says with which.
        case blocked
    }

    /// One segment of a trunk.
    public struct TrunkMember: Codable, Hashable, Sendable {
        /// The tag of its frames, 1…4094.
        public var vlan: UInt16
        /// The segment.
        public var segment: String
        /// The segment's number.
        public var vni: VNI
        /// Whether its frames leave without a tag.
        public var isNative: Bool

        enum CodingKeys: String, CodingKey {
            case vlan, segment, vni
            case isNative = "native"
        }

        /// Describes a member.
        public init(vlan: UInt16, segment: String, vni: VNI, isNative: Bool) {
            (self.vlan, self.segment, self.vni, self.isNative) = (vlan, segment, vni, isNative)
        }
    }

    /// The unix socket of a port of that kind.
    public struct Socket: Codable, Hashable, Sendable {
        /// Its path.
        public var path: String
        /// `stream` or `dgram`.
        public var mode: String
        /// Whether the agent makes the socket, and the guest's program connects to it.
        public var isListening: Bool

        enum CodingKeys: String, CodingKey {
            case path, mode
            case isListening = "listen"
        }

        /// Describes a socket.
        public init(path: String, mode: String, isListening: Bool) {
            (self.path, self.mode, self.isListening) = (path, mode, isListening)
        }
    }

    /// The name in the topology.
    public var name: String
    /// The host it is declared on.
    public var host: String
    /// The segment of an access port; nil for a trunk.
    public var segment: String?
    /// The VNI of ``segment``.
    public var vni: VNI?
    /// The segments of a trunk, sorted by VLAN; nil for an access port.
    public var trunk: [TrunkMember]?
    /// `tap`, `veth`, `nic`, `bridge` or `socket`.
    public var kind: String
    /// `bridge` or `direct`.
    public var attach: String
    /// The host-side device.
    public var device: String?
    /// The guest's MAC address.
    public var mac: MACAddress?
    /// The guest's declared addresses.
    public var addresses: [IPAddress]
    /// Nil for a port of another host, about which this agent knows only what the file says.
    public var state: State?
    /// Why the port waits or failed.
    public var detail: String?
    /// The MTU of the guest's end, in bytes.
    public var mtu: Int
    /// Queues of the device.
    public var queueCount: Int
    /// The host's own bridge that a port of that kind stands for.
    public var bridge: String?
    /// The user that may open the TAP, besides root.
    public var owner: String?
    /// The network namespace that has the guest's end of a veth pair, by its name.
    public var namespace: String?
    /// The unix socket of a port of that kind.
    public var socket: Socket?
    /// Frames that came from the guest.
    public var rxFrames: UInt64
    /// Frames that went to the guest.
    public var txFrames: UInt64
    /// Bytes that came from the guest.
    public var rxBytes: UInt64
    /// Bytes that went to the guest.
    public var txBytes: UInt64
    /// Frames from the guest per second over the last seconds; filled in by the server.
    public var rxFramesPerSecond: Double?
    /// Frames to the guest per second over the last seconds; filled in by the server.
    public var txFramesPerSecond: Double?
    /// Frames dropped, by reason; a reason that never occurred is left out.
    public var drops: [String: UInt64]

    enum CodingKeys: String, CodingKey {
        case name, host, segment, vni, trunk, kind, attach, device, mac, addresses, state, detail, mtu, drops
        case bridge, owner, socket
        case namespace = "netns"
        case queueCount = "queues"
        case rxFrames = "rx_frames"
        case txFrames = "tx_frames"
        case rxBytes = "rx_bytes"
        case txBytes = "tx_bytes"
        case rxFramesPerSecond = "rx_frames_per_second"
        case txFramesPerSecond = "tx_frames_per_second"
    }

    /// Creates a report; counters start at zero and are set afterwards.
    public init(
        name: String, host: String, segment: String?, vni: VNI?, kind: String, attach: String = "bridge",
        device: String? = nil, mac: MACAddress? = nil, addresses: [IPAddress] = [], state: State? = nil,
        detail: String? = nil, mtu: Int, queueCount: Int = 1
    ) {
        (self.name, self.host, self.segment, self.vni) = (name, host, segment, vni)
        (self.kind, self.attach, self.device, self.mac) = (kind, attach, device, mac)
        (self.addresses, self.state, self.detail) = (addresses, state, detail)
        (self.mtu, self.queueCount) = (mtu, queueCount)
        (rxFrames, txFrames, rxBytes, txBytes) = (0, 0, 0, 0)
        drops = [:]
    }

    /// All drops, whatever the reason.
    public var dropCount: UInt64 { drops.values.reduce(0, &+) }
}
