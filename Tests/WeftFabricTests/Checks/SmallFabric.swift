import Testing
import WeftTopology
import WeftTypes

/// Topologies for the tests of checks, put together port by port.
struct SmallFabric {
    var hosts: [Host] = []
    var segments: [Segment] = []
    var ports: [Port] = []

    static let fabric = "first"

    /// Two agents, alpha and bravo, and the segments blue and green.
    init() throws {
        for (text, address) in [("alpha", "192.0.2.11"), ("bravo", "192.0.2.12")] { try add(host: text, address) }
        for (text, number) in [("blue", UInt32(100)), ("green", 200)] {
            segments.append(Segment(name: try name(text), vni: try #require(VNI(number))))
        }
    }

    mutating func add(host: String, _ address: String, kind: Host.Kind = .agent) throws {
        hosts.append(Host(name: try name(host), underlay: .addresses([try #require(IPAddress(address))]), kind: kind))
    }

    mutating func add(
        _ port: String, on host: String, in segment: String, _ addresses: [String] = [], kind: Port.Kind = .tap,
        attach: Port.Attach = .bridge, isEnabled: Bool = true
    ) throws {
        try add(port, on: host, .access(try name(segment)), addresses, kind: kind, attach: attach, isEnabled: isEnabled)
    }

    mutating func add(
        _ port: String, on host: String, _ attachment: Port.Attachment, _ addresses: [String] = [], kind: Port.Kind = .tap,
        attach: Port.Attach = .bridge, isEnabled: Bool = true
    ) throws {
        let prefixes = try addresses.map { try #require(IPPrefix($0)) }
        ports.append(
            Port(
                name: try name(port), fabric: try name(Self.fabric), host: try name(host), attachment: attachment, kind: kind,
                attach: attach, addresses: prefixes, isEnabled: isEnabled))
    }

    func topology(_ checks: [Check] = []) throws -> Topology {
        Topology(name: try name(Self.fabric), hosts: hosts, segments: segments, ports: ports, checks: checks)
    }
}
