import Glibc
import WeftLinux

/// A network namespace of a test: a guest, a host or the router between them.
struct Place: Hashable, Sendable, CustomStringConvertible {
    /// What the test calls it.
    let description: String
    /// Where it is.
    let namespace: NetworkNamespace

    /// Runs a program here to its end, however it ends.
    func attempt(_ words: [String], timeout: Duration = .seconds(30)) throws -> Command.Outcome {
        try command(words).run(timeout: timeout)
    }

    /// Runs a program here and returns what it says.
    ///
    /// - Throws: ``Failure`` with its words when it fails.
    @discardableResult
    func run(_ words: [String], timeout: Duration = .seconds(30)) throws -> String {
        let outcome = try attempt(words, timeout: timeout)
        guard outcome.isSuccess else {
            let words = words.joined(separator: " ")
            throw Failure("\(words) in \(self): \(outcome.status)\n\(outcome.standardError)\(outcome.standardOutput)")
        }
        return outcome.standardOutput
    }

    /// Runs a program whose words have no spaces in them.
    @discardableResult
    func run(_ line: String, timeout: Duration = .seconds(30)) throws -> String {
        try run(line.split(separator: " ").map(String.init), timeout: timeout)
    }

    /// Starts a program here that goes on until it is stopped.
    func start(_ words: [String], environment: [String: String]? = nil) throws -> RunningProgram {
        var command = command(words)
        command.environment = environment
        return try RunningProgram(command)
    }

    private func command(_ words: [String]) -> Command {
        Command(words.first ?? "", Array(words.dropFirst()), in: namespace)
    }

    /// Turns a device's offloads on or off, by ethtool's names for them.
    func setOffloads(_ isOn: Bool, of device: String = "eth0", _ names: [String] = ["tx", "tso", "gso", "gro"]) throws {
        try run(["ethtool", "-K", device] + names.flatMap { [$0, isOn ? "on" : "off"] })
    }

    /// The word that follows `key` in what `ip link` shows of a device; `/sys` shows the devices of another namespace.
    private func linkWord(after key: Substring, device: String) throws -> Substring {
        let words = try run("ip -o link show dev \(device)").split(separator: " ")
        guard let position = words.firstIndex(of: key), position + 1 < words.count else {
            throw Failure("\(device) in \(self) has no \(key)")
        }
        return words[position + 1]
    }

    /// The MTU of a device, bytes.
    func mtu(of device: String = "eth0") throws -> Int { Int(try linkWord(after: "mtu", device: device)) ?? 0 }

    /// The hardware address of a device.
    func mac(of device: String = "eth0") throws -> String { String(try linkWord(after: "link/ether", device: device)) }

    /// A number from `/proc/net/snmp` of this namespace, such as `Ip` `ReasmOKs`.
    func counter(_ group: String, _ name: String) throws -> Int {
        let lines = try run("cat /proc/net/snmp").split(separator: "\n").filter { $0.hasPrefix("\(group):") }
            .map { $0.split(separator: " ") }
        guard lines.count == 2, let position = lines[0].firstIndex(of: Substring(name)), position < lines[1].count,
            let value = Int(lines[1][position])
        else { throw Failure("no counter \(group) \(name)") }
        return value
    }

    /// UDP datagrams of both families that arrived in this namespace and found their socket's buffer full.
    func socketOverruns() throws -> Int {
        let field = try run("cat /proc/net/snmp6").split(separator: "\n").first { $0.hasPrefix("Udp6RcvbufErrors") }
        return try counter("Udp", "RcvbufErrors") + (field?.split(separator: " ").last.flatMap { Int($0) } ?? 0)
    }
}

/// A program that runs beside the test, and no longer than this value lives.
final class RunningProgram {
    private let process: ChildProcess
    private let output: Descriptor

    /// Starts it. What it says is kept in memory.
    init(_ command: Command) throws {
        let path = "/tmp/weft-system-test-\(getpid())-\(UInt32.random(in: 0 ..< .max))"
        output = try Descriptor.open(path, flags: O_RDWR | O_CREAT | O_EXCL | O_APPEND)
        unsafe unlink(path)
        var command = command
        command.standardOutput = .descriptor(output.rawValue)
        command.standardError = .descriptor(output.rawValue)
        process = try ChildProcess(command)
    }

    deinit { _ = try? process.terminate(grace: .seconds(3)) }

    /// Its number.
    var processID: Int32 { process.processID }

    /// How it ended, or nil while it runs.
    func status() throws -> ChildProcess.ExitStatus? { try process.wait(timeout: .zero) }

    /// Waits for its end.
    ///
    /// - Throws: ``Failure`` when it takes longer than `timeout` or ends badly.
    func finish(timeout: Duration) throws -> String {
        guard let status = try process.wait(timeout: timeout) else {
            throw Failure("\(process.command): not done after \(timeout)\n\(said())")
        }
        guard status.isSuccess else { throw Failure("\(process.command): \(status)\n\(said())") }
        return said()
    }

    /// Asks it to end with `signal`, insists after a while, and waits.
    func stop(_ signal: Int32 = SIGTERM) throws {
        try process.signal(signal)
        if try process.wait(timeout: .seconds(5)) == nil { _ = try process.terminate(grace: .zero) }
    }

    /// What it said so far.
    func said() -> String {
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe pread(output.rawValue, $0.baseAddress, $0.count, 0) }
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    /// Waits until it has said `words`.
    func waitUntilSaid(_ words: String, seconds: Int = 10) throws {
        try poll("\(process.command) says '\(words)'", seconds: seconds) {
            if said().contains(words) { return true }
            if let status = try status() { throw Failure("\(process.command): \(status)\n\(said())") }
            return false
        }
    }
}

/// Waits until `condition` holds, looking twenty times a second.
func poll(_ what: String, seconds: Int = 10, _ condition: () throws -> Bool) throws {
    let deadline = MonotonicClock.now().advanced(by: .seconds(seconds))
    while try !condition() {
        if MonotonicClock.now() > deadline { throw Failure("waited \(seconds) s in vain until \(what)") }
        usleep(50_000)
    }
}
