import WeftTypes
import WeftWire

/// The first VLAN tag of a frame, where it lies (IEEE 802.1Q §9).
public enum FrameTag {
    /// Whether a frame begins with a tag of `type`.
    @inlinable public static func isFirst(_ type: EtherType, in frame: RawSpan) -> Bool {
        frame.byteCount >= EthernetHeader.byteCount + VLANTag.byteCount
            && frame.bigEndian(at: 12, as: UInt16.self) == type.rawValue
    }

    /// The VLAN of the first tag, which must be there.
    @inlinable public static func vlan(in frame: RawSpan) -> UInt16 { frame.bigEndian(at: 14, as: UInt16.self) & 0xFFF }

    /// Moves the two addresses over the first tag; the frame then begins ``VLANTag/byteCount`` bytes later.
    public static func strip(from frame: inout MutableRawSpan) {
        let destination = frame.bytes.macAddress(at: 0)
        let source = frame.bytes.macAddress(at: 6)
        frame.storeMACAddress(source, at: 6 + VLANTag.byteCount)
        frame.storeMACAddress(destination, at: VLANTag.byteCount)
    }

    /// Bytes of the two addresses, which a tag comes after.
    @inlinable public static var offset: Int { 12 }
}
