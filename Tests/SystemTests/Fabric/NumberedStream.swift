import Glibc
import Synchronization
import WeftLinux
import WeftTypes

/// Numbered datagrams at a steady rate from one guest to an address that several places may have in turn.
final class NumberedStream {
    private let isEnding: Flag
    private let sender: JoinedThread
    private let receivers: [JoinedThread]
    private let tally: Tally

    private final class Flag: Sendable {
        let isUp = Atomic<Bool>(false)
    }

    /// Which numbers were sent and have arrived, wherever.
    private final class Tally: Sendable {
        let sent = Atomic<Int>(0)
        let arrived = Mutex<[UInt8]>(Array(repeating: 0, count: 1 << 20))
    }

    private static var udpPort: UInt16 { 5998 }

    /// Begins to send `rate` datagrams a second from `source` to `address`, which is bound at each of `targets`.
    init(from source: Place, to address: IPAddress, at targets: [Place], rate: Int) throws {
        let (isEnding, tally) = (Flag(), Tally())
        (self.isEnding, self.tally) = (isEnding, tally)
        let any = VTEP(address: .v4(IPv4Address(rawValue: 0)), udpPort: Self.udpPort)
        receivers = try targets.map { place in
            let socket = try GuestSocket(.udp, .v4, in: place, patience: .milliseconds(200))
            try socket.listen(any, isStream: false)
            return try JoinedThread {
                while !isEnding.isUp.load(ordering: .relaxed) {
                    guard let bytes = socket.receive(), bytes.count == 64 else { continue }
                    let number = bytes.prefix(4).reduce(0) { $0 << 8 | Int($1) }
                    tally.arrived.withLock { if number < $0.count { $0[number] &+= 1 } }
                }
            }
        }
        let client = try GuestSocket(.udp, .v4, in: source)
        try client.connect(to: VTEP(address: address, udpPort: Self.udpPort))
        sender = try JoinedThread {
            let start = MonotonicClock.now()
            var number = 0
            while !isEnding.isUp.load(ordering: .relaxed), number < 1 << 20 {
                let due = Int(start.duration(to: MonotonicClock.now()) / .microseconds(1_000_000 / rate))
                while number <= due, number < 1 << 20 {
                    var bytes = [UInt8](repeating: 0, count: 64)
                    for index in 0..<4 { bytes[index] = UInt8(truncatingIfNeeded: number >> (24 - 8 * index)) }
                    // What a guest's own stack refuses (a neighbour that is gone) is as lost as the rest.
                    try? client.send(bytes)
                    number += 1
                }
                tally.sent.store(number, ordering: .relaxed)
                usleep(500)
            }
        }
    }

    /// The number that is sent next.
    var next: Int { tally.sent.load(ordering: .relaxed) }

    /// Ends it and tells how many of the numbers from `first` on were sent, were lost, and came more than once,
    /// and which runs of numbers are missing.
    func stop(from first: Int = 0) throws -> (sent: Int, lost: Int, repeated: Int, gaps: [Range<Int>]) {
        let last = next
        usleep(300_000)
        isEnding.isUp.store(true, ordering: .relaxed)
        try sender.join()
        for receiver in receivers { try receiver.join() }
        return tally.arrived.withLock { arrived in
            let counted = arrived[first..<max(first, last)]
            var gaps: [Range<Int>] = []
            for number in counted.indices where counted[number] == 0 {
                if gaps.last?.upperBound == number {
                    gaps[gaps.count - 1] = gaps[gaps.count - 1].lowerBound..<number + 1
                } else {
                    gaps.append(number..<number + 1)
                }
            }
            return (
                counted.count, counted.count { $0 == 0 }, counted.count { $0 > 1 },
                gaps.map { $0.lowerBound - first..<$0.upperBound - first }
            )
        }
    }
}
