import Glibc
import Testing
import WeftLinux

/// A lab of one test, made by `weft lab up`: a name and a folder of its own, and nothing left afterwards.
final class LabFixture {
    /// The lab's name, unique on this machine.
    let name: String
    /// A folder for the test's files, removed with the lab.
    let folder: String
    /// Namespaces beside the lab's own.
    private var strangers: [String] = []

    /// Brings a lab of the topology up for `body` and takes it down whatever happens.
    ///
    /// An error of `body` carries what the agents counted and the ends of their logs; what stays behind after the lab went down fails the test.
    static func run<Value>(_ topology: String, underlayMTU: Int? = nil, _ body: (LabFixture) throws -> Value) throws -> Value {
        let lab = try LabFixture()
        defer { lab.takeDown() }
        try lab.bringUp(topology, underlayMTU: underlayMTU)
        do {
            return try body(lab)
        } catch {
            throw Failure("\(error)\n\(lab.report())")
        }
    }

    private init() throws {
        name = "s\(getpid())-\(UInt32.random(in: 0..<1_000_000))"
        folder = "/tmp/weft-system-test-\(name)"
        try check(unsafe mkdir(folder, 0o755), "make \(folder)")
    }

    /// The file that the lab is made from; rewrite it and call ``apply(underlayMTU:)`` to change the lab.
    var topologyPath: String { "\(folder)/topology.weft.yaml" }

    /// Runs `weft lab up` for a topology.
    func bringUp(_ topology: String, underlayMTU: Int? = nil) throws {
        try SmallFile.write(Array(topology.utf8), to: topologyPath)
        let options = underlayMTU.map { ["--underlay-mtu", "\($0)"] } ?? []
        try WeftBinary.run(["lab", "up", topologyPath, "--lab", name] + options)
    }

    private func takeDown() {
        for name in strangers { try? NetworkNamespace.delete(name) }
        do {
            let outcome = try WeftBinary.attempt(["lab", "down", "--lab", name], timeout: .seconds(60))
            // A lab that never came up has taken itself down.
            if !outcome.isSuccess, !namespaces().isEmpty {
                Issue.record("lab down: \(outcome.status)\n\(outcome.standardError)")
            }
        } catch {
            Issue.record("lab down: \(error)")
        }
        let left = namespaces()
        if !left.isEmpty { Issue.record("left behind: \(left)") }
        for name in left { try? NetworkNamespace.delete(name) }
        for name in (try? SmallFile.names(in: folder)) ?? nil ?? [] { unsafe unlink("\(folder)/\(name)") }
        if unsafe rmdir(folder) != 0 { Issue.record("cannot remove \(folder): \(LinuxError.text(of: errno))") }
    }

    private func namespaces() -> [String] {
        ((try? NetworkNamespace.list()) ?? []).filter { $0.hasPrefix("weft-\(name)-") }
    }

    // MARK: What is in it

    /// The namespace of a host.
    func host(_ host: String) -> Place {
        Place(description: "host \(host)", namespace: .named("weft-\(name)-h-\(host)"))
    }

    /// The namespace of the guest on a port.
    func guest(_ port: String) -> Place {
        Place(description: "guest \(port)", namespace: .named("weft-\(name)-g-\(port)"))
    }

    /// The namespace of the router between the hosts.
    var router: Place { Place(description: "the router", namespace: .named("weft-\(name)-u")) }

    /// Adds a guest that no topology declares, so that its device may be set up as the lab would not: a pair of devices from
    /// a bridge of the host to a namespace of its own.
    ///
    /// - Parameters:
    ///   - mtu: Of its `eth0`, bytes.
    ///   - addresses: With their lengths.
    func addStranger(_ name: String, on host: String, bridge: String, mtu: Int, addresses: [String]) throws -> Place {
        let namespace = "\(self.name)-\(name)"
        try NetworkNamespace.create(namespace)
        strangers.append(namespace)
        let inside = Place(description: "guest \(name)", namespace: .named(namespace))
        let outside = self.host(host)
        try outside.run("ip link add \(name) mtu 9000 type veth peer name eth0 netns \(namespace)")
        try outside.run("ip link set \(name) master \(bridge) up")
        try inside.run("ip link set eth0 mtu \(mtu) up")
        for address in addresses {
            try inside.run("ip address add \(address) dev eth0" + (address.contains(":") ? " nodad" : ""))
        }
        return inside
    }

    /// Asks a host's agent, as `weft … --lab … --host …` does.
    func ask(_ host: String, _ words: String...) throws -> String {
        try WeftBinary.run(words + ["--lab", name, "--host", host])
    }

    /// What each agent and its host's kernel counted, and the last lines of its log.
    private func report() -> String {
        let hosts = "/run/weft/labs/\(name)/hosts"
        return ((try? SmallFile.names(in: hosts)) ?? nil ?? []).compactMap { host in
            guard let bytes = (try? SmallFile.read("\(hosts)/\(host)/agent.log", limit: 16 << 20)) ?? nil else { return nil }
            let log = String(decoding: bytes, as: UTF8.self).split(separator: "\n").suffix(20).joined(separator: "\n")
            let counters = ["peers", "ports"].compactMap { try? ask(host, $0, "-o", "jsonl") }.joined(separator: "\n")
            let kernel = ((try? self.host(host).run("nstat -a -s")) ?? "").split(separator: "\n")
                .filter { $0.contains("Err") || $0.contains("Fail") || $0.contains("Discard") }.joined(separator: "\n")
            return "agent of \(host):\n\(log)\n\(counters)\n\(kernel)"
        }.joined(separator: "\n")
    }
}

/// Turns a failed call of the kernel's into an error.
func check(_ result: Int32, _ attempt: String) throws {
    if result != 0 {
        let error = errno
        throw Failure("cannot \(attempt): \(LinuxError.text(of: error))")
    }
}
