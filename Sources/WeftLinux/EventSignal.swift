import CWeftLinux
import Glibc

/// Wakes a poller from any thread (eventfd). Signals add up until they are drained.
public struct EventSignal: ~Copyable, Sendable {
    private let descriptor: Descriptor

    /// Creates a signal that is not raised.
    public init() throws(LinuxError) {
        descriptor = Descriptor(owning: try check(eventfd(0, O_CLOEXEC | O_NONBLOCK), .createPoller, "an eventfd"))
    }

    /// The descriptor's number, for a poller: readable while raised.
    public var rawValue: Int32 { descriptor.rawValue }

    /// Raises the signal; safe from any thread, never blocks.
    public borrowing func raise() { _ = eventfd_write(rawValue, 1) }

    /// Lowers the signal; whether it was raised.
    @discardableResult
    public borrowing func drain() -> Bool {
        var count: eventfd_t = 0
        return unsafe eventfd_read(rawValue, &count) == 0
    }
}
