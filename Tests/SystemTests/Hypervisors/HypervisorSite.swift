import FoundationEssentials
import Glibc
import WeftAPI
import WeftLinux

/// Two hosts with agents: on alpha ports whose guests other programs bring, on bravo guests that they have to reach.
final class HypervisorSite {
    let site: Site
    let alpha: SiteAgent
    let bravo: SiteAgent

    convenience init() async throws {
        try await self.init(guests: ["far", "far2", "box"]) { _ in
            """
            weft: 1
            name: hyper
            hosts:
              alpha: { underlay: 192.0.2.11 }
              bravo: { underlay: 192.0.2.12 }
            segments:
              blue: { vni: 100, subnet: 10.1.0.0/24 }
              green: { vni: 200, subnet: 10.2.0.0/24 }
            ports:
              vm1: { host: alpha, segment: blue, address: 10.1.0.11, owner: nobody }
              vm2: { host: alpha, segment: green, address: 10.2.0.11, owner: nobody, queues: 2, attach: direct }
              far: { host: bravo, segment: blue, address: 10.1.0.12, kind: veth, netns: "@far" }
              far2: { host: bravo, segment: green, address: 10.2.0.12, kind: veth, netns: "@far2" }
              box: { host: bravo, segment: blue, address: 10.1.0.13, kind: veth, netns: "@box" }
            """
        }
    }

    /// Another site of the same sort. The topology may name a folder that is the user nobody's.
    init(guests: [String], topology: (_ folder: String) -> String) async throws {
        site = try Site(guests: guests)
        let folder = site.path("guests")
        try check(unsafe mkdir(folder, 0o755), "make \(folder)")
        try check(unsafe chown(folder, 65534, 65534), "give \(folder) away")
        try site.write(topology(folder))
        let agents = try await site.startAll("alpha", "bravo")
        (alpha, bravo) = (agents[0], agents[1])
        // Other names of the program, as Scripts/install makes them, and the program itself for scripts.
        for name in ["weft", "weft-qemu-helper"] {
            try check(unsafe symlink(WeftBinary.path ?? "weft", site.path(name)), "make \(name)")
        }
    }

    /// What scripts of ours find: the program in their path, and the agent by its socket.
    var environment: [String: String] {
        let path = Environment["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin"
        return ["PATH": "\(site.directory):\(path)", "WEFT_SOCKET": alpha.client.socketPath, "HOME": site.directory]
    }

    /// What a program is told about a port.
    func snippet(_ port: String, as program: String, on agent: SiteAgent? = nil) throws -> Snippet {
        let text = try WeftBinary.run(
            ["port", "show", port, "--as", program, "-o", "json", "--socket", (agent ?? alpha).client.socketPath])
        return try JSONDecoder().decode(Snippet.self, from: Data(text.utf8))
    }

    struct Snippet: Decodable {
        var text: String
        var arguments: [String]?
    }

    /// The devices of a host, and those that are in its bridges.
    func devices(of host: String) throws -> [String] {
        try site[host].run("ip -o link").split(separator: "\n").map { line in
            let words = line.split(separator: " ")
            let master = words.firstIndex(of: "master").map { " in \(words[$0 + 1])" } ?? ""
            return words[1].split(separator: "@")[0].filter { $0 != ":" } + master
        }.sorted()
    }

    /// `count` pings from a guest of bravo, none of which may be lost.
    func ping(_ address: String, from guest: String, count: Int = 3) throws {
        let words = ["ping", "-n", "-c", "\(count)", "-i", "0.2", "-W", "5", address]
        let said = try site[guest].run(words)
        guard said.contains(" 0% packet loss") else { throw Failure("from \(guest) to \(address): \(said)") }
    }
}
