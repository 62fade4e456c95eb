import Glibc
import WeftLinux

/// A host with a port of each sort that a unix socket can be, for the user nobody, and another with a guest in each of their segments.
final class SocketSite {
    /// The ports, each with what its guest can be reached by.
    static let ports = [
        (name: "listening", address: "10.1.0.11", far: "far1"), (name: "connecting", address: "10.2.0.11", far: "far2"),
        (name: "answering", address: "10.3.0.11", far: "far3"), (name: "calling", address: "10.4.0.11", far: "far4"),
    ]

    let hyper: HypervisorSite
    var site: Site { hyper.site }
    /// The folder of the sockets, which is the user's.
    let folder: String

    init() async throws {
        hyper = try await HypervisorSite(guests: Self.ports.map(\.far) + ["box"]) { folder in Self.topology(folder) }
        folder = hyper.site.path("guests")
    }

    /// The file; `ports` are those on alpha.
    private static func topology(_ folder: String, without missing: Set<String> = []) -> String {
        let sockets = [
            "listening": "segment: s1, address: 10.1.0.11, socket: { path: \(folder)/listening }",
            "connecting":
                "segment: s2, address: 10.2.0.11, attach: direct, socket: { path: \(folder)/connecting, listen: false }",
            "answering": "segment: s3, address: 10.3.0.11, attach: direct, socket: { path: \(folder)/answering, mode: dgram }",
            "calling": "segment: s4, address: 10.4.0.11, socket: { path: \(folder)/calling, mode: dgram, listen: false }",
        ]
        let lines = ports.filter { !missing.contains($0.name) }.map { port in
            "  \(port.name): { host: alpha, kind: socket, owner: nobody, \(sockets[port.name] ?? "") }"
        }
        let far = (1...4).map {
            "  far\($0): { host: bravo, segment: s\($0), address: 10.\($0).0.12, kind: veth, netns: \"@far\($0)\" }"
        }
        return """
            weft: 1
            name: sockets
            hosts:
              alpha: { underlay: 192.0.2.11 }
              bravo: { underlay: 192.0.2.12 }
            segments:
            \((1...4).map { "  s\($0): { vni: \($0)00, subnet: 10.\($0).0.0/24 }" }.joined(separator: "\n"))
            ports:
            \((lines + far).joined(separator: "\n"))
            """
    }

    /// Has alpha go on without ports.
    func remove(_ ports: Set<String>) async throws {
        try site.write(Self.topology(folder, without: ports))
        try await hyper.alpha.reload()
    }

    /// The options of QEMU that are printed for all ports.
    func options() throws -> [String] { try Self.ports.flatMap { try hyper.snippet($0.name, as: "qemu").arguments ?? [] } }

    /// Waits until a port is in a state.
    func wait(_ port: String, is state: String, on agent: SiteAgent? = nil, seconds: Int = 10) async throws {
        let agent = agent ?? hyper.alpha
        try await agent.wait("\(port) is \(state)", within: .seconds(seconds)) {
            try await agent.client.ports().first { $0.name == port }?.state?.rawValue == state
        }
    }

    /// Whose the sockets are that are there, and what others may do.
    var permissions: Set<String> {
        Set(
            files.map { file in
                var information = stat()
                guard unsafe lstat("\(folder)/\(file)", &information) == 0 else { return file }
                return "\(information.st_uid) \(String(information.st_mode & 0o777, radix: 8))"
            })
    }

    /// The files of sockets that are there.
    var files: [String] { (try? SmallFile.names(in: folder))?.sorted() ?? [] }
}
