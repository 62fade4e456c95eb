import Glibc
import WeftAPI
import WeftLinux

/// A running `weft agent` of a site.
final class SiteAgent {
    let host: String
    let process: ChildProcess
    let client: AgentClient
    let logPath: String

    /// Starts it; its log is appended to that of earlier ones.
    init(_ host: String, of site: Site, topology: String, _ arguments: [String]) throws {
        self.host = host
        client = AgentClient(socketPath: site.path("\(host).sock"))
        logPath = site.path("\(host).log")
        let log = try Descriptor.open(logPath, flags: O_WRONLY | O_CREAT | O_APPEND, mode: 0o644)
        var command = Command(
            WeftBinary.path ?? "weft",
            [
                "agent", "--host", host, "--topology", topology, "--socket", client.socketPath, "--state-dir",
                site.path("\(host).state"), "-v",
            ] + arguments, in: .named(site.namespace(host)))
        command.standardOutput = .descriptor(log.rawValue)
        command.standardError = .descriptor(log.rawValue)
        process = try ChildProcess(command)
    }

    /// Waits until the agent says that its host's part is up.
    func isReady(within limit: Duration = .seconds(15)) async throws {
        try await wait("ready", within: limit) { try await self.client.status().isReady }
    }

    /// Waits until something holds; what the agent does not answer is no answer yet. Fails at once when the agent ends.
    func wait(_ what: String, within limit: Duration = .seconds(10), until condition: () async throws -> Bool) async throws {
        do {
            try await Site.wait("\(host): \(what)", within: limit) {
                if let status = try process.wait(timeout: .zero) {
                    throw Failure("the agent of \(host) ended with \(status)")
                }
                return (try? await condition()) ?? false
            }
        } catch let failure as Failure {
            throw Failure("\(failure)\n\(log.split(separator: "\n").suffix(20).joined(separator: "\n"))")
        }
    }

    /// All that it and its predecessors have logged.
    var log: String {
        (try? SmallFile.read(logPath, limit: 8 << 20)).flatMap { $0 }.map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// Ends it without a warning.
    func kill() throws {
        try process.signal(SIGKILL)
        _ = try process.wait(timeout: .seconds(10))
    }

    /// Asks it to end, and tells how it did.
    func stop() throws -> ChildProcess.ExitStatus? { try process.terminate(grace: .seconds(10)) }

    /// Has it read its file again, and waits until it has.
    func reload() async throws {
        func count() -> Int {
            log.split(separator: "\n").count { $0.contains("topology reloaded") || $0.contains("topology refused") }
        }
        let before = count()
        try process.signal(SIGHUP)
        try await wait("reload") { count() > before }
    }

    // MARK: What it costs

    /// Bytes of resident memory.
    var residentByteCount: Int {
        let text = (try? SmallFile.read("/proc/\(process.processID)/status")).flatMap { $0 } ?? []
        let line = String(decoding: text, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return (line?.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int($0) } ?? 0) * 1024
    }

    /// Open descriptors.
    var descriptorCount: Int { (try? SmallFile.names(in: "/proc/\(process.processID)/fd"))?.count ?? 0 }

    /// Processor time used so far.
    var processorTime: Duration {
        let text = (try? SmallFile.read("/proc/\(process.processID)/stat")).flatMap { $0 } ?? []
        // The name, in parentheses, may have spaces; utime and stime are the 14th and 15th field.
        let fields = String(decoding: text, as: UTF8.self).split(separator: ")").last?.split(separator: " ") ?? []
        let ticks = fields.dropFirst(11).prefix(2).compactMap { Int($0) }.reduce(0, +)
        return .seconds(Double(ticks) / Double(sysconf(Int32(_SC_CLK_TCK))))
    }

    /// Bytes that wait in the receive buffers of its VXLAN port.
    var waitingByteCount: Int {
        ["udp", "udp6"].reduce(0) { sum, table in
            let text = (try? SmallFile.read("/proc/\(process.processID)/net/\(table)")).flatMap { $0 } ?? []
            let lines = String(decoding: text, as: UTF8.self).split(separator: "\n").dropFirst()
            return sum
                + lines.map { $0.split(separator: " ") }.filter { $0.count > 4 && $0[1].hasSuffix(":12B5") }
                .reduce(0) { $0 + (Int($1[4].split(separator: ":").last ?? "", radix: 16) ?? 0) }
        }
    }

    /// A counter of the kernel in the agent's namespace, such as `Udp` `InCsumErrors` of `snmp` or `Udp6InCsumErrors`.
    func kernelCounter(_ group: String, _ name: String, in file: String = "snmp") -> Int {
        let text = String(
            decoding: (try? SmallFile.read("/proc/\(process.processID)/net/\(file)")).flatMap { $0 } ?? [], as: UTF8.self)
        let lines = text.split(separator: "\n").map { $0.split(whereSeparator: { $0 == " " || $0 == "\t" }) }
        if file == "snmp6" { return lines.first { $0.first == Substring(name) }.flatMap { $0.last }.flatMap { Int($0) } ?? 0 }
        let rows = lines.filter { $0.first == Substring("\(group):") }
        guard rows.count == 2, let column = rows[0].firstIndex(of: Substring(name)) else { return 0 }
        return Int(rows[1][column]) ?? 0
    }
}
