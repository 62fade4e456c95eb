import WeftTypes

/// A VLAN tag, 4 bytes between the source address and the type of a frame, big-endian (IEEE 802.1Q §9.3).
///
///     |        TPID (2): 0x8100 or 0x88a8       | PCP (3) |DEI| VID (12) |
@frozen public struct VLANTag: Hashable, Sendable {
    /// Encoded size in bytes.
    @inlinable public static var byteCount: Int { 4 }
    /// The tag's kind: ``EtherType/vlan`` or ``EtherType/serviceVLAN``.
    public let tpid: EtherType
    /// The priority code point, 0…7.
    public let priority: UInt8
    /// Whether the frame may be dropped first under congestion.
    public let isDropEligible: Bool
    /// The VLAN identifier, 0…4095: 0 carries only a priority, 4095 is reserved.
    public let vlan: UInt16

    /// Creates a tag; `priority` is 0…7 and `vlan` 0…4095.
    @inlinable public init(tpid: EtherType = .vlan, priority: UInt8 = 0, isDropEligible: Bool = false, vlan: UInt16) {
        precondition(tpid.isTag && priority < 8 && vlan < 4096, "tag \(tpid.rawValue), priority \(priority), VLAN \(vlan)")
        self.tpid = tpid
        self.priority = priority
        self.isDropEligible = isDropEligible
        self.vlan = vlan
    }

    /// Parses the front of `bytes`, which begins with the TPID: 12 bytes into a frame, or 4 after the tag before.
    ///
    /// - Throws: ``WireError`` `.truncated` below 4 bytes, `.badType` when the TPID is no tag's.
    @inlinable public init(parsing bytes: RawSpan) throws(WireError) {
        guard bytes.byteCount >= Self.byteCount else {
            throw .truncated(.vlan, needed: Self.byteCount, got: bytes.byteCount)
        }
        let tpid = EtherType(rawValue: bytes.bigEndian(at: 0))
        guard tpid.isTag else { throw .badType(.vlan, type: tpid.rawValue) }
        self.init(tpid: tpid, controlInformation: bytes.bigEndian(at: 2))
    }

    /// Creates a tag from its second half, the tag control information.
    @inlinable init(tpid: EtherType, controlInformation: UInt16) {
        self.tpid = tpid
        self.priority = UInt8(truncatingIfNeeded: controlInformation >> 13)
        self.isDropEligible = controlInformation & 0x1000 != 0
        self.vlan = controlInformation & 0x0FFF
    }

    /// The VLAN that the tag names, nil for 0 and 4095.
    @inlinable public var vlanID: VLANID? { VLANID(vlan) }

    /// Writes 4 bytes to the front of `bytes`.
    @inlinable public func emit(into bytes: inout MutableRawSpan) {
        bytes.storeBigEndian(tpid.rawValue, at: 0)
        bytes.storeBigEndian(UInt16(priority) << 13 | (isDropEligible ? 0x1000 : 0) | vlan, at: 2)
    }
}
