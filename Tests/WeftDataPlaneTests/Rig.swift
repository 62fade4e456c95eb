import Glibc
import Synchronization
import Testing
import WeftDataPlane
import WeftForwarding
import WeftLinux
import WeftTypes

/// Two hosts in network namespaces of their own, an underlay between them, and guests behind them.
///
/// alpha is ours: a data plane, with a guest namespace whose `eth0` is the TAP itself. bravo is the kernel's VXLAN device, or
/// ours as well. Everything is removed with the value.
final class Rig {
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    static let isPossible = unsafe geteuid() == 0 && access("/dev/net/tun", R_OK | W_OK) == 0
    static let hasDecoder = ["tcpdump", "tshark"].allSatisfy { program in
        ["/usr/bin/", "/usr/sbin/", "/bin/", "/sbin/"].contains { unsafe access($0 + program, X_OK) == 0 }
    }
    static let reason: Comment = "needs root and /dev/net/tun"

    let family: IPAddress.Family
    let name: String
    var planes: [DataPlane] = []
    var made: [String] = []
    /// What the data planes reported about devices.
    let events = Log<PortEvent>()
    /// What the workers saw of stations.
    let sightings = Log<Sightings>()

    final class Log<Event: Sendable>: Sendable {
        private let all = Mutex<[Event]>([])
        func withLock<Value: Sendable>(_ body: (inout [Event]) -> Value) -> Value { all.withLock { body(&$0) } }
    }

    /// - Parameter isWire: whether the underlay carries packets of its MTU, or superframes whole.
    init(_ family: IPAddress.Family = .v4, isWire: Bool = false, underlayMTU: Int = 1500, line: Int = #line) throws {
        self.family = family
        name = "wft\(getpid())-\(line)-\(family)\(isWire ? "w" : "g")"
        for host in ["alpha", "bravo", "guest-alpha"] { try make(host) }
        try ip("alpha", "link add under type veth peer name under netns \(namespace("bravo"))")
        for (host, last) in [("alpha", 11), ("bravo", 12)] {
            try ip(host, "link set lo up")
            try ip(host, "address add \(family == .v4 ? "192.0.2.\(last)/24" : "2001:db8::\(last)/64 nodad") dev under")
            try ip(host, "link set under mtu \(underlayMTU) up")
            if isWire { try run(host, "ethtool", "-K", "under", "tso", "off", "gso", "off", "tx-udp-segmentation", "off") }
        }
        try poll(seconds: 5) { (try? run("alpha", "ping", "-c1", "-W1", underlay("bravo").description)) != nil }
    }

    deinit {
        for plane in planes { plane.stop() }
        for host in made { try? NetworkNamespace.delete(namespace(host)) }
    }

    func namespace(_ host: String) -> String { "\(name)-\(host)" }

    func make(_ host: String) throws {
        try NetworkNamespace.create(namespace(host))
        made.append(host)
        try ip(host, "link set lo up")
    }

    func underlay(_ host: String) -> IPAddress {
        let last: UInt32 = host == "alpha" ? 11 : 12
        return family == .v4
            ? .v4(IPv4Address(rawValue: 0xC000_0200 | last))
            : .v6(IPv6Address(rawValue: 0x2001_0db8_0000_0000_0000_0000_0000_0000 | UInt128(host == "alpha" ? 0x11 : 0x12)))
    }

    var mtu: Int { 1500 - family.overheadByteCount }

    // MARK: Commands

    @discardableResult
    func run(_ host: String, _ program: String, _ arguments: String..., timeout: Duration = .seconds(60)) throws -> String {
        try run(host, program, arguments, timeout: timeout)
    }

    @discardableResult
    func run(_ host: String, _ program: String, _ arguments: [String], timeout: Duration = .seconds(60)) throws -> String {
        let command = Command(program, arguments, in: .named(namespace(host)))
        let outcome = try command.run(timeout: timeout)
        guard outcome.isSuccess else {
            throw Failure(
                description: "\(command) in \(host): \(outcome.status) \(outcome.standardError)\(outcome.standardOutput)")
        }
        return outcome.standardOutput
    }

    func ip(_ host: String, _ words: String) throws { try run(host, "ip", words.split(separator: " ").map(String.init)) }

    func poll(seconds: Int, _ condition: () -> Bool) throws {
        for _ in 0..<seconds * 20 {
            if condition() { return }
            usleep(50_000)
        }
        throw Failure(description: "waited \(seconds) s in vain")
    }

    /// The counters once no frame is on its way: then each frame has had one end.
    func settled(_ plane: DataPlane) throws -> CounterSnapshot {
        var counters = plane.counters()
        try poll(seconds: 5) {
            counters = plane.counters()
            return counters.conserves
        }
        return counters
    }

    // MARK: Hosts

    /// Guests' MAC addresses.
    static func mac(_ host: String) -> MACAddress { MACAddress(rawValue: host == "alpha" ? 0x5254_0000_0101 : 0x5254_0000_0102) }

    static let segment = SegmentIndex(0)

