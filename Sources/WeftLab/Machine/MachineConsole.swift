import Glibc
import WeftLinux

/// Connects a terminal with a virtual machine's console.
struct MachineConsole {
    /// The lab.
    let layout: LabLayout
    /// The guest's port.
    let port: String

    /// What is typed to leave: Ctrl-].
    private static var leaveByte: UInt8 { 0x1D }

    /// Passes bytes both ways until Ctrl-] is typed, the input ends or the machine goes away.
    func attach(input: Int32 = STDIN_FILENO, output: Int32 = STDOUT_FILENO) throws(LabError) {
        let attempt = "use the console of '\(port)'"
        let lock = try LabError.wrapping(attempt) {
            try Descriptor.open(layout.consoleSocket(port) + ".lock", flags: O_RDWR | O_CREAT)
        }
        guard flock(lock.rawValue, LOCK_EX | LOCK_NB) == 0 else {
            throw LabError(
                .failed, cannot: attempt, cause: "somebody uses it already", remedy: "run a command with weft lab exec instead")
        }
        let connection: Descriptor
        do {
            connection = try UnixSocket.connect(layout.consoleSocket(port))
        } catch {
            throw LabError(
                .unreachable, cannot: attempt, cause: error.cause,
                remedy: "the virtual machine does not run; see \(layout.machineLog(port))")
        }
        let terminal = RawTerminal(input)
        if terminal.isTerminal {
            try BlockingIO.write(
                Array("Console of \(port); Ctrl-] leaves, Enter shows the prompt.\r\n".utf8)[...], to: output, attempt: attempt)
        }
        defer { terminal.restore() }
        try relay(connection.rawValue, input, output, attempt)
    }

    private func relay(_ connection: Int32, _ input: Int32, _ output: Int32, _ attempt: String) throws(LabError) {
        var hasInput = true
        while true {
            var ready = PollSet()
            let fromUser = ready.add(hasInput ? input : nil)
            let fromGuest = ready.add(connection)
            // After the end of a piped input, what the guest still has to say gets a second's silence.
            let isReady = ready.wait(milliseconds: hasInput ? -1 : 1000)
            if !isReady && !hasInput { return }
            if ready.events(fromUser) != 0 {
                let typed = try BlockingIO.read(input, atMost: 4096, attempt: attempt)
                let end = typed.firstIndex(of: Self.leaveByte)
                try BlockingIO.write(typed[..<(end ?? typed.endIndex)], to: connection, attempt: attempt)
                if end != nil { return }
                if typed.isEmpty { hasInput = false }
            }
            if ready.events(fromGuest) != 0 {
                let said = try BlockingIO.read(connection, atMost: 1 << 16, attempt: attempt)
                if said.isEmpty { return }
                try BlockingIO.write(said[...], to: output, attempt: attempt)
            }
        }
    }
}

/// A terminal that hands every key on as it is typed, until it is restored. What is no terminal is left alone.
private struct RawTerminal {
    let isTerminal: Bool
    private let descriptor: Int32
    private let before: termios

    init(_ descriptor: Int32) {
        var settings = termios()
        self.descriptor = descriptor
        self.isTerminal = unsafe tcgetattr(descriptor, &settings) == 0
        self.before = settings
        if isTerminal {
            unsafe cfmakeraw(&settings)
            unsafe tcsetattr(descriptor, TCSANOW, &settings)
        }
    }

    func restore() {
        guard isTerminal else { return }
        var settings = before
        unsafe tcsetattr(descriptor, TCSANOW, &settings)
    }
}
