import Synchronization
import WeftAPI
import WeftTypes

/// A small fabric as its first host tells it.
enum Sample {
    static func mac(_ text: String) -> MACAddress { MACAddress(text) ?? .zero }
    static func ip(_ text: String) -> IPAddress { IPAddress(text) ?? .v4(IPv4Address(rawValue: 0)) }
    static let blue = VNI(headerWord: 100 << 8)
    static let green = VNI(headerWord: 200 << 8)

    static var ports: [PortReport] {
        var vm1 = PortReport(
            name: "vm1", host: "alpha", segment: "blue", vni: blue, kind: "tap", device: "wft-vm1",
            mac: mac("52:54:00:00:01:01"), addresses: [ip("10.1.0.11")], state: .up, mtu: 1450)
        (vm1.rxFrames, vm1.txFrames, vm1.rxBytes, vm1.txBytes) = (20, 18, 1960, 1764)
        vm1.drops = ["inner-vlan": 3, "too-big": 1]
        let vm2 = PortReport(
            name: "vm2", host: "bravo", segment: "blue", vni: blue, kind: "tap", device: "wft-vm2",
            mac: mac("52:54:00:00:01:02"), addresses: [ip("10.1.0.12")], mtu: 1450)
        let web = PortReport(
            name: "web", host: "alpha", segment: "green", vni: green, kind: "veth", device: "wfv-web",
            mac: mac("52:54:00:00:02:01"), addresses: [ip("10.2.0.11"), ip("2001:db8:2::b")], state: .waiting,
            detail: "namespace web is not there yet", mtu: 1400)
        return [vm1, vm2, web]
    }

    static var peers: [PeerReport] {
        var bravo = PeerReport(
            name: "bravo", underlay: ip("192.0.2.12"), state: .alive, segments: ["blue"], nodeID: NodeID(rawValue: 7),
            rttSeconds: 0.0003, lossRatio: 0, pathMTUByteCount: 1500, incarnation: "3.1", changedSeconds: 273_000)
        (bravo.rxBytes, bravo.txBytes, bravo.rxFrames, bravo.txFrames) = (801_000_000, 1_200_000_000, 700_000, 900_000)
        let leaf = PeerReport(name: "leaf7", underlay: ip("2001:db8::70"), state: .static, kind: "vtep", segments: ["green"])
        return [bravo, leaf]
    }

    static var segments: [SegmentReport] {
        [
            SegmentReport(
                name: "blue", vni: blue, mtu: 1450, subnets: [IPPrefix("10.1.0.0/24")].compactMap { $0 },
                bridge: "wfb-blue", uplink: "wfu-blue", hosts: ["alpha", "bravo"], portCount: 1, peerCount: 1,
                fdbEntryCount: 2),
            SegmentReport(
                name: "green", vni: green, mtu: 1400, hosts: ["alpha", "leaf7"], portCount: 1, peerCount: 1,
                drops: ["unknown-unicast": 5]),
        ]
    }

    static var fdb: [FDBEntryReport] {
        [
            FDBEntryReport(
                segment: "blue", vni: blue, mac: mac("52:54:00:00:01:01"), addresses: [ip("10.1.0.11")], port: "vm1",
                host: "alpha", source: .declared),
            FDBEntryReport(
                segment: "blue", vni: blue, mac: mac("52:54:00:00:01:02"), addresses: [ip("10.1.0.12")], port: "vm2",
                host: "bravo", vtep: VTEP(address: ip("192.0.2.12")), source: .gossip, ageSeconds: 185, sequence: 0),
            FDBEntryReport(
                segment: "green", vni: green, mac: mac("02:00:00:00:00:01"), host: nil,
                vtep: VTEP(address: ip("2001:db8::70")), source: .frame, ageSeconds: 2.25),
        ]
    }

    static var hosts: [HostReport] {
        [
            HostReport(
                name: "alpha", underlay: [ip("192.0.2.11")], state: .local, segments: ["blue", "green"], portCount: 2,
                labels: ["role": "edge"]),
            HostReport(name: "bravo", underlay: [ip("192.0.2.12")], state: .alive, segments: ["blue"], portCount: 1),
        ]
    }

    static var findings: [Finding] {
        [
            Finding(.tapOffloads, .ok, "TAP offloads in force: checksum, TSO, USO"),
            Finding(.mtu, .warn, "underlay eth1 has MTU 1450: blue can carry 1400", fix: "segments.blue.mtu: auto"),
            Finding(.convergence, .fail, "bridge wfb-blue is foreign", fix: "rename it or the segment"),
        ]
    }

    static var convergence: ConvergenceReport {
        ConvergenceReport(
            isConverged: false,
            nodes: [
                .init(name: "bravo", nodeID: NodeID(rawValue: 7), state: .alive),
                .init(name: "carol", nodeID: NodeID(rawValue: 8), state: .suspect, cause: "no answer within 5 s"),
            ], memberCount: 3)
    }

    static var status: StatusReport {
        StatusReport(
            host: "alpha", fabric: "first", version: "0.1.0", processID: 4711, uptimeSeconds: 273_845.5, isReady: true,
            isConverged: true, underlay: [ip("192.0.2.11")], segmentCount: 2, portCount: 2, upPortCount: 1,
            alerts: [.init(object: "web", text: "namespace web is not there yet", command: "weft port show web")],
            features: [.init(name: "udp-gso", isInForce: true)], peers: peers)
    }
}

/// An agent that knows ``Sample``, and keeps what it was told to change.
struct SampleAgent: AgentReporting {
    /// What the nodes answer when they are compared.
    var answer = ConvergenceReport.alone
    let events = EventLog(capacity: 100)
    let changes = Changes()

    func status() async -> StatusReport { Sample.status }
    func ports(_ scope: ListScope) async -> [PortReport] { Sample.ports.filter { scope == .fabric || $0.host == "alpha" } }
    func segments(_ scope: ListScope) async -> [SegmentReport] { Sample.segments }
    func peers() async -> [PeerReport] { Sample.peers }
    func fdb() async -> [FDBEntryReport] { Sample.fdb }
    func hosts() async -> [HostReport] { Sample.hosts }
    func doctor() async -> [Finding] { Sample.findings }
    func convergence(timeout: Duration) async throws(APIError) -> ConvergenceReport {
        changes.append("compare within \(timeout)")
        return answer
    }
    func leave() async throws(APIError) { changes.append("leave") }
    func join(_ addresses: [String]) async throws(APIError) { changes.append("join \(addresses.joined(separator: " "))") }
    func clearDuplicate(_ request: ClearRequest) async throws(APIError) {
        changes.append("clear \(request.address) in \(request.segment ?? "all")")
    }
}

/// What an agent was asked to do, in order.
final class Changes: Sendable {
    private let kept = Mutex<[String]>([])
    var all: [String] { kept.withLock { $0 } }
    func append(_ change: String) { kept.withLock { $0.append(change) } }
}
