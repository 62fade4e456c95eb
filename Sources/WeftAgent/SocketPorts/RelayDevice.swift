import Glibc
import WeftLinux
import WeftTypes

/// The TAP of a socket port, as its relay has it: open while a guest is there, so that the device has a carrier just then.
final class RelayDevice {
    /// Why the device can't be opened although a guest is there.
    private(set) var problem: String?
    private let port: SocketPort
    private let state: RelayState
    private var held: HeldQueue?
    private var attemptAt = Instant(nanoseconds: 0)

    /// Frames that are passed on in one turn, so that the other direction gets its turn, too.
    static var turnLimit: Int { 64 }
    /// Bytes of a frame: a header at least, and at most a packet of 64 KiB behind a header with a tag.
    private static var frameByteCounts: ClosedRange<Int> { 14...65535 + 18 }
    private static var pause: Duration { .milliseconds(100) }

    private final class HeldQueue {
        let queue: TapQueue
        init(_ queue: consuming TapQueue) { self.queue = queue }
    }

    init(_ port: SocketPort, state: RelayState) { (self.port, self.state) = (port, state) }

    /// The open queue's descriptor.
    var rawValue: Int32? { held?.queue.rawValue }

    /// Opens the device for a guest that is there, or closes it.
    func follow(isLinked: Bool, _ now: Instant) {
        guard isLinked else {
            (held, problem) = (nil, nil)
            return
        }
        guard held == nil, now >= attemptAt else { return }
        attemptAt = now.advanced(by: Self.pause)
        do throws(LinuxError) {
            held = try port.identity.asRoot { () throws(LinuxError) in HeldQueue(try TapQueue.openPlain(port.device)) }
            problem = nil
        } catch {
            // While the agent makes the device, or makes it anew, there is none; and it holds the queue itself for a moment.
            problem = error.errno == ENODEV || error.errno == EBUSY && problem == nil ? nil : "\(error)"
        }
    }

    /// When ``follow(isLinked:_:)`` has something to do without being asked.
    func deadline(isLinked: Bool) -> Instant? { isLinked && held == nil ? attemptAt : nil }

    /// Writes a frame of the guest's into the device.
    func deliver(_ bytes: [UInt8], in range: Range<Int>) {
        guard Self.frameByteCounts.contains(range.count) else { return state.count(.invalid) }
        guard let held, case .transferred = held.queue.transmit(bytes, in: range) else { return state.count(.refused) }
    }

    /// Reads a frame for the guest; nil when there is none, or none any more.
    func take(into bytes: inout [UInt8], in range: Range<Int>) -> Int? {
        guard let held else { return nil }
        switch held.queue.receive(into: &bytes, in: range) {
        case .transferred(let count): return count > 0 ? count : nil
        case .wouldBlock: return nil
        case .failed:
            close()
            return nil
        }
    }

    /// Gives up a queue whose device is gone.
    func close() { held = nil }
}
