import CWeftLinux
import Glibc
import WeftTypes

/// What a watched descriptor is ready for.
@frozen public struct Readiness: OptionSet, Hashable, Sendable {
    /// The kernel's `EPOLL*` bits.
    public let rawValue: UInt32

    /// Creates a set from the kernel's bits.
    @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Something can be received.
    public static var readable: Readiness { Readiness(rawValue: 0x001) }
    /// Something can be transmitted.
    public static var writable: Readiness { Readiness(rawValue: 0x004) }
    /// The descriptor is broken or its device gone; always reported, for ever: remove it, or the loop spins.
    public static var failed: Readiness { Readiness(rawValue: 0x008) }
    /// The other end closed; always reported.
    public static var hungUp: Readiness { Readiness(rawValue: 0x010) }
}

/// One descriptor that became ready.
@frozen public struct PollEvent: Hashable, Sendable {
    /// The number the descriptor was added with.
    public let token: UInt64
    public let readiness: Readiness

    @inlinable init(_ event: epoll_event) {
        token = unsafe event.data.u64
        readiness = unsafe Readiness(rawValue: event.events)
    }
}

/// Waits for many descriptors at once (epoll, level-triggered). It does not own what it watches.
///
/// Safe: the buffer of events is this value's own, of a fixed size, and freed with it. It may be handed to another thread:
/// only `wait`, which has the value for itself, writes to the buffer.
@safe @frozen public struct Poller: ~Copyable, @unchecked Sendable {
    @usableFromInline let descriptor: Descriptor
    @usableFromInline let events: UnsafeMutableBufferPointer<epoll_event>

    /// Creates a poller that reports at most `capacity` events per wait.
    public init(capacity: Int = 64) throws(LinuxError) {
        precondition(capacity > 0, "a poller needs room for an event, not \(capacity)")
        descriptor = Descriptor(owning: try check(epoll_create1(O_CLOEXEC), .createPoller, "an epoll instance"))
        unsafe events = .allocate(capacity: capacity)
        unsafe events.initialize(repeating: epoll_event())
    }

    deinit { unsafe events.deallocate() }

    /// The poller's own descriptor, readable when something is ready.
    @inlinable public var rawValue: Int32 { descriptor.rawValue }

    /// Watches a descriptor; events carry `token`.
    public borrowing func add(_ watched: Int32, token: UInt64, for readiness: Readiness = .readable) throws(LinuxError) {
        try control(EPOLL_CTL_ADD, watched, token, readiness)
    }

    /// Changes what a watched descriptor is watched for, and its token.
    public borrowing func modify(_ watched: Int32, token: UInt64, for readiness: Readiness) throws(LinuxError) {
        try control(EPOLL_CTL_MOD, watched, token, readiness)
    }

    /// Stops watching; do it before the descriptor is closed.
    public borrowing func remove(_ watched: Int32) throws(LinuxError) {
        try control(EPOLL_CTL_DEL, watched, 0, [])
    }

    /// Waits until something is ready or the timeout is over; `.transferred` tells how many events there are to be read
    /// by subscript. A signal ends the wait early with none.
    ///
    /// - Parameter timeout: nil waits without end; zero only looks.
    public mutating func wait(timeout: Duration?) -> TransferResult {
        let count: Int32
        if let timeout {
            let nanoseconds = max(0, timeout.wholeNanoseconds)
            var limit = timespec(
                tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
            count = unsafe epoll_pwait2(rawValue, events.baseAddress, Int32(events.count), &limit, nil)
        } else {
            count = unsafe epoll_pwait2(rawValue, events.baseAddress, Int32(events.count), nil, nil)
        }
        if count >= 0 { return .transferred(Int(count)) }
        let error = errno
        return error == EINTR ? .transferred(0) : .failed(errno: error)
    }

    /// An event of the last wait, below the number it returned.
    @inlinable public subscript(index: Int) -> PollEvent {
        unsafe precondition(index >= 0 && index < events.count, unsafe "event \(index) of \(events.count)")
        return unsafe PollEvent(events[index])
    }

    private borrowing func control(
        _ verb: Int32, _ watched: Int32, _ token: UInt64, _ readiness: Readiness
    ) throws(LinuxError) {
        var event = unsafe epoll_event()
        unsafe event.events = readiness.rawValue
        unsafe event.data.u64 = token
        try check(unsafe epoll_ctl(rawValue, verb, watched, &event), .watch, "descriptor \(watched)")
    }
}
