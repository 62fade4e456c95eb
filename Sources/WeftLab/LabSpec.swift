import WeftTopology
import WeftTypes

/// What a lab consists of: its hosts and guests, as the topology and the options ask for them.
///
/// A pure value. ``LabRecord`` says what was made; `up` makes the difference.
public struct LabSpec: Hashable, Sendable {
    /// The lab's name.
    public let lab: LabName
    /// MTU of every underlay device, bytes.
    public let underlayMTUByteCount: Int
    /// The hosts, sorted by name.
    public let hosts: [LabHost]
    /// The guests, sorted by name.
    public let guests: [LabGuest]

    /// The most hosts, and the most guests, that one lab may have.
    public static var maximumCount: Int { 1024 }
    /// What an underlay's MTU may be: IPv6 needs 1280 bytes, a veth carries 65535.
    public static var underlayMTURange: ClosedRange<Int> { 1280...65535 }

    /// Derives the lab of a topology that was validated.
    ///
    /// - Throws: ``LabError`` `.invalidTopology` for what only real hosts can have, such as an underlay that is known by
    ///   an interface's name.
    public init(topology: Topology, layout: LabLayout, underlayMTU: Int = 1500, isVirtual: Bool = false) throws(LabError) {
        let attempt = "make a lab of '\(topology.name)'"
        guard topology.hosts.count <= Self.maximumCount, topology.ports.count <= Self.maximumCount else {
            throw LabError(
                .invalidTopology, cannot: attempt,
                cause: "it has \(topology.hosts.count) hosts and \(topology.ports.count) ports",
                remedy: "a lab takes \(Self.maximumCount) of each")
        }
        guard Self.underlayMTURange.contains(underlayMTU) else {
            throw LabError(
                .usage, cannot: attempt, cause: "the underlay's MTU \(underlayMTU) is out of range",
                remedy: "use \(Self.underlayMTURange.lowerBound)…\(Self.underlayMTURange.upperBound)")
        }
        for host in topology.hosts { try Self.check(host, attempt) }

        self.lab = layout.lab
        self.underlayMTUByteCount = underlayMTU
        self.hosts = topology.hosts.map { LabHost($0, in: topology, underlayMTU: underlayMTU) }
        self.guests = topology.ports.compactMap { port in
            LabGuest(port, in: topology, underlayMTU: underlayMTU, isVirtual: isVirtual)
        }
        let paths = hosts.map { layout.agentSocket($0.name) } + guests.map { layout.consoleSocket($0.name) }
        if let path = paths.first(where: { $0.utf8.count > LabLayout.maximumSocketPathByteCount }) {
            throw LabError(
                .usage, cannot: attempt,
                cause:
                    "the socket \(path) would have \(path.utf8.count) bytes, and the kernel takes \(LabLayout.maximumSocketPathByteCount)",
                remedy: "choose a shorter name with --lab")
        }
    }

    /// Addresses must be given, and be such that a router can pass them on.
    private static func check(_ host: Host, _ attempt: String) throws(LabError) {
        guard !host.addresses.isEmpty else {
            throw LabError(
                .invalidTopology, cannot: attempt, cause: "host '\(host.name)' has an interface as its underlay",
                remedy: "give it an address, such as underlay: 192.0.2.11")
        }
        if let address = host.addresses.first(where: { !UnderlayAddressing.isRoutable($0) }) {
            throw LabError(
                .invalidTopology, cannot: attempt,
                cause: "the underlay address \(address) of host '\(host.name)' cannot be routed between hosts",
                remedy: "use one of another range, such as 192.0.2.0/24 or 2001:db8::/32")
        }
    }

    /// The host of that name.
    public func host(named name: String) -> LabHost? { hosts.first { $0.name == name } }
    /// The guests on a host, sorted by name.
    public func guests(on host: String) -> [LabGuest] { guests.filter { $0.host == host } }
}

/// A host of a lab.
public struct LabHost: Hashable, Sendable {
    /// What runs on it.
    public enum Kind: Hashable, Sendable {
        /// A Weft agent.
        case agent
        /// The kernel's VXLAN device, set up by the lab for these segments.
        case vtep([KernelSegment])
    }

