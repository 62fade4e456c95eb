import WeftTypes
import WeftWire

/// Which port of the packet path each frame of a trunk is of, by its first tag (IEEE 802.1Q §6.9).
///
/// A trunk is one device and a port for each of its VLANs: what is between device and port, taking the tag out and putting
/// it in, is the packet path's business, and nothing behind it knows of tags. Frames of the native VLAN have none on their way
/// out; on their way in they may have its own.
@frozen public struct TrunkMap: Hashable, Sendable {
    /// One VLAN of a trunk.
    public struct Member: Hashable, Sendable {
        /// The tag its frames have on the device.
        public let vlan: VLANID
        /// The port that they are of.
        public let port: PortIndex

        /// Creates a member.
        public init(vlan: VLANID, port: PortIndex) { (self.vlan, self.port) = (vlan, port) }
    }

    /// The members, sorted by VLAN.
    public let members: [Member]
    /// The port of frames without a tag, nil when they are of none.
    public let native: PortIndex?
    /// The kind of its tags; frames with another kind have, to the trunk, none.
    public let tagType: EtherType
    /// The port by VLAN, at 0 that of frames without one; ``none`` for those of no port.
    @usableFromInline let rows: [UInt16]

    /// What no port has as its index.
    @inlinable static var none: UInt16 { .max }

    /// Creates a trunk; `native` is the port of one of `members`, or nil.
    public init(_ members: [Member], native: PortIndex? = nil, tagType: EtherType = .vlan) {
        precondition(tagType.isTag, "no tag has the type \(tagType.rawValue)")
        self.members = members.sorted { $0.vlan < $1.vlan }
        self.native = native
        self.tagType = tagType
        var rows = [UInt16](repeating: Self.none, count: 4096)
        for member in members { rows[Int(member.vlan.rawValue)] = member.port.rawValue }
        rows[0] = native?.rawValue ?? Self.none
        self.rows = rows
    }

    /// The port of frames whose first tag names the VLAN `vlan`, 0…4095; 0 stands for none, and for a tag that says only a
    /// priority.
    @inlinable public func port(ofFramesIn vlan: UInt16) -> PortIndex? {
        let row = rows[Int(vlan & 0xFFF)]
        return row == Self.none ? nil : PortIndex(row)
    }

    /// The tag that frames of `member` get on their way out; nil for the native one's.
    public func tag(for member: Member) -> VLANTag? {
        member.port == native ? nil : VLANTag(tpid: tagType, vlan: member.vlan.rawValue)
    }

    /// The members that both have in the same place: the trunk while one takes the other's place.
    public func intersection(_ other: TrunkMap) -> TrunkMap {
        guard tagType == other.tagType else { return TrunkMap([], tagType: tagType) }
        return TrunkMap(
            members.filter { other.members.contains($0) }, native: native == other.native ? native : nil, tagType: tagType)
    }
}
