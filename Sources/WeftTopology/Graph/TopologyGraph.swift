import WeftTypes

/// A topology as a picture has it: hosts with their ports, segments, and lines between them.
///
/// Everything is in order of name, so one topology gives one text in each format. Encoded it is what `weft graph --format json`
/// prints: `{fabric, hosts, segments, ports, links}`.
public struct TopologyGraph: Hashable, Sendable, Encodable {
    /// A host; a plain VTEP has links of its own to its segments.
    public struct Host: Hashable, Sendable, Encodable {
        public let name: String
        public let kind: String
        /// Its addresses, or `interface eth0`.
        public let underlay: [String]

        var isPlain: Bool { kind == WeftTopology.Host.Kind.vtep.rawValue }
        var place: String { underlay.joined(separator: " ") }
    }

    /// A segment.
    public struct Segment: Hashable, Sendable, Encodable {
        public let name: String
        public let vni: UInt32
        public let subnets: [String]

        /// `VNI 100, 10.1.0.0/24`
        var facts: String { (["VNI \(vni)"] + subnets).joined(separator: ", ") }
    }

    /// A port on a host.
    public struct Port: Hashable, Sendable, Encodable {
        public let name: String
        public let host: String
        public let kind: String
        public let attach: String
        public let device: String?
        /// The path of a socket; nil for every other kind.
        public let socket: String?
        public let addresses: [String]

        /// `nic eno2, direct`
        var facts: String {
            let place = [kind, socket ?? device].compactMap { $0 }.joined(separator: " ")
            return attach == WeftTopology.Port.Attach.direct.rawValue ? place + ", direct" : place
        }
    }

    /// A line from a port, or from a plain VTEP, to a segment.
    public struct Link: Hashable, Sendable, Encodable {
        /// The name of the port; nil for the line of a plain VTEP.
        public let port: String?
        /// The host of the port, or the plain VTEP.
        public let host: String
        public let segment: String
        /// The tag on a trunk; nil without one.
        public let vlan: UInt16?
        /// Whether frames of the segment leave the trunk without the tag.
        public let isNative: Bool
        /// Whether the trunk has 802.1ad tags.
        public let isServiceTag: Bool

        private enum CodingKeys: String, CodingKey {
            case port, host, segment, vlan
            case isNative = "native"
            case isServiceTag = "service_tag"
        }

        /// `VLAN 10, native`; nothing for an access port.
        var label: String? {
            vlan.map { "VLAN \($0)" + (isServiceTag ? ", 802.1ad" : "") + (isNative ? ", native" : "") }
        }
    }

    /// The fabric's name.
    public let fabric: String
    public let hosts: [Host]
    public let segments: [Segment]
    public let ports: [Port]
    /// Those of ports first, by port and VLAN, then those of plain VTEPs.
    public let links: [Link]

    /// The picture of a topology.
    public init(_ topology: Topology) {
        fabric = topology.name.text
        hosts = topology.hosts.map { host in
            let underlay: [String]
            switch host.underlay {
            case .addresses(let addresses): underlay = addresses.map(\.description)
            case .interface(let device): underlay = ["interface \(device)"]
            }
            return Host(name: host.name.text, kind: host.kind.rawValue, underlay: underlay)
        }
        segments = topology.segments.map {
            Segment(name: $0.name.text, vni: $0.vni.rawValue, subnets: $0.subnets.map(\.description))
        }
        ports = topology.ports.map { port in
            Port(
                name: port.name.text, host: port.host.text, kind: port.kind.rawValue, attach: port.attach.rawValue,
                device: port.device?.text, socket: port.socket?.path, addresses: port.addresses.map(\.address.description))
        }
        let plain = topology.hosts.filter { $0.kind == .vtep }.flatMap { host in
            topology.segments(on: host).map {
                Link(
                    port: nil, host: host.name.text, segment: $0.name.text, vlan: nil, isNative: false, isServiceTag: false)
            }
        }
        links = topology.ports.flatMap { Self.lines(of: $0) } + plain
    }

    private static func lines(of port: WeftTopology.Port) -> [Link] {
        switch port.attachment {
        case .access(let segment):
            [
                Link(
                    port: port.name.text, host: port.host.text, segment: segment.text, vlan: nil, isNative: false,
                    isServiceTag: false)
            ]
        case .trunk(let trunk):
            trunk.members.map { member in
                Link(
                    port: port.name.text, host: port.host.text, segment: member.segment.text, vlan: member.vlan.rawValue,
                    isNative: trunk.native == member.segment, isServiceTag: trunk.tagProtocol == .dot1AD)
            }
        }
    }

    /// The ports of a host.
    func ports(on host: Host) -> [Port] { ports.filter { $0.host == host.name } }

    /// A short name for each of `names`, as formats need them that have their own rules for names: `p0`, `p1`, …
    static func identifiers(_ prefix: String, _ names: [String]) -> [String: String] {
        Dictionary(names.enumerated().map { ($0.element, "\(prefix)\($0.offset)") }) { first, _ in first }
    }
}
