import Glibc
import WeftLinux

/// Runs inside a virtual machine of a lab: takes commands from the machine's channels, each on a thread of its own, for as
/// long as the machine lives.
public enum GuestServer {
    /// Serves every channel of this machine; returns only by throwing.
    public static func run() throws(LabError) -> Never {
        let attempt = "serve commands"
        signal(SIGPIPE, SIG_IGN)
        let folder = "/sys/class/virtio-ports"
        var count = 0
        for device in Files.names(in: folder) {
            guard let name = try Files.read("\(folder)/\(device)/name", attempt: attempt),
                String(decoding: name, as: UTF8.self).hasPrefix(MachineSpec.channelName(0).dropLast())
            else { continue }
            do {
                let channel = try Descriptor.open("/dev/\(device)", flags: O_RDWR).release()
                _ = try WorkerThread(name: "weft-\(device)") { GuestChannel(descriptor: channel).serve() }
            } catch {
                throw LabError(.failed, cannot: attempt, cause: "\(error)")
            }
            count += 1
        }
        guard count > 0 else {
            throw LabError(
                .usage, cannot: attempt, cause: "this machine has no command channels",
                remedy: "the command is for the inside of a lab's virtual machine; use weft lab exec")
        }
        while true { pause() }
    }
}

/// One channel, seen from the guest.
///
/// A virtio port has no connections: the descriptor stays open, and reports a hang-up as long as nobody is connected at
/// the other side. A user who goes away takes his command with him.
private struct GuestChannel {
    /// Nobody closes it: it lives as long as the machine.
    let descriptor: Int32

    func serve() {
        var received: [UInt8] = []
        while true {
            guard receive(into: &received) else {
                received = []
                usleep(50_000)
                continue
            }
            if let preamble = CommandPreamble.next(from: &received) {
                transmit(preamble.encoded)
                serveCommand(&received)
            }
        }
    }

    /// Waits for bytes; false when nobody is connected.
    private func receive(into received: inout [UInt8]) -> Bool {
        var ready = PollSet()
        let place = ready.add(descriptor)
        ready.wait(milliseconds: 1000)
        return take(ready.events(place), into: &received)
    }

    private func take(_ events: Int32, into received: inout [UInt8]) -> Bool {
        if events & POLLIN != 0, let bytes = try? BlockingIO.read(descriptor, atMost: 1 << 16, attempt: "read"), !bytes.isEmpty {
            received += bytes
            return true
        }
        return events & POLLHUP == 0
    }

    private func transmit(_ bytes: [UInt8]) {
        try? BlockingIO.write(bytes[...], to: descriptor, attempt: "answer")
    }

    private func transmit(_ frame: CommandFrame) {
        if let bytes = frame.encoded { transmit(bytes) }
    }

    /// One command from its start to its exit code.
    private func serveCommand(_ received: inout [UInt8]) {
        while true {
            do {
                guard let frame = try CommandFrame.next(from: &received) else {
                    guard receive(into: &received) else { return }
                    continue
                }
                if case .start(let words) = frame { return run(words, &received) }
                return
            } catch {
                return
            }
        }
    }

    private func run(_ words: [String], _ received: inout [UInt8]) {
        switch GuestCommand.start(words) {
        case .failure(let failure): transmit(.notStarted(failure.errno))
        case .success(var command):
            transmit(.wantsInput)
            while true {
                var ready = PollSet()
                let fromHost = ready.add(descriptor)
                let input = ready.add(command.input.hasPending ? command.input.descriptor : nil, POLLOUT)
                let output = ready.add(command.output)
                let errorOutput = ready.add(command.errorOutput)
                ready.wait(milliseconds: 100)

                guard take(ready.events(fromHost), into: &received), handleFrames(&received, &command) else {
                    command.abandon()
                    return
                }
                if ready.events(input) != 0, command.input.writePending() { transmit(.wantsInput) }
                if ready.events(output) != 0 { pass(&command.output, CommandFrame.output) }
                if ready.events(errorOutput) != 0 { pass(&command.errorOutput, CommandFrame.errorOutput) }
                if let code = command.exitCode() {
                    // What it wrote last is still in the pipes; what its children write from now on is nobody's.
                    while pass(&command.output, CommandFrame.output) {}
                    while pass(&command.errorOutput, CommandFrame.errorOutput) {}
                    command.close()
                    transmit(.exit(code))
                    return
                }
            }
        }
    }

    /// Carries out what the host asks; false when it makes no sense.
    private func handleFrames(_ received: inout [UInt8], _ command: inout GuestCommand) -> Bool {
        while true {
            let frame: CommandFrame?
            do { frame = try CommandFrame.next(from: &received) } catch { return false }
            switch frame {
            case nil: return true
            case .input(let bytes): command.input.take(bytes)
            case .signal(let number): command.signal(number)
            default: return false
            }
        }
    }

    /// Passes on what is in a pipe; whether there was something. At its end the pipe is closed.
    @discardableResult
    private func pass(_ pipe: inout Int32?, _ frame: ([UInt8]) -> CommandFrame) -> Bool {
        guard let descriptor = pipe,
            let bytes = try? BlockingIO.read(descriptor, atMost: CommandFrame.maximumPayloadByteCount, attempt: "read")
        else { return false }
        guard !bytes.isEmpty else {
            close(descriptor)
            pipe = nil
            return false
        }
        transmit(frame(bytes))
        return true
    }
}
