import Glibc

/// What Ctrl-C does.
enum Interrupts {
    /// From now on Ctrl-C and SIGTERM end the process with success: a watch has no end of its own.
    static func endWithSuccess() {
        // The handler calls nothing but _exit, which is safe in one (signal-safety(7)).
        for number in [SIGINT, SIGTERM] { signal(number) { _ in _exit(0) } }
    }
}
