import Synchronization
import WeftLinux

/// The queues of the TAPs that the agent holds, between the driver that opens them and the packet workers that use them.
///
/// A device is known by its number, which outlives a rename and is not used again when it is made anew. The driver fills the
/// registry and asks it how many queues are held; the data path claims queues and is told when a device is gone. Both go on
/// without each other: an uplink whose queues nobody claims just has nobody who reads it.
public final class UplinkRegistry: Sendable {
    private let entries = Mutex<[Int32: Entry]>([:])
    private let lossHandler = Mutex<@Sendable (Uplink) -> Void>({ _ in })

    /// A device with queues in the registry.
    public struct Uplink: Hashable, Sendable {
        /// The kernel's number for the device.
        public let index: Int32
        /// Its name when the first queue was opened.
        public let device: String
        /// The queues that were opened, claimed or not.
        public let queueCount: Int
    }

    private struct Entry {
        let device: String
        var queues: [Slot]
    }

    /// One queue until it is claimed.
    private final class Slot: Sendable {
        let queue: Mutex<TapQueue?>

        init(_ queue: consuming sending TapQueue) { self.queue = Mutex(consume queue) }
    }

    /// Creates an empty registry.
    public init() {}

    /// The devices that have queues, by number.
    public var uplinks: [Uplink] {
        entries.withLock { entries in
            entries.sorted { $0.key < $1.key }.map {
                Uplink(index: $0.key, device: $0.value.device, queueCount: $0.value.queues.count)
            }
        }
    }

    /// The device with that name whose queues were opened last, nil when there is none.
    public func uplink(named device: String) -> Uplink? { uplinks.last { $0.device == device } }

    /// Takes a queue, from 0, out of the registry; nil when it was claimed before or never opened. It still counts as held.
    public func claimQueue(_ number: Int, of index: Int32) -> TapQueue? {
        let slot = entries.withLock { entries -> Slot? in
            guard let queues = entries[index]?.queues, queues.indices.contains(number) else { return nil }
            return queues[number]
        }
        return slot?.queue.withLock { $0.take() }
    }

    /// Calls `body` when a device is gone or about to go, so that the workers close its queues; a queue of a device that is
    /// gone reports a failure to its poller for ever.
    public func onLoss(_ body: @escaping @Sendable (Uplink) -> Void) { lossHandler.withLock { $0 = body } }

    // MARK: The driver's side

    func add(_ queue: consuming sending TapQueue, of index: Int32, device: String) {
        let slot = Slot(queue)
        entries.withLock { $0[index, default: Entry(device: device, queues: [])].queues.append(slot) }
    }

    func queueCount(of index: Int32) -> Int { entries.withLock { $0[index]?.queues.count ?? 0 } }

    /// Forgets all devices but those that still exist.
    func keepOnly(_ indices: Set<Int32>) {
        for uplink in uplinks where !indices.contains(uplink.index) { remove(uplink.index) }
    }

    func remove(_ index: Int32) {
        guard let entry = entries.withLock({ $0.removeValue(forKey: index) }) else { return }
        let handler = lossHandler.withLock { $0 }
        handler(Uplink(index: index, device: entry.device, queueCount: entry.queues.count))
    }

    /// Runs `body` on a queue that was not claimed yet, and says whether there was one.
    func withQueue(of index: Int32, _ body: (borrowing TapQueue) throws(LinuxError) -> Void) throws(LinuxError) -> Bool {
        for slot in entries.withLock({ $0[index]?.queues ?? [] }) {
            let isDone = try slot.queue.withLock { queue throws(LinuxError) in
                guard let present = queue.take() else { return false }
                let outcome: Result<Void, LinuxError>
                do throws(LinuxError) { outcome = .success(try body(present)) } catch { outcome = .failure(error) }
                queue = consume present
                try outcome.get()
                return true
            }
            if isDone { return true }
        }
        return false
    }
}
