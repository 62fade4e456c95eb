import Glibc
import WeftAPI
import WeftLinux
import WeftTypes

/// Hosts that know one address to join at and a key, and nothing of each other: each one's file names itself alone.
///
/// Host `h3` has 192.0.2.13 and 2001:db8::13, of which its file may name one or both; its guest `g3` has 10.1.0.13, all in one
/// segment.
final class FabricSite {
    let site: Site
    let count: Int
    /// The agents that run, by host.
    private(set) var agents: [String: SiteAgent] = [:]

    /// What a host's file says of its underlay.
    enum Underlay {
        case v4, v6, both
        /// All addresses that its device has, whichever those are.
        case device
    }

    private let underlay: (Int) -> Underlay

    /// Makes hosts and guests; no agent runs yet.
    init(count: Int, moreGuests: [String] = [], underlay: @escaping (Int) -> Underlay = { _ in .v4 }) throws {
        (self.count, self.underlay) = (count, underlay)
        // A dictionary literal can't be computed, so the hosts are added one by one.
        site = try Site(hosts: [:], guests: (1...count).map { "g\($0)" } + moreGuests)
        for number in 1...count {
            try site.addHost("h\(number)", number: 10 + number)
            try site.write(topology(number), to: "h\(number).weft.yaml")
        }
        let key = site.path("mesh.keys")
        try WeftBinary.run(["key", "init", "--key-file", key])
        for number in 1...count {
            let folder = site.path("h\(number).state")
            try check(unsafe mkdir(folder, 0o700), "make \(folder)")
            _ = try Command("cp", ["-p", key, "\(folder)/mesh.keys"]).run(timeout: .seconds(10))
        }
    }

    private func topology(_ number: Int) -> String {
        let place =
            switch underlay(number) {
            case .v4: "192.0.2.\(10 + number)"
            case .v6: "\"2001:db8::\(10 + number)\""
            case .both: "[192.0.2.\(10 + number), \"2001:db8::\(10 + number)\"]"
            case .device: "{ interface: eth0 }"
            }
        return """
            weft: 1
            name: mesh
            hosts:
              h\(number): { underlay: \(place) }
            segments:
              blue: { vni: 100, subnet: 10.1.0.0/24 }
            defaults:
              port: { kind: veth }
            ports:
              g\(number): { host: h\(number), segment: blue, address: 10.1.0.\(10 + number), netns: "@g\(number)" }
            """
    }

    var hosts: [String] { (1...count).map { "h\($0)" } }

    func guest(_ number: Int) -> Place { site["g\(number)"] }

    func agent(_ number: Int) throws -> SiteAgent {
        guard let agent = agents["h\(number)"] else { throw Failure("no agent runs on h\(number)") }
        return agent
    }

    /// Starts the agent of a host, which looks for the others at h1.
    @discardableResult
    func start(_ number: Int) throws -> SiteAgent {
        let host = "h\(number)"
        let places =
            switch underlay(number) {
            case .v4: ["192.0.2.11"]
            case .v6: ["2001:db8::11"]
            case .both, .device: ["192.0.2.11", "2001:db8::11"]
            }
        let agent = try site.start(host, topology: site.path("\(host).weft.yaml"), places.flatMap { ["--join", $0] })
        agents[host] = agent
        return agent
    }

    /// Waits until every agent that runs holds all the others for alive and knows the station of each.
    func isWhole(within limit: Duration = .seconds(15)) async throws {
        for agent in agents.sorted(by: { $0.key < $1.key }).map(\.value) {
            try await agent.wait("it knows all others", within: limit) {
                let alive = try await agent.client.peers().filter { $0.state == .alive }
                let stations = try await agent.client.fdb()
                return alive.count == agents.count - 1 && Set(stations.compactMap(\.host)).count == agents.count
            }
        }
    }

    /// What an agent thinks of a host.
    func state(of host: String, at agent: SiteAgent) async throws -> PeerReport.State? {
        try await agent.client.peers().first { $0.name == host }?.state
    }

    /// Has a host refuse what comes from others, until ``heal()``.
    func refuse(at host: Int, from others: [Int]) throws {
        let place = site["h\(host)"]
        try place.run("nft add table inet wft")
        try place.run(["nft", "add chain inet wft in { type filter hook input priority 0; }"])
        for other in others { try place.run(["nft", "add rule inet wft in ip saddr 192.0.2.\(10 + other) drop"]) }
    }

    /// Ends all partitions.
    func heal() {
        for host in hosts { _ = try? site[host].attempt(["nft", "delete", "table", "inet", "wft"]) }
    }
}
