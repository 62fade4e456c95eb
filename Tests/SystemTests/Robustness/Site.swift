import Glibc
import Synchronization
import WeftLinux

/// Hosts in network namespaces of their own on one wire, guests in others, and real agents: a fabric that a test may break.
///
/// A host `alpha` with the number 11 has 192.0.2.11 and 2001:db8::11 on its `eth0`. Nothing is made but namespaces, files in
/// one folder and processes; all of it goes with the value.
final class Site {
    private static let count = Atomic<Int>(0)
    /// Begins the names of all namespaces of this site.
    let name: String
    /// Topologies, sockets and logs.
    let directory: String
    private var namespaces: [String] = []
    private(set) var agents: [SiteAgent] = []

    /// Makes hosts, by the last number of their addresses, and guests without devices.
    init(hosts: KeyValuePairs<String, Int> = ["alpha": 11, "bravo": 12], guests: [String]) throws {
        name = "wft\(getpid())r\(Self.count.wrappingAdd(1, ordering: .relaxed).newValue)"
        directory = "/tmp/\(name)"
        try check(unsafe mkdir(directory, 0o755), "make \(directory)")
        try makeNamespace("wire")
        try self["wire"].run("ip link add wire type bridge")
        try self["wire"].run("ip link set wire addrgenmode none up")
        for (host, number) in hosts { try addHost(host, number: number) }
        for guest in guests { try addGuest(guest) }
    }

    deinit {
        for agent in agents { _ = try? agent.process.terminate() }
        for namespace in namespaces { try? NetworkNamespace.delete(namespace) }
        _ = try? Command("rm", ["-rf", directory]).run()
    }

    private func makeNamespace(_ part: String) throws {
        try NetworkNamespace.create(namespace(part))
        namespaces.append(namespace(part))
    }

    /// Adds a guest without devices.
    func addGuest(_ guest: String) throws {
        try makeNamespace(guest)
        try self[guest].run("ip link set lo up")
    }

    /// Adds a host, by the last number of its addresses.
    func addHost(_ host: String, number: Int) throws {
        try makeNamespace(host)
        try self[host].run("ip link set lo up")
        try self["wire"].run("ip link add \(host) type veth peer name eth0 netns \(namespace(host))")
        try self["wire"].run("ip link set \(host) addrgenmode none master wire up")
        try self[host].run("ip link set eth0 addrgenmode none up")
        try self[host].run("ip address add 192.0.2.\(number)/24 dev eth0")
        try self[host].run("ip address add 2001:db8::\(number)/64 dev eth0 nodad")
    }

    // MARK: What is where

    /// The name of a host's or guest's network namespace.
    func namespace(_ part: String) -> String { "\(name)-\(part)" }

    /// A host or guest.
    subscript(part: String) -> Place { Place(description: part, namespace: .named(namespace(part))) }

    /// A file of this site.
    func path(_ file: String) -> String { "\(directory)/\(file)" }

    /// Writes a topology, in which `@vm1` means the namespace of `vm1`, and returns its path.
    @discardableResult
    func write(_ topology: String, to file: String = "site.weft.yaml") throws -> String {
        let text = topology.split(separator: "@", omittingEmptySubsequences: false).joined(separator: "\(name)-")
        try SmallFile.write(Array(text.utf8), to: path(file))
        return path(file)
    }

    // MARK: Agents

    /// Runs `weft` in a host, whatever comes of it.
    func weft(_ part: String, _ arguments: [String], timeout: Duration = .seconds(30)) throws -> Command.Outcome {
        try self[part].attempt([WeftBinary.path ?? "weft"] + arguments, timeout: timeout)
    }

    /// Starts the agent of a host; see ``SiteAgent/isReady(within:)``.
    func start(_ host: String, topology: String? = nil, _ arguments: [String] = []) throws -> SiteAgent {
        let agent = try SiteAgent(host, of: self, topology: topology ?? path("site.weft.yaml"), arguments)
        agents.append(agent)
        return agent
    }

    /// Starts the agents of hosts and waits until they are ready.
    func startAll(_ hosts: String...) async throws -> [SiteAgent] {
        let agents = try hosts.map { try start($0) }
        for agent in agents { try await agent.isReady() }
        return agents
    }

    // MARK: Helpers

    /// Waits until something holds.
    static func wait(
        _ what: String, within limit: Duration = .seconds(10), every pause: Duration = .milliseconds(20),
        until condition: () async throws -> Bool
    ) async throws {
        let start = ContinuousClock.now
        while try await !condition() {
            guard ContinuousClock.now - start < limit else { throw Failure("waited \(limit) in vain: \(what)") }
            try await Task.sleep(for: pause)
        }
    }
}
