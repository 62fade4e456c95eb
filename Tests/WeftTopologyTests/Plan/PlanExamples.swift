import WeftTopology
import WeftTypes

/// Thrown where an example does not have what its test counts on.
struct Missing: Error {
    let what: String
}

/// One host `alpha`, the segment `blue`, the TAP `vm1` and the veth pair `web` into a namespace of that name.
func exampleTopology(mtu: Int? = nil, ports names: [String] = ["vm1", "web"], owner: String? = nil, direct: Set<String> = [])
    throws -> Topology
{
    let (fabric, alpha, blue) = (name("first"), name("alpha"), name("blue"))
    guard let vni = VNI(100), let address = IPAddress("192.0.2.11"), let prefix = IPPrefix("10.1.0.11/24") else {
        throw Missing(what: "valid numbers")
    }
    let ports = names.map { text in
        let isNamespace = text != "vm1"
        return Port(
            name: name(text), fabric: fabric, host: alpha, attachment: .access(blue), kind: isNamespace ? .veth : .tap,
            attach: direct.contains(text) ? .direct : .bridge,
            addresses: isNamespace ? [prefix] : [], owner: isNamespace ? nil : owner, namespace: isNamespace ? text : nil)
    }
    return Topology(
        name: fabric, hosts: [Host(name: alpha, underlay: .addresses([address]))],
        segments: [Segment(name: blue, vni: vni, mtu: mtu.map { .bytes($0) } ?? .automatic)], ports: ports)
}

extension HostState {
    static func example(
        mtu: Int? = nil, ports: [String] = ["vm1", "web"], owner: String? = nil, placement: GuestPlacement = .host,
        direct: Set<String> = []
    ) throws -> HostState {
        let topology = try exampleTopology(mtu: mtu, ports: ports, owner: owner, direct: direct)
        guard let host = topology.hosts.first else { throw Missing(what: "a host") }
        return HostState(topology: topology, host: host, placement: placement, uplinkQueueCount: 2) { _ in nil }
    }
}

extension ObservedHost {
    /// An empty host with the namespace that the example's veth pair leads to.
    static func example() -> ObservedHost { ObservedHost(namespaces: ["web": ["lo"]]) }
}

extension PlanStep.Action {
    var isCreation: Bool {
        switch self {
        case .createBridge, .createTap, .createVeth, .createVLAN: true
        case .holdQueues, .rename, .delete, .configure, .configureGuest, .bringUp, .giveBack, .enslave, .release: false
        }
    }
}
