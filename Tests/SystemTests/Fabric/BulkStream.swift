import Glibc
import Synchronization
import WeftLinux
import WeftTypes

/// A TCP connection from one guest to another that carries some megabytes a second until it is ended.
final class BulkStream {
    private let shared: Shared
    private let sender: JoinedThread
    private let receiver: JoinedThread

    private final class Shared: Sendable {
        let isEnding = Atomic<Bool>(false)
        let sentByteCount = Atomic<Int>(0)
        let arrivals = Mutex(Arrivals())
    }

    private struct Arrivals {
        var byteCount = 0
        /// When something came, to 10 ms.
        var times: [Instant] = []
    }

    private static var udpPort: UInt16 { 5997 }

    /// Begins to send from `source` to `address`, which `target` has.
    init(from source: Place, to address: IPAddress, at target: Place) throws {
        let shared = Shared()
        self.shared = shared
        let endPoint = VTEP(address: address, udpPort: Self.udpPort)
        let listener = try GuestSocket(.tcp, address.family, in: target)
        try listener.listen(endPoint)
        receiver = try JoinedThread {
            let socket = try listener.accept()
            while true {
                guard let bytes = socket.receive() else { throw Failure("nothing came for 20 s") }
                if bytes.isEmpty { return }
                let now = MonotonicClock.now()
                shared.arrivals.withLock { arrivals in
                    arrivals.byteCount += bytes.count
                    if let last = arrivals.times.last, last.duration(to: now) < .milliseconds(10) { return }
                    arrivals.times.append(now)
                }
            }
        }
        let client = try GuestSocket(.tcp, address.family, in: source)
        sender = try JoinedThread {
            try client.connect(to: endPoint)
            let chunk = [UInt8](repeating: 0x5A, count: 16 << 10)
            while !shared.isEnding.load(ordering: .relaxed) {
                try client.send(chunk)
                shared.sentByteCount.wrappingAdd(chunk.count, ordering: .relaxed)
                usleep(4000)
            }
            client.finishSending()
        }
    }

    /// The longest time since `start` in which nothing arrived, up to now.
    func longestSilence(since start: Instant) -> Duration {
        let times = shared.arrivals.withLock { $0.times }.filter { $0 > start }
        let moments = [start] + times + [MonotonicClock.now()]
        return zip(moments, moments.dropFirst()).map { $0.duration(to: $1) }.max() ?? .zero
    }

    /// Ends it and waits until all that was sent has arrived.
    func stop() throws -> (sent: Int, arrived: Int) {
        shared.isEnding.store(true, ordering: .relaxed)
        try sender.join()
        try receiver.join()
        return (shared.sentByteCount.load(ordering: .relaxed), shared.arrivals.withLock { $0.byteCount })
    }
}
