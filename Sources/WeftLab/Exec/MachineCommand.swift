import Glibc
import Synchronization
import WeftLinux

/// Runs a command in a virtual machine over one of its channels, with this process's own input and output.
struct MachineCommand {
    /// The lab.
    let layout: LabLayout
    /// The guest's port.
    let port: String
    /// How long the machine may take to answer.
    var patience: Duration = .seconds(10)

    /// Runs `words` and returns the command's exit code, 128 + n when signal n ended it.
    ///
    /// - Parameter forwardsSignals: Whether signals that this process gets go to the command from now on.
    func run(
        _ words: [String], input: Int32 = STDIN_FILENO, output: Int32 = STDOUT_FILENO, errorOutput: Int32 = STDERR_FILENO,
        forwardsSignals: Bool = true
    ) throws(LabError) -> Int32 {
        let attempt = "run '\(words.joined(separator: " "))' in '\(port)'"
        guard let start = CommandFrame.start(words).encoded else {
            throw LabError(
                .usage, cannot: attempt, cause: "the command is longer than \(CommandFrame.maximumPayloadByteCount) bytes",
                remedy: "put it into a file")
        }
        let channel = try claimChannel(attempt)
        let connection = try connect(channel.number, attempt)
        var received = try greet(connection.rawValue, attempt)
        channel.mark(isBusy: true)
        try BlockingIO.write(start[...], to: connection.rawValue, attempt: attempt)

        if forwardsSignals { ForwardedSignal.install() }
        var wantsInput = false
        while true {
            if forwardsSignals, let number = ForwardedSignal.take() {
                try send(.signal(number), to: connection.rawValue, attempt)
            }
            var ready = PollSet()
            let fromGuest = ready.add(connection.rawValue)
            let fromUser = ready.add(wantsInput ? input : nil)
            ready.wait(milliseconds: 200)
            if ready.events(fromUser) != 0 {
                let bytes = try BlockingIO.read(input, atMost: CommandFrame.maximumPayloadByteCount, attempt: attempt)
                try send(.input(bytes), to: connection.rawValue, attempt)
                wantsInput = false
            }
            guard ready.events(fromGuest) != 0 else { continue }
            let bytes = try BlockingIO.read(connection.rawValue, atMost: 1 << 16, attempt: attempt)
            guard !bytes.isEmpty else {
                throw LabError(
                    .failed, cannot: attempt, cause: "the virtual machine went away", remedy: "see \(layout.consoleLog(port))")
            }
            received += bytes
            while let frame = try next(&received, attempt) {
                switch frame {
                case .wantsInput: wantsInput = true
                case .output(let bytes): try BlockingIO.write(bytes[...], to: output, attempt: attempt)
                case .errorOutput(let bytes): try BlockingIO.write(bytes[...], to: errorOutput, attempt: attempt)
                case .exit(let code):
                    channel.mark(isBusy: false)
                    return code
                case .notStarted(let number):
                    channel.mark(isBusy: false)
                    throw LabError(
                        .failed, cannot: attempt, cause: LinuxError.text(of: number), remedy: "install it on this machine")
                case .start, .input, .signal: break  // ours, not the guest's
                }
            }
        }
    }

    // MARK: Steps

    private func send(_ frame: CommandFrame, to connection: Int32, _ attempt: String) throws(LabError) {
        guard let bytes = frame.encoded else { preconditionFailure("a frame of \(attempt) is larger than a frame holds") }
        try BlockingIO.write(bytes[...], to: connection, attempt: attempt)
    }

    private func next(_ received: inout [UInt8], _ attempt: String) throws(LabError) -> CommandFrame? {
        do {
            return try CommandFrame.next(from: &received)
        } catch {
            throw LabError(.failed, cannot: attempt, cause: "the virtual machine's answer makes no sense", remedy: "try again")
        }
    }

    /// The first channel that nobody uses.
    private func claimChannel(_ attempt: String) throws(LabError) -> CommandChannel {
        for number in 0..<MachineSpec.commandChannelCount {
            let path = layout.commandSocket(port, channel: number) + ".lock"
            let descriptor: Descriptor
            do {
                descriptor = try Descriptor.open(path, flags: O_RDWR | O_CREAT)
            } catch {
                throw LabError(.unreachable, cannot: attempt, cause: "\(error)", remedy: "bring the lab up again: weft lab up")
            }
            if flock(descriptor.rawValue, LOCK_EX | LOCK_NB) == 0 {
                let channel = CommandChannel(number: number, lock: descriptor)
                // Whoever had it went away in the middle: the guest notices within a moment and starts afresh.
                if channel.isMarkedBusy { usleep(1_000_000) }
                return channel
            }
        }
        throw LabError(
            .failed, cannot: attempt, cause: "\(MachineSpec.commandChannelCount) commands run in it already",
            remedy: "end one of them")
    }

    private func connect(_ channel: Int, _ attempt: String) throws(LabError) -> Descriptor {
        let path = layout.commandSocket(port, channel: channel)
        do {
            return try UnixSocket.connect(path)
        } catch {
            throw LabError(
                .unreachable, cannot: attempt, cause: "\(path): \(error.cause)",
                remedy: "the virtual machine does not run; see \(layout.machineLog(port))")
        }
    }

    /// Sends a preamble and waits until it comes back; what follows it is returned.
    private func greet(_ connection: Int32, _ attempt: String) throws(LabError) -> [UInt8] {
        let preamble = CommandPreamble(session: .random(in: 0...UInt64.max))
        try BlockingIO.write(preamble.encoded[...], to: connection, attempt: attempt)
        let deadline = MonotonicClock.now().advanced(by: patience)
        var received: [UInt8] = []
        while MonotonicClock.now() < deadline {
            var ready = PollSet()
            let fromGuest = ready.add(connection)
            ready.wait(milliseconds: 200)
            guard ready.events(fromGuest) != 0 else { continue }
            let bytes = try BlockingIO.read(connection, atMost: 1 << 16, attempt: attempt)
            if bytes.isEmpty { break }
            received += bytes
            while let answer = CommandPreamble.next(from: &received) {
                if answer == preamble { return received }
            }
        }
        throw LabError(
            .unreachable, cannot: attempt, cause: "the virtual machine does not answer", remedy: "see \(layout.consoleLog(port))")
    }
}

/// A channel that this process has for itself; the lock's file holds a byte while a command runs, so that the next user
/// knows when the last one was cut off.
private struct CommandChannel: ~Copyable {
    let number: Int
    let lock: Descriptor

    var isMarkedBusy: Bool { lseek(lock.rawValue, 0, SEEK_END) > 0 }

    borrowing func mark(isBusy: Bool) {
        ftruncate(lock.rawValue, isBusy ? 1 : 0)
    }
}

/// The last signal that this process got and the command has not.
private enum ForwardedSignal {
    static let number = Atomic<Int32>(0)

    static func install() {
        for signalNumber in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] {
            // A handler may do nothing but store to an atomic.
            signal(signalNumber) { ForwardedSignal.number.store($0, ordering: .relaxed) }
        }
    }

    static func take() -> Int32? {
        let taken = number.exchange(0, ordering: .relaxed)
        return taken == 0 ? nil : taken
    }
}
