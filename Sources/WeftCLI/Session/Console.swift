import Glibc

/// The terminal, or what stands in its place: standard output for results, standard error for everything else.
package struct Console: Sendable {
    /// Whether standard output is a terminal.
    package let isTerminal: Bool
    /// How standard output is coloured.
    package let paint: Paint
    /// How standard error is coloured.
    package let errorPaint: Paint

    /// Looks at the process's own outputs.
    package init(mode: Paint.Mode, environment: [String: String]) {
        isTerminal = isatty(STDOUT_FILENO) == 1
        paint = Paint(mode: mode, environment: environment, isTerminal: isTerminal)
        errorPaint = Paint(mode: mode, environment: environment, isTerminal: isatty(STDERR_FILENO) == 1)
    }

    /// Writes a result. A reader that went away, as `head` does, ends the process without an error.
    package func write(_ text: String) {
        if !Self.write(text, to: STDOUT_FILENO) { exit(ExitStatus.done.rawValue) }
    }

    /// Writes a line for the person at the terminal; nobody reading it is no reason to stop.
    package func note(_ text: String) { _ = Self.write(text + "\n", to: STDERR_FILENO) }

    /// Moves to the top of an empty screen; does nothing on what is no terminal.
    package func clear() {
        if isTerminal { write("\u{1B}[H\u{1B}[2J") }
    }

    /// Whether all of it was taken.
    private static func write(_ text: String, to descriptor: Int32) -> Bool {
        var rest = ArraySlice(text.utf8)
        while !rest.isEmpty {
            // Sound: the pointer and the count are of the same buffer.
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}