    /// What `host` knows of the fabric: one segment, VNI 100, and the other host.
    func fabric(_ host: String, peer: PeerDescription.Kind, segment: (inout SegmentDescription) -> Void = { _ in })
        -> FabricDescription
    {
        var blue = SegmentDescription(
            index: Self.segment, vni: VNI(headerWord: 100 << 8), name: "blue", mtu: mtu, members: [PeerIndex(0)])
        segment(&blue)
        let other = host == "alpha" ? "bravo" : "alpha"
        return FabricDescription(
            segments: [blue], ports: [PortDescription(index: PortIndex(0), name: "blue", segment: Self.segment)],
            peers: [PeerDescription(index: PeerIndex(0), name: other, vtep: VTEP(address: underlay(other)), kind: peer)])
    }

    /// Starts a data plane on `host`, with a guest namespace `guest-HOST` that has the TAP as `eth0`.
    @discardableResult
    func start(
        _ host: String, peer: PeerDescription.Kind, stations: [Directory.Station] = [], isMultiQueue: Bool = false,
        port: Port = .tap, segment: (inout SegmentDescription) -> Void = { _ in },
        adjust: (inout DataPlaneConfiguration) -> Void = { _ in },
        onPathEvent: @escaping @Sendable (PathEvent) -> Void = { _ in }
    ) throws -> DataPlane {
        var configuration = DataPlaneConfiguration(addresses: [underlay(host)], workerCount: 1)
        adjust(&configuration)
        let plane = try NetworkNamespace.named(namespace(host)).run { [events, sightings] in
            try DataPlane(
                configuration, onPortEvent: { event in events.withLock { $0.append(event) } },
                onSightings: { batch in sightings.withLock { $0.append(batch) } }, onPathEvent: onPathEvent)
        }
        planes.append(plane)
        plane.configure(fabric(host, peer: peer, segment: segment), stations: stations)
        if host != "alpha" { try make("guest-\(host)") }
        try attach(plane, host, as: port, isMultiQueue: isMultiQueue)
        try setUpGuest(host)
        try plane.start()
        return plane
    }

    /// What a guest's `eth0` is.
    enum Port: Equatable, Sendable {
        /// A TAP that was made where it is.
        case tap
        /// A TAP that was made on the host, with so many queues, and moved.
        case movedTap(queues: Int)
        /// A veth pair's end, the other end on the host.
        case veth
    }

    /// Gives `guest-HOST` its `eth0`, and the data plane the other end of it.
    func attach(_ plane: DataPlane, _ host: String, as port: Port, isMultiQueue: Bool = false) throws {
        let guest = namespace("guest-\(host)")
        switch port {
        case .tap:
            try NetworkNamespace.named(guest).run {
                let queue = try TapDevice.open(name: "eth0", options: TapOptions(isMultiQueue: isMultiQueue))
                try plane.attach(PortIndex(0), queue: queue)
            }
        case .movedTap(let count):
            let queues = try TapQueues.open(name: "port", count: count, in: .named(namespace(host)))
            try ip(host, "link set port netns \(guest) name eth0")
            try plane.attach(PortIndex(0), queues: queues)
        case .veth:
            try ip(host, "link add port type veth peer name eth0 netns \(guest)")
            try ip(host, "link set port addrgenmode none up")
            let sockets = try NetworkNamespace.named(namespace(host)).run {
                try PacketSockets.open(interface: "port", count: plane.laneCount)
            }
            plane.attach(PortIndex(0), sockets: sockets)
        }
    }

    func setUpGuest(_ host: String) throws {
        let last = host == "alpha" ? 1 : 2
        try ip("guest-\(host)", "link set eth0 address \(Self.mac(host)) mtu \(mtu)")
        try ip("guest-\(host)", "address add 10.1.0.\(last)/24 dev eth0")
        try ip("guest-\(host)", "-6 address add fd00::\(last)/64 dev eth0 nodad")
        try ip("guest-\(host)", "link set eth0 up")
    }

    /// Makes bravo a kernel's VXLAN end point; its guest is the host itself, on the device.
    func makeKernelPeer(offloads: Bool = true) throws {
        try ip(
            "bravo",
            "link add vx100 type vxlan id 100 dstport 4789 local \(underlay("bravo")) remote \(underlay("alpha")) dev under")
        try ip("bravo", "link set vx100 address \(Self.mac("bravo")) mtu \(mtu)")
        try ip("bravo", "address add 10.1.0.2/24 dev vx100")
        try ip("bravo", "-6 address add fd00::2/64 dev vx100 nodad")
        try ip("bravo", "link set vx100 up")
        if !offloads { try run("bravo", "ethtool", "-K", "vx100", "tx", "off", "tso", "off", "gso", "off", "gro", "off") }
    }

    /// The namespace in which `host`'s guest is.
    func guest(_ host: String) -> String { made.contains("guest-\(host)") ? "guest-\(host)" : host }

    /// Pings from one host's guest to the other's; the lines that ping ends with.
    func ping(from host: String, _ arguments: String..., to address: String? = nil) throws -> String {
        let target = address ?? "10.1.0.\(host == "alpha" ? 2 : 1)"
        return try run(guest(host), "ping", ["-c5", "-i0.05", "-W2"] + arguments + [target])
    }
}
