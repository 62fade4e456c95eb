import WeftTypes

/// Several segments on one port, told apart by the VLAN tags of its frames.
///
/// To the packet path each member is a port of its own: the device and the tag say which. The native segment has frames without
/// a tag as well.
public struct Trunk: Hashable, Sendable {
    /// The members, sorted by VLAN; no VLAN and no segment is there twice.
    public let members: [Member]
    /// The member whose frames leave without a tag, and may come without or with theirs; nil when every frame has one.
    public let native: TopologyName?
    /// The EtherType of its tags.
    public let tagProtocol: TagProtocol

    /// One segment of a trunk.
    public struct Member: Hashable, Sendable {
        /// The tag its frames have on this port.
        public let vlan: VLANID
        /// Where they belong.
        public let segment: TopologyName

        /// Creates a member.
        public init(vlan: VLANID, segment: TopologyName) { (self.vlan, self.segment) = (vlan, segment) }
    }

    /// The kinds of tag a trunk can have, by the words of the file.
    public enum TagProtocol: String, Hashable, Sendable, CaseIterable {
        /// IEEE 802.1Q customer tags, EtherType 0x8100.
        case dot1Q = "802.1q"
        /// IEEE 802.1ad service tags, EtherType 0x88A8.
        case dot1AD = "802.1ad"
    }

    /// Creates a trunk; the members are put in order. `native` has to be the segment of one of them.
    public init(_ members: [Member], native: TopologyName? = nil, tagProtocol: TagProtocol = .dot1Q) {
        self.members = members.sorted { $0.vlan < $1.vlan }
        self.native = native
        self.tagProtocol = tagProtocol
    }

    /// The tag that frames of `segment` have; nil for a segment that is no member.
    public func vlan(of segment: TopologyName) -> VLANID? { members.first { $0.segment == segment }?.vlan }
    /// The segment of frames with the tag `vlan`; nil for one that is not in use.
    public func segment(of vlan: VLANID) -> TopologyName? { members.first { $0.vlan == vlan }?.segment }
}
