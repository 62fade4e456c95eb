import Glibc
import Synchronization
import WeftForwarding
import WeftLinux
import WeftTypes

/// A TCP or UDP transfer between two guests, by sockets of this process, whose bytes are compared.
enum Transfer {
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// Sends `count` bytes over TCP to 10.1.0.2 or 10.1.0.1 and compares what arrives.
    static func tcp(_ rig: Rig, from host: String, count: Int, ipv6: Bool = false, seconds: Int = 30) throws {
        let other = host == "alpha" ? "bravo" : "alpha"
        let last: UInt8 = other == "alpha" ? 1 : 2
        let listener = try open(in: rig.namespace(rig.guest(other)), SOCK_STREAM, ipv6: ipv6, seconds: seconds)
        defer { close(listener) }
        try bindAndListen(listener, last: last, ipv6: ipv6)
        let client = try open(in: rig.namespace(rig.guest(host)), SOCK_STREAM, ipv6: ipv6, seconds: seconds)
        defer { close(client) }

        let data = pattern(count)
        let sender = try JoinedThread {
            guard connect(client, last: last, ipv6: ipv6) else { return "cannot connect: errno \(errno)" }
            var sent = 0
            while sent < data.count {
                let result = unsafe data.withUnsafeBytes {
                    unsafe send(client, $0.baseAddress.map { unsafe $0 + sent }, data.count - sent, 0)
                }
                guard result > 0 else { return "cannot send after \(sent) bytes: errno \(errno)" }
                sent += result
            }
            shutdown(client, Int32(SHUT_WR))
            return nil
        }
        let connection = accept(listener, nil, nil)
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        if connection >= 0 {
            limit(connection, seconds: seconds)
            while true {
                let result = unsafe buffer.withUnsafeMutableBytes { unsafe recv(connection, $0.baseAddress, $0.count, 0) }
                guard result > 0 else { break }
                received += buffer[0..<result]
            }
            close(connection)
        }
        if let failure = sender.result() { throw Failure(description: failure) }
        guard received == data else {
            let same = zip(received, data).prefix { $0 == $1 }.count
            throw Failure(description: "\(received.count) of \(count) bytes, the same up to \(same)")
        }
    }

    /// Sends datagrams of the given sizes, counts how many arrive, and compares them.
    static func udp(_ rig: Rig, from host: String, sizes: [Int], ipv6: Bool = false, segmentSize: Int? = nil) throws -> [[UInt8]]
    {
        let other = host == "alpha" ? "bravo" : "alpha"
        let last: UInt8 = other == "alpha" ? 1 : 2
        let receiver = try open(in: rig.namespace(rig.guest(other)), SOCK_DGRAM, ipv6: ipv6, seconds: 1)
        defer { close(receiver) }
        try bindAndListen(receiver, last: last, ipv6: ipv6, isStream: false)
        let client = try open(in: rig.namespace(rig.guest(host)), SOCK_DGRAM, ipv6: ipv6, seconds: 5)
        defer { close(client) }
        guard connect(client, last: last, ipv6: ipv6) else { throw Failure(description: "cannot connect: errno \(errno)") }
        if let segmentSize {
            var value = Int32(segmentSize)
            _ = unsafe setsockopt(client, Int32(IPPROTO_UDP), 103, &value, 4)  // UDP_SEGMENT
        }
        for (index, size) in sizes.enumerated() {
            let data = pattern(size, seed: UInt64(index))
            let result = unsafe data.withUnsafeBytes { unsafe send(client, $0.baseAddress, $0.count, 0) }
            guard result == size else { throw Failure(description: "cannot send \(size) bytes: errno \(errno)") }
        }
        var all: [[UInt8]] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let result = unsafe buffer.withUnsafeMutableBytes { unsafe recv(receiver, $0.baseAddress, $0.count, 0) }
            guard result >= 0 else { break }
            all.append(Array(buffer[0..<result]))
        }
        return all
    }

    static func open(in namespace: String, _ type: __socket_type, ipv6: Bool, seconds: Int) throws -> Int32 {
        let descriptor = try NetworkNamespace.named(namespace).run {
            socket(ipv6 ? AF_INET6 : AF_INET, Int32(type.rawValue | SOCK_CLOEXEC.rawValue), 0)
        }
        guard descriptor >= 0 else { throw Failure(description: "no socket in \(namespace): errno \(errno)") }
        limit(descriptor, seconds: seconds)
        return descriptor
    }

    private static func limit(_ descriptor: Int32, seconds: Int) {
        var time = timeval(tv_sec: seconds, tv_usec: 0)
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        var large: Int32 = 4 << 20
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &large, 4)
    }

    private static func endPoint(_ last: UInt8, ipv6: Bool) -> VTEP {
        let address: IPAddress =
            ipv6
            ? .v6(IPv6Address(rawValue: 0xfd00_0000_0000_0000_0000_0000_0000_0000 | UInt128(last)))
            : .v4(IPv4Address(rawValue: 0x0A01_0000 | UInt32(last)))
        return VTEP(address: address, udpPort: 5999)
    }

    private static func withAddress(_ last: UInt8, ipv6: Bool, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        unsafe withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { memory in
            guard let base = memory.baseAddress else { return -1 }
            let length = unsafe SocketAddress.write(endPoint(last, ipv6: ipv6), to: base)
            return unsafe body(UnsafePointer(base.assumingMemoryBound(to: sockaddr.self)), length)
        }
    }

    static func connect(_ descriptor: Int32, last: UInt8, ipv6: Bool) -> Bool {
        unsafe withAddress(last, ipv6: ipv6) { unsafe Glibc.connect(descriptor, $0, $1) } == 0
    }

    static func bindAndListen(_ descriptor: Int32, last: UInt8, ipv6: Bool, isStream: Bool = true) throws {
        var one: Int32 = 1
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, 4)
        guard unsafe withAddress(last, ipv6: ipv6, { unsafe bind(descriptor, $0, $1) }) == 0,
            !isStream || listen(descriptor, 4) == 0
        else { throw Failure(description: "cannot listen: errno \(errno)") }
    }
}

/// A thread whose result is waited for.
final class JoinedThread: Sendable {
    private final class Outcome: Sendable {
        let text = Mutex<String?>(nil)
    }

    private let outcome = Outcome()
    private let thread: Mutex<WorkerThread?>

    init(_ body: @escaping @Sendable () -> String?) throws {
        let outcome = outcome
        thread = Mutex(
            try WorkerThread(name: "transfer") {
                let result = body()
                outcome.text.withLock { $0 = result }
            })
    }

    func result() -> String? {
        let taken = thread.withLock { $0.take() }
        taken?.join()
        return outcome.text.withLock { $0 }
    }
}

/// Bytes that differ from each other, so that a piece in the wrong place shows.
func pattern(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var random = SeededRandom(seed: seed)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 8)
    while bytes.count < count {
        let word = random.next()
        for shift in stride(from: UInt64(0), to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: word >> shift)) }
    }
    return Array(bytes.prefix(count))
}
