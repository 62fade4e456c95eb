import Logging
import Synchronization
import WeftControl
import WeftLinux
import WeftTopology
import WeftTypes

@testable import WeftAgent

/// A logger that says nothing.
let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// A name that is written in a test.
func name(_ text: String) throws -> TopologyName {
    guard let name = TopologyName(text) else { throw CommandFailure(text: "no name: \(text)") }
    return name
}

/// Numbers of devices that were reported lost.
final class Lost: Sendable {
    private let list = Mutex<[Int32]>([])
    func add(_ index: Int32) { list.withLock { $0.append(index) } }
    var indices: [Int32] { list.withLock { $0 } }
}

/// A host with the segment `blue` and the ports `vm1` (TAP), `vm2` (TAP `own` with an owner) and `web` (veth).
struct TestHost {
    let sandbox: HostSandbox
    /// The ports that the agent reads itself.
    var direct: Set<String> = []

    init(direct: Set<String> = []) throws {
        self.direct = direct
        sandbox = try HostSandbox()
        try sandbox.makeNamespace("web")
    }

    func topology(guestAddresses: [String]) throws -> Topology {
        let (fabric, alpha, blue) = (try name("first"), try name("alpha"), try name("blue"))
        guard let vni = VNI(100), let underlay = IPAddress("192.0.2.11"), let own = DeviceName("own") else {
            throw CommandFailure(text: "invalid numbers")
        }
        func attach(_ port: String) -> Port.Attach { direct.contains(port) ? .direct : .bridge }
        return Topology(
            name: fabric, hosts: [Host(name: alpha, underlay: .addresses([underlay]))],
            segments: [Segment(name: blue, vni: vni)],
            ports: [
                Port(name: try name("vm1"), fabric: fabric, host: alpha, attachment: .access(blue), attach: attach("vm1")),
                Port(
                    name: try name("vm2"), fabric: fabric, host: alpha, attachment: .access(blue), attach: attach("vm2"),
                    device: own,
                    owner: "5"),
                Port(
                    name: try name("web"), fabric: fabric, host: alpha, attachment: .access(blue), kind: .veth,
                    attach: attach("web"), addresses: guestAddresses.compactMap { IPPrefix($0) }, namespace: sandbox.name("web")),
            ])
    }

    func wish(guestAddresses: [String] = ["10.1.0.12/24", "2001:db8:1::12/64"]) throws -> HostWish {
        let topology = try topology(guestAddresses: guestAddresses)
        guard let host = topology.hosts.first else { throw CommandFailure(text: "no host") }
        return HostWish(topology: topology, host: host, uplinkQueueCount: 2)
    }

    func state() throws -> HostState { try wish().state(1500) }

    func driver() throws -> NetlinkLinkDriver { try NetlinkLinkDriver(namespace: sandbox.host) }

    func reconciler() throws -> Reconciler<NetlinkLinkDriver> { Reconciler(driver: try driver(), logger: silent) }

    /// The value of a setting under `/proc/sys/net` of the host's namespace.
    func setting(_ path: String) throws -> String {
        try sandbox.host.run {
            let bytes = try SmallFile.read("/proc/sys/net/\(path)") ?? []
            return String(decoding: bytes.filter { $0 > 0x20 }, as: UTF8.self)
        }
    }
}
