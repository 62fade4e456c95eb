import Glibc
import WeftLinux

/// A process and when it began: a number alone may belong to another one tomorrow.
struct ProcessIdentity: Codable, Hashable, Sendable {
    /// Its number.
    let processID: Int32
    /// When it began, in clock ticks since the machine did (proc(5), field 22 of `stat`).
    let startTicks: UInt64

    enum CodingKeys: String, CodingKey {
        case processID = "pid"
        case startTicks = "start_ticks"
    }

    /// Who has the number now; nil when nobody does, or only the remains of one that ended.
    init?(_ processID: Int32) {
        guard let fields = Self.statFields(processID), fields.count > 19, fields[0] != "Z", fields[0] != "X",
            let startTicks = UInt64(fields[19])
        else { return nil }
        self.processID = processID
        self.startTicks = startTicks
    }

    /// Whether it still runs.
    var isRunning: Bool { ProcessIdentity(processID) == self }

    /// Sends a signal, if it still runs.
    func signal(_ number: Int32) {
        if isRunning { kill(processID, number) }
    }

    /// The fields of `/proc/<pid>/stat` after the name, which is in parentheses and may hold anything: the state first.
    private static func statFields(_ processID: Int32) -> [Substring]? {
        guard let bytes = (try? Files.read("/proc/\(processID)/stat", attempt: "read")) ?? nil else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        guard let parenthesis = text.lastIndex(of: ")") else { return nil }
        return text[text.index(after: parenthesis)...].split(separator: " ")
    }

    /// All processes whose network namespace is one of those that `paths` name, by number, without this one.
    ///
    /// A lab's namespaces belong to it alone, so whatever runs in them was started for it.
    static func inNamespaces(_ paths: [String]) -> [ProcessIdentity] {
        let wanted = Set(paths.compactMap(FileIdentity.init(path:)))
        guard !wanted.isEmpty else { return [] }
        let own = getpid()
        return Files.names(in: "/proc").compactMap { Int32($0) }.sorted().filter { number in
            number != own && FileIdentity(path: "/proc/\(number)/ns/net").map(wanted.contains) == true
        }.compactMap { ProcessIdentity($0) }
    }

    /// Ends those processes in a namespace that have `word` among their arguments: what a killed `up` started and did not
    /// come to note.
    static func stopForgotten(in namespace: NetworkNamespace, mentioning word: String) {
        stop(
            inNamespaces([namespace.path]).filter { process in
                guard let bytes = (try? Files.read("/proc/\(process.processID)/cmdline", attempt: "read")) ?? nil else {
                    return false
                }
                return String(decoding: bytes, as: UTF8.self).contains(word)
            })
    }

    /// Ends processes: asks, waits, insists. None of them runs afterwards.
    static func stop(_ processes: [ProcessIdentity], patience: Duration = .seconds(5)) {
        for process in processes { process.signal(SIGTERM) }
        var isInsisting = false
        let clock = ContinuousClock()
        var deadline = clock.now.advanced(by: patience)
        while true {
            let running = processes.filter(\.isRunning)
            if running.isEmpty { return }
            if clock.now > deadline {
                if isInsisting { return }  // not even SIGKILL: stuck in the kernel, nothing more can be done
                for process in running { process.signal(SIGKILL) }
                isInsisting = true
                deadline = clock.now.advanced(by: .seconds(10))
            }
            usleep(10_000)
        }
    }
}

/// What a path leads to, so that two paths to one thing are equal.
private struct FileIdentity: Hashable {
    let device: UInt64
    let inode: UInt64

    init?(path: String) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        self.device = UInt64(status.st_dev)
        self.inode = UInt64(status.st_ino)
    }
}
