import WeftTypes

/// What a kernel object of ours carries so that any agent knows whose it is: the alias `weft:<fabric>/<kind>/<name>`.
///
/// A device is created with the group ``group`` and gets the alias after that; one with our group and prefix but without
/// an alias is ours, half made.
public struct Mark: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The fabric the object belongs to.
    public let fabric: TopologyName
    /// What the object is for.
    public let kind: Kind
    /// The name of the port or segment it is for.
    public let name: TopologyName
    /// The VLAN of a VLAN device, nil for every other.
    public let vlan: VLANID?

    /// The device group (`IFLA_GROUP`) of everything we create, "weft" in ASCII.
    public static var group: UInt32 { 0x7765_6674 }

    /// The kinds of device that Weft makes.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// A VM's TAP; the name is the port's.
        case tap
        /// The bridge of a segment on a host; the name is the segment's.
        case bridge
        /// The agent's TAP on a segment's bridge; the name is the segment's.
        case uplink
        /// The host end of a veth pair; the name is the port's.
        case veth

        /// The agent's TAP on a bridge of the host's that is not ours; the name is the port's.
        case link
        /// A VLAN device on what a trunk's frames come by; the name is the port's.
        case vlan

        /// What the names of such devices begin with.
        public var devicePrefix: String {
            switch self {
            case .tap: "wft-"
            case .bridge: "wfb-"
            case .uplink: "wfu-"
            case .veth: "wfv-"
            case .link: "wfl-"
            case .vlan: "wfn-"
            }
        }
    }

    /// Creates the mark of one object.
    public init(fabric: TopologyName, kind: Kind, name: TopologyName) {
        self.fabric = fabric
        self.kind = kind
        self.name = name
        self.vlan = nil
    }

    /// Creates the mark of a VLAN device of a port.
    public init(fabric: TopologyName, port: TopologyName, vlan: VLANID) {
        self.fabric = fabric
        self.kind = .vlan
        self.name = port
        self.vlan = vlan
    }

    /// Reads a mark from a device's alias, or nil when the alias is not one of ours.
    public init?(alias: some StringProtocol) {
        let prefix = "weft:"
        guard alias.hasPrefix(prefix) else { return nil }
        let parts = alias.dropFirst(prefix.count).split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let fabric = TopologyName(parts[0]), let name = TopologyName(parts[2]) else { return nil }
        let words = parts[1].split(separator: ".", omittingEmptySubsequences: false)
        guard let kind = words.first.flatMap({ Kind(rawValue: String($0)) }) else { return nil }
        switch (kind, words.count) {
        case (.vlan, 2):
            guard let vlan = UInt16(words[1]).flatMap({ VLANID($0) }), "\(vlan)" == words[1] else { return nil }
            self.init(fabric: fabric, port: name, vlan: vlan)
        case (.vlan, _): return nil
        case (_, 1): self.init(fabric: fabric, kind: kind, name: name)
        default: return nil
        }
    }

    /// The text that goes into `IFLA_IFALIAS`; below the kernel's 256 bytes.
    public var alias: String { "weft:\(fabric)/\(kind.rawValue)\(vlan.map { ".\($0)" } ?? "")/\(name)" }
    /// The name such a device has unless the file gives it another.
    public var deviceName: DeviceName { DeviceName(kind, fabric: fabric, name: name, vlan: vlan) }

    public static func < (left: Mark, right: Mark) -> Bool { left.alias < right.alias }

    public var description: String { alias }
}