    /// The host's name in the topology.
    public let name: String
    /// Its underlay addresses, IPv4 first.
    public let addresses: [IPAddress]
    /// What runs on it.
    public let kind: Kind
    /// Everything that makes it another host when it changes, as text. What an agent can change on its own is not in it.
    public let fingerprint: String

    init(_ host: Host, in topology: Topology, underlayMTU: Int) {
        self.name = host.name.text
        self.addresses = host.addresses
        let place = "underlay \(host.addresses.map(\.description).joined(separator: " ")) mtu \(underlayMTU)"
        switch host.kind {
        case .agent:
            self.kind = .agent
            self.fingerprint = "agent, \(place)"
        case .vtep:
            let segments = topology.segments(on: host).map { KernelSegment($0, on: host, in: topology, underlayMTU: underlayMTU) }
            self.kind = .vtep(segments)
            self.fingerprint = (["vtep, \(place)"] + segments.map(\.fingerprint)).joined(separator: "; ")
        }
    }

    /// Whether an agent of ours runs on it.
    public var hasAgent: Bool { kind == .agent }
}

/// A guest of a lab: what hangs on a port.
public struct LabGuest: Hashable, Sendable {
    /// What a guest is.
    public enum Kind: String, Hashable, Sendable, Codable {
        /// A network namespace.
        case namespace
        /// A QEMU virtual machine.
        case machine
    }

    /// How it hangs on its host.
    public enum Wire: Hashable, Sendable {
        /// The host's agent makes its device, or the kernel's peer does.
        case host
        /// By a pair whose other end is the NIC that the port stands for.
        case nic
        /// By a pair whose other end is on the bridge that the port stands for.
        case bridge
    }

    /// The port's name.
    public let name: String
    /// The host it is on.
    public let host: String
    /// The segment it is in; the segments of a trunk with commas between them.
    public let segment: String
    /// Who wires it, and to what.
    public let wire: Wire
    /// What it is.
    public let kind: Kind
    /// Its hardware address.
    public let mac: MACAddress
    /// Its addresses, each with its length.
    public let addresses: [IPPrefix]
    /// The MTU of its interface, bytes.
    public let mtuByteCount: Int
    /// The device at the host's end.
    public let device: String
    /// Queues of a TAP.
    public let queueCount: Int
    /// The socket that a virtual machine is at, in the place of the TAP.
    public let socket: SocketOptions?
    /// Everything that makes it another guest when it changes, as text. What an agent can change on its own is not in it.
    public let fingerprint: String

    init?(_ port: Port, in topology: Topology, underlayMTU: Int, isVirtual: Bool) {
        guard let host = topology.host(named: port.host), let device = port.device else { return nil }
        let segments = port.segments.compactMap { topology.segment(named: $0) }
        self.name = port.name.text
        self.host = port.host.text
        self.segment = segments.map(\.name.text).joined(separator: ",")
        self.wire = host.kind == .vtep ? .host : Wire(port.kind)
        let isMachine = isVirtual && (port.kind == .tap || port.kind == .socket) && host.kind == .agent
        self.kind = isMachine ? .machine : .namespace
        self.socket = isMachine ? port.socket : nil
        self.mac = port.mac
        self.addresses = port.addresses
        self.mtuByteCount = segments.map { topology.mtu(of: $0, underlayMTU: underlayMTU) }.min() ?? underlayMTU
        self.device = device.text
        self.queueCount = port.queues
        self.fingerprint =
            switch (kind, host.kind) {
            case (.namespace, .agent) where wire == .host: "namespace"
            case (.namespace, .agent): "namespace on \(port.host), \(wire) \(device)"
            case (.namespace, .vtep): "namespace on \(port.host)"
            case (.machine, _):
                "machine on \(port.host), \(socket?.qemuBackend(id: "n0") ?? device.text) x\(queueCount), \(mac), mtu \(mtuByteCount), "
                    + addresses.map(\.description).joined(separator: " ")
            }
    }
}

extension LabGuest.Wire {
    /// How a lab stands in for what a port of this kind finds on a real host.
    fileprivate init(_ kind: Port.Kind) {
        switch kind {
        case .tap, .veth, .socket: self = .host
        case .nic: self = .nic
        case .bridge: self = .bridge
        }
    }
}
