import WeftTypes

/// A VLAN of another device, as a device of its own: what it receives with the tag comes out of it without, and the other way round.
public struct VLANDevice: Hashable, Sendable {
    /// The device that carries the tagged frames.
    public var parent: String
    /// The tag.
    public var vlan: VLANID
    /// The kind of tag.
    public var tagProtocol: Trunk.TagProtocol

    /// Describes a device.
    public init(on parent: String, vlan: VLANID, tagProtocol: Trunk.TagProtocol = .dot1Q) {
        (self.parent, self.vlan, self.tagProtocol) = (parent, vlan, tagProtocol)
    }
}

/// Which of a trunk's frames pass into the host: those of its VLANs, which have devices of their own, and those without a tag, if a
/// segment is native. All others would be heard by the host, or by the native segment.
public struct VLANFilter: Hashable, Sendable {
    /// The VLANs that pass, sorted.
    public var vlans: [VLANID]
    /// The kind of their tags; frames with another kind don't pass.
    public var tagProtocol: Trunk.TagProtocol
    /// Whether frames without a tag pass.
    public var passesUntagged: Bool

    /// Describes the filter of a trunk.
    public init(_ trunk: Trunk) {
        vlans = trunk.members.filter { $0.segment != trunk.native }.map(\.vlan)
        tagProtocol = trunk.tagProtocol
        passesUntagged = trunk.native != nil
    }

    /// Puts a filter together.
    public init(vlans: [VLANID], tagProtocol: Trunk.TagProtocol, passesUntagged: Bool) {
        (self.vlans, self.tagProtocol, self.passesUntagged) = (vlans, tagProtocol, passesUntagged)
    }

    /// The most ranges that fit a program of the kernel's.
    public static var rangeLimit: Int { 1300 }

    /// The VLANs as ranges of numbers that follow each other, in order.
    public var ranges: [ClosedRange<UInt16>] {
        vlans.map(\.rawValue).sorted().reduce(into: []) { ranges, number in
            if let last = ranges.last, last.upperBound + 1 == number {
                ranges[ranges.count - 1] = last.lowerBound...number
            } else {
                ranges.append(number...number)
            }
        }
    }
}
