import WeftTypes

/// One Ethernet network that spans hosts.
public struct Segment: Hashable, Sendable {
    /// Its name, unique in the fabric.
    public let name: TopologyName
    /// Its number on the underlay, 1…16777215.
    public let vni: VNI
    /// Its IP networks, none to two, in the order of the file.
    public let subnets: [IPPrefix]
    /// What its guests may send.
    public let mtu: MTU
    /// What happens to a guest's own VLAN tags.
    public let tags: Tags
    /// What happens to unknown unicast.
    public let flood: Flood
    /// The plain end points that have it.
    public let vteps: PlainVTEPs

    /// How the MTU of a segment is found.
    public enum MTU: Hashable, Sendable {
        /// From the underlay.
        case automatic
        /// As written, 576…9216.
        case bytes(Int)
    }

    /// What happens to frames that a guest tagged itself.
    public enum Tags: String, Hashable, Sendable, CaseIterable {
        case drop, carry
    }

    /// Where frames to a unicast address go that nobody is known to have.
    public enum Flood: String, Hashable, Sendable, CaseIterable {
        /// To every member of the segment.
        case members
        /// Nowhere.
        case drop
    }

    /// Which hosts of kind `vtep` have the segment.
    public enum PlainVTEPs: Hashable, Sendable {
        case all
        /// These only, sorted; possibly none.
        case only([TopologyName])
    }

    /// Creates a segment.
    public init(
        name: TopologyName, vni: VNI, subnets: [IPPrefix] = [], mtu: MTU = .automatic, tags: Tags = .drop,
        flood: Flood = .members,
        vteps: PlainVTEPs = .all
    ) {
        self.name = name
        self.vni = vni
        self.subnets = subnets
        self.mtu = mtu
        self.tags = tags
        self.flood = flood
        switch vteps {
        case .all: self.vteps = .all
        case .only(let names): self.vteps = .only(names.sorted())
        }
    }
}
