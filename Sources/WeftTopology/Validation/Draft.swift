import WeftTypes

/// A value together with the place it was written at.
struct Located<Value> {
    let value: Value
    let span: SourceSpan
}

extension Located: Sendable where Value: Sendable {}

/// A topology whose shape has been read but whose rules are still to be checked: a value is nil when it was left out or
/// was reported as wrong, and a rule that needs it then says nothing.
struct Draft: Sendable {
    var name: TopologyName?
    var hosts: [HostDraft] = []
    var segments: [SegmentDraft] = []
    var ports: [PortDraft] = []
    var checks: [CheckDraft] = []
    /// Sections that could not be read, or not in full: what seems to be missing from them may be there.
    var incomplete: Set<Section> = []

    /// The sections whose objects others refer to.
    enum Section: String, Sendable {
        case hosts, segments, ports
    }
}

/// An entry of `hosts`; its name may break the rules for names, which was reported.
struct HostDraft: Sendable {
    var name: Located<String>
    var kind = Host.Kind.agent
    var addresses: [Located<IPAddress>] = []
    var interface: Located<DeviceName>?
    var udpPort: Located<UInt16>?
    var gossipPort: Located<UInt16>?
    var takesRemoteChecksums = false
    var labels: [String: String] = [:]

    var label: String { "host '\(name.value.shortened)'" }
}

/// An entry of `segments`.
struct SegmentDraft: Sendable {
    var name: Located<String>
    var vni: Located<VNI>?
    var subnets: [Located<IPPrefix>] = []
    var mtu: Located<Segment.MTU>?
    var tags = Segment.Tags.drop
    var flood = Segment.Flood.members
    /// Nil when every plain end point has the segment.
    var vteps: [Located<String>]?

    var label: String { "segment '\(name.value.shortened)'" }
}

/// An entry of `ports`.
struct PortDraft: Sendable {
    var name: Located<String>
    var host: Located<String>?
    var kind = Port.Kind.tap
    var attach = Port.Attach.bridge
    var segment: Located<String>?
    var trunk: [TrunkDraft]?
    var native: Located<String>?
    var tagProtocol = Trunk.TagProtocol.dot1Q
    var mac: Located<MACAddress>?
    var addresses: [AddressDraft] = []
    var device: Located<DeviceName>?
    var queues = 1
    var owner: String?
    var namespace: String?
    var socket: SocketDraft?
    var bum: Int?
    var isEnabled = true
    var isSticky = false
    var labels: [String: String] = [:]

    /// One segment of a trunk with its VLAN.
    struct TrunkDraft: Sendable {
        var segment: Located<String>
        var vlan: Located<VLANID>?
    }

    /// The socket of a port; without a path that was reported.
    struct SocketDraft: Sendable {
        var path: Located<String>?
        var mode = SocketOptions.Mode.stream
        var listens = true
    }

    /// An address with the length of its network, if that was written.
    struct AddressDraft: Sendable {
        var address: IPAddress
        var length: Int?
        var span: SourceSpan
    }

    var label: String { "port '\(name.value.shortened)'" }

    /// The MAC that was written, or the one derived; nil without a valid name.
    func mac(in fabric: TopologyName?) -> MACAddress? {
        if let mac { return mac.value }
        guard let fabric, let name = TopologyName(name.value) else { return nil }
        return .derived(fabric: fabric, port: name)
    }
}

/// An entry of `checks`.
struct CheckDraft: Sendable {
    var from: Located<String>?
    var to: Located<String>?
    var traffic: Check.Traffic?
    var expectation = Check.Expectation.allow
}
