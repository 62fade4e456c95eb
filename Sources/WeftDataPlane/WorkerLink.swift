import Glibc
import Synchronization
import WeftForwarding
import WeftLinux

/// What the control side asks of a worker; it is done between two batches.
enum WorkerCommand: Sendable {
    /// Writes a port's frames by way of one device from now on, and reads those that are this worker's.
    case attach(writing: PortDevice, reading: [PortDevice], mergesUDP: Bool)
    /// Lets go of the device.
    case detach(PortIndex, Latch)
    /// Tells a port's frames apart by their VLAN from now on, or no longer.
    case split(PortIndex, TrunkMap?)
    /// Sends frames of ours to the members of a segment.
    case inject([[UInt8]], SegmentIndex)
    case stop
}

/// The two ends of a worker that other threads may touch.
final class WorkerLink: Sendable {
    let counters = CounterBlock()
    let events = EventRing<LearnEvent>()
    /// Addresses that local stations say to have.
    let bindings = EventRing<BindingEvent>()
    let tables = TablesCell()
    private let commands = Mutex<[WorkerCommand]>([])
    private let signal: EventSignal

    init() throws(LinuxError) { signal = try EventSignal() }

    /// Readable when there are commands.
    var descriptor: Int32 { signal.rawValue }

    /// Leaves a command and wakes the worker.
    func send(_ command: WorkerCommand) {
        commands.withLock { $0.append(command) }
        signal.raise()
    }

    /// Lowers the signal before commands are looked for; the worker's.
    func acknowledge() { signal.drain() }

    /// Takes the oldest command; the worker's. One at a time: who waits for a command to be obeyed may rely on nothing of it
    /// being held any longer.
    func takeCommand() -> WorkerCommand? {
        commands.withLock { $0.isEmpty ? nil : $0.removeFirst() }
    }
}

/// What happened to a port's device without anybody's order.
public enum PortEvent: Hashable, Sendable {
    /// The device was deleted, or reading it failed for good; it is no longer read.
    case lost(PortIndex, errno: Int32)
}

/// The way from the workers to the control thread.
final class ControlLink: Sendable {
    private let events = Mutex<[PortEvent]>([])
    private let hasDeviceNews = Atomic<Bool>(false)
    private let signal: EventSignal

    init() throws(LinuxError) { signal = try EventSignal() }

    /// Readable when there is something to do.
    var descriptor: Int32 { signal.rawValue }

    /// Wakes the control thread.
    func wake() { signal.raise() }

    /// Asks the control thread to see which devices are still there.
    func lookAtDevices() {
        hasDeviceNews.store(true, ordering: .releasing)
        signal.raise()
    }

    /// Whether somebody asked to look at the devices; asks no more.
    func takeDeviceNews() -> Bool { hasDeviceNews.exchange(false, ordering: .acquiring) }

    /// Lowers the signal before the work is looked for.
    func acknowledge() { signal.drain() }

    /// Leaves an event and wakes the control thread.
    func report(_ event: PortEvent) {
        events.withLock { $0.append(event) }
        signal.raise()
    }

    /// Takes all events.
    func takeEvents() -> [PortEvent] {
        events.withLock { events in
            defer { events = [] }
            return events
        }
    }
}

/// Lets one thread wait until others have done their part.
final class Latch: Sendable {
    private let remaining: Atomic<Int>
    private let signal: EventSignal

    init(count: Int) throws(LinuxError) {
        remaining = Atomic(count)
        signal = try EventSignal()
    }

    /// One part is done.
    func countDown() {
        if remaining.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { signal.raise() }
    }

    /// Waits until all parts are done, or `milliseconds` are over; whether they are.
    func wait(milliseconds: Int32) -> Bool {
        if remaining.load(ordering: .acquiring) <= 0 { return true }
        var entry = pollfd(fd: signal.rawValue, events: Int16(POLLIN), revents: 0)
        _ = unsafe poll(&entry, 1, milliseconds)
        return remaining.load(ordering: .acquiring) <= 0
    }
}
