import FoundationEssentials
import Glibc
import WeftLinux
import WeftTypes

/// A guest as others reach it.
struct Guest: Hashable, Sendable, CustomStringConvertible {
    /// Where it is.
    let place: Place
    /// Its addresses.
    let addresses: [IPAddress]

    var description: String { place.description }

    /// Its address of a family.
    func address(_ family: IPAddress.Family) throws -> IPAddress {
        guard let address = addresses.first(where: { $0.family == family }) else {
            throw Failure("\(self) has no address of the family \(family)")
        }
        return address
    }
}

/// What goes between two guests, one way.
struct Traffic {
    let source: Guest
    let target: Guest
    var family = IPAddress.Family.v4

    /// `count` pings, none of which may be lost.
    ///
    /// - Parameter options: Further options of ping(8).
    @discardableResult
    func ping(count: Int = 10, _ options: String...) throws -> String {
        let words = ["ping", "-n", "-c", "\(count)", "-i", "0.05", "-W", "5"] + options + ["\(try target.address(family))"]
        let said = try source.place.run(words)
        guard said.contains(" 0% packet loss") else { throw Failure("from \(source) to \(target): \(said)") }
        return said
    }

    /// Broadcast ARP requests, each of which the target has to answer.
    func arping(count: Int = 3) throws {
        let said = try source.place.run("arping -b -c \(count) -w 10 -I eth0 \(try target.address(.v4))")
        // One request, one answer: more would be a duplicate on the way.
        guard said.contains("Received \(count) response(s)") else { throw Failure("from \(source) to \(target): \(said)") }
    }

    /// Sends bytes over a connection and compares what arrives.
    func tcp(_ bytes: [UInt8] = Payload.megabyte) throws {
        let endPoint = VTEP(address: try target.address(family), udpPort: 5999)
        let listener = try GuestSocket(.tcp, family, in: target.place)
        try listener.listen(endPoint)
        let client = try GuestSocket(.tcp, family, in: source.place)
        let sender = try JoinedThread {
            try client.connect(to: endPoint)
            try client.send(bytes)
            client.finishSending()
        }
        let received: [UInt8]
        do {
            received = try listener.accept().receiveToEnd()
        } catch {
            try sender.join()
            throw error
        }
        try sender.join()
        guard received == bytes else {
            let same = zip(received, bytes).prefix { $0 == $1 }.count
            throw Failure("\(source) to \(target): \(received.count) bytes of \(bytes.count), the same up to \(same)")
        }
    }

    /// Sends datagrams and compares what arrives, in whatever order: all of them, once.
    ///
    /// - Parameter cut: Makes superframes of datagrams of this many bytes.
    func udp(byteCounts: [Int], cut: Int? = nil) throws {
        let endPoint = VTEP(address: try target.address(family), udpPort: 5999)
        let receiver = try GuestSocket(.udp, family, in: target.place, patience: .seconds(5))
        try receiver.listen(endPoint, isStream: false)
        let client = try GuestSocket(.udp, family, in: source.place)
        try client.connect(to: endPoint)
        if let cut { client.cutDatagrams(byteCount: cut) }
        var expected: [[UInt8]] = []
        for (index, byteCount) in byteCounts.enumerated() {
            let bytes = Payload.random(byteCount, seed: UInt64(index))
            try client.send(bytes)
            let step = cut ?? max(1, byteCount)
            expected += stride(from: 0, to: max(1, byteCount), by: step).map { Array(bytes[$0..<min($0 + step, byteCount)]) }
        }
        var received: [[UInt8]] = []
        while received.count < expected.count, let bytes = receiver.receive() { received.append(bytes) }
        receiver.setPatience(.milliseconds(100))
        // Nothing comes twice.
        if expected.count == received.count, let more = receiver.receive() { received.append(more) }
        guard received.count == expected.count, Set(received) == Set(expected) else {
            throw Failure("\(source) to \(target): sent \(expected.map(\.count)) bytes, received \(received.map(\.count))")
        }
    }

    /// A stream of datagrams at a rate that everything here can keep up with.
    ///
    /// - Returns: The share that was lost on the way, in percent; what overran the receiver's own socket is not counted.
    func udpStream(megabitsPerSecond: Int = 5, seconds: Int = 1, byteCount: Int = 1200) throws -> Double {
        let address = try target.address(family)
        let overrunBefore = try target.place.socketOverruns()
        let server = try target.place.start(["iperf3", "-s", "-1", "-B", "\(address)", "--forceflush"])
        try server.waitUntilSaid("Server listening")
        let said = try source.place.run(
            "iperf3 -c \(address) -u -b \(megabitsPerSecond)M -t \(seconds) -l \(byteCount) --json")
        _ = try server.finish(timeout: .seconds(10))
        struct Report: Decodable {
            struct End: Decodable { var sum: Sum }
            struct Sum: Decodable {
                var packets: Int
                var lost_packets: Int
            }
            var end: End
        }
        let sum = try JSONDecoder().decode(Report.self, from: Data(said.utf8)).end.sum
        guard sum.packets > 0 else { throw Failure("iperf3 sent nothing: \(said)") }
        // What the receiver itself could not take in time has crossed the fabric.
        let lost = sum.lost_packets - (try target.place.socketOverruns() - overrunBefore)
        return 100 * Double(max(0, lost)) / Double(sum.packets)
    }
}

/// Bytes to send.
enum Payload {
    /// 1 MB at random.
    static let megabyte = random(1_000_000, seed: 1)

    /// `count` bytes that differ from each other, so that a piece in the wrong place shows.
    static func random(_ count: Int, seed: UInt64) -> [UInt8] {
        var random = SeededRandom(seed: seed)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 8)
        while bytes.count < count {
            let word = random.next()
            for shift in stride(from: UInt64(0), to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: word >> shift)) }
        }
        return Array(bytes.prefix(count))
    }
}
