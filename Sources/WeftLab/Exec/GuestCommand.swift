import Glibc
import WeftLinux

/// A command that runs in the guest, with pipes to its input and outputs.
struct GuestCommand {
    /// What is on its way to the command's input. There is never more than one frame's worth.
    struct Input {
        /// The pipe, nil once closed.
        fileprivate(set) var descriptor: Int32?
        private var pending: ArraySlice<UInt8> = []

        init(descriptor: Int32) { self.descriptor = descriptor }

        /// Whether there are bytes that the pipe did not take yet.
        var hasPending: Bool { !pending.isEmpty && descriptor != nil }

        /// Takes a frame's bytes; none are the end of the input.
        mutating func take(_ bytes: [UInt8]) {
            if bytes.isEmpty { close() } else { pending = bytes[...] }
        }

        /// Writes what the pipe takes; whether more is wanted.
        mutating func writePending() -> Bool {
            guard let descriptor else { return false }
            // Sound: the pointer covers `count` bytes and is used within the closure only.
            let written = unsafe pending.withUnsafeBytes { buffer in unsafe write(descriptor, buffer.baseAddress, buffer.count) }
            if written < 0 {
                // The command reads no more. It may well run on; the input is simply not asked for again.
                if errno != EAGAIN && errno != EINTR { close() }
                return false
            }
            pending = pending.dropFirst(written)
            return pending.isEmpty
        }

        mutating func close() {
            if let descriptor { Glibc.close(descriptor) }
            descriptor = nil
            pending = []
        }
    }

    /// Where its input goes.
    var input: Input
    /// Where its output comes from, nil once it has ended.
    var output: Int32?
    /// Where its error output comes from, nil once it has ended.
    var errorOutput: Int32?
    private let process: ChildProcess

    /// Starts a command in a session of its own, in `/`.
    static func start(_ words: [String]) -> Result<GuestCommand, LinuxError> {
        guard let program = words.first, !program.isEmpty else {
            return .failure(LinuxError(.spawn, "an empty command", errno: EINVAL))
        }
        do throws(LinuxError) {
            let input = try Pipe()
            let output = try Pipe()
            let errorOutput = try Pipe()
            var command = Command(program, Array(words.dropFirst()))
            command.standardInput = .descriptor(input.readEnd.rawValue)
            command.standardOutput = .descriptor(output.writeEnd.rawValue)
            command.standardError = .descriptor(errorOutput.writeEnd.rawValue)
            command.isSessionLeader = true
            let process = try ChildProcess(command)
            try input.writeEnd.setNonblocking(true)
            try output.readEnd.setNonblocking(true)
            try errorOutput.readEnd.setNonblocking(true)
            return .success(
                GuestCommand(
                    input: Input(descriptor: input.takeWriteEnd()), output: output.takeReadEnd(),
                    errorOutput: errorOutput.takeReadEnd(), process: process))
        } catch {
            return .failure(error)
        }
    }

    /// Sends a signal to the command and its children: it leads a session, so its group has its number.
    func signal(_ number: Int32) {
        if number > 0 { kill(-process.processID, number) }
    }

    /// Its exit code if it has ended, 128 + n after signal n.
    func exitCode() -> Int32? {
        ((try? process.wait(timeout: .zero)) ?? nil)?.shellStatus
    }

    /// Closes what is left of the pipes.
    mutating func close() {
        input.close()
        for descriptor in [output, errorOutput] { if let descriptor { Glibc.close(descriptor) } }
        (output, errorOutput) = (nil, nil)
    }

    /// Ends the command, whose user went away.
    mutating func abandon() {
        close()
        signal(SIGHUP)
        if let ended = try? process.wait(timeout: .seconds(1)), ended.shellStatus >= 0 { return }
        signal(SIGKILL)
        _ = try? process.wait()
    }
}

/// A pipe whose ends are closed unless taken.
private struct Pipe: ~Copyable {
    let readEnd: Descriptor
    let writeEnd: Descriptor

    init() throws(LinuxError) {
        var ends: [Int32] = [-1, -1]
        // Sound: the array has room for the two descriptors that the kernel writes.
        guard unsafe pipe(&ends) == 0 else { throw LinuxError(.open, "a pipe", errno: errno) }
        let (readNumber, writeNumber) = (ends[0], ends[1])
        let reader = Descriptor(owning: readNumber)
        let writer = Descriptor(owning: writeNumber)
        try reader.setCloseOnExec(true)
        try writer.setCloseOnExec(true)
        self.readEnd = reader
        self.writeEnd = writer
    }

    consuming func takeReadEnd() -> Int32 { readEnd.release() }
    consuming func takeWriteEnd() -> Int32 { writeEnd.release() }
}
