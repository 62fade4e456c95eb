import Logging
import WeftTopology
import WeftTypes

@testable import WeftControl

/// A host that does what a step says and nothing else: it stands for the kernel where the kernel can't be made to fail.
actor ModelHost: LinkDriver {
    struct Refusal: Error, CustomStringConvertible {
        let description: String
    }

    private(set) var host: ObservedHost
    private(set) var applied: [PlanStep.Action] = []
    /// Devices the host refuses to make or change, and why.
    var refused: [String: String] = [:]
    /// What somebody else does after each step.
    var meddle: (@Sendable (inout ObservedHost) -> Void)?

    init(_ host: ObservedHost) { self.host = host }

    func observe(guestNamespaces: [String]) async throws(Refusal) -> ObservedHost {
        var seen = host
        seen.namespaces = host.namespaces.filter { guestNamespaces.contains($0.key) }
        return seen
    }

    func apply(_ action: PlanStep.Action) async throws(Refusal) {
        if let cause = refused[action.device] { throw Refusal(description: cause) }
        applied.append(action)
        host.apply(action)
        if case .configure(let name, .isUp(true)) = action { host.links[name]?.hasCarrier = true }
        meddle?(&host)
    }

    func change(_ body: @Sendable (inout ObservedHost) -> Void) { body(&host) }
    func refuse(_ device: String, _ cause: String?) { refused[device] = cause }
    func meddle(_ body: @escaping @Sendable (inout ObservedHost) -> Void) { meddle = body }
    func forgetApplied() { applied = [] }
}

extension Topology {
    /// One host `alpha` with the segment `blue`, the TAP `vm1` and the veth pair `web`.
    static func small() throws -> Topology {
        let name = { (text: String) throws -> TopologyName in
            guard let name = TopologyName(text) else { throw ModelHost.Refusal(description: "no name: \(text)") }
            return name
        }
        let (fabric, alpha, blue) = (try name("first"), try name("alpha"), try name("blue"))
        guard let vni = VNI(100), let underlay = IPAddress("192.0.2.11") else { throw ModelHost.Refusal(description: "no VNI") }
        return Topology(
            name: fabric, hosts: [Host(name: alpha, underlay: .addresses([underlay]))],
            segments: [Segment(name: blue, vni: vni)],
            ports: [
                Port(name: try name("vm1"), fabric: fabric, host: alpha, attachment: .access(blue)),
                Port(
                    name: try name("web"), fabric: fabric, host: alpha, attachment: .access(blue), kind: .veth, namespace: "web"),
            ])
    }
}

extension ObservedHost {
    /// A host with an underlay and the namespace `web`.
    static func bare(mtu: Int = 1500) throws -> ObservedHost {
        guard let prefix = IPPrefix("192.0.2.11/24") else { throw ModelHost.Refusal(description: "no prefix") }
        var host = ObservedHost(namespaces: ["web": ["lo"]], addresses: [ObservedAddress(prefix: prefix, device: "eth1")])
        var underlay = ObservedLink(name: "eth1", kind: .other(""), mac: MACAddress(rawValue: 0x0200_0000_0001))
        underlay.isUp = true
        underlay.mtu = mtu
        host.links["eth1"] = underlay
        return host
    }
}

/// A logger that says nothing.
let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
