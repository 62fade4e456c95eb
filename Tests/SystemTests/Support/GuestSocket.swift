import CWeftLinux
import Glibc
import WeftLinux
import WeftTypes

/// A socket of this process in a namespace of the test. Every call on it gives up after a while.
final class GuestSocket: Sendable {
    /// What it carries.
    enum Kind {
        case tcp
        case udp
    }

    private let descriptor: Descriptor
    private let place: Place

    /// Opens a socket in `place`; what it waits for, it waits for at most as long as its `patience`.
    init(_ kind: Kind, _ family: IPAddress.Family, in place: Place, patience: Duration = .seconds(20)) throws {
        let type = kind == .tcp ? SOCK_STREAM : SOCK_DGRAM
        let number = try place.namespace.run {
            socket(family == .v4 ? AF_INET : AF_INET6, Int32(type.rawValue | SOCK_CLOEXEC.rawValue), 0)
        }
        guard number >= 0 else { throw Failure("no socket in \(place): \(LinuxError.text(of: errno))") }
        self.descriptor = Descriptor(owning: number)
        self.place = place
        setPatience(patience)
        set(SOL_SOCKET, SO_RCVBUFFORCE, 4 << 20)
        set(SOL_SOCKET, SO_BROADCAST, 1)
        set(SOL_SOCKET, SO_REUSEADDR, 1)
    }

    private init(accepted number: Int32, in place: Place) {
        descriptor = Descriptor(owning: number)
        self.place = place
        setPatience(.seconds(20))
    }

    /// Sets how long later calls wait.
    func setPatience(_ patience: Duration) {
        let (seconds, attoseconds) = patience.components
        var time = timeval(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
        let byteCount = socklen_t(MemoryLayout<timeval>.size)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            _ = unsafe setsockopt(descriptor.rawValue, SOL_SOCKET, option, &time, byteCount)
        }
    }

    private func set(_ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        _ = unsafe setsockopt(descriptor.rawValue, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Cuts what is sent in one call into datagrams of this many bytes (udp(7), `UDP_SEGMENT`): a superframe of datagrams.
    func cutDatagrams(byteCount: Int) { set(Int32(IPPROTO_UDP), 103, Int32(byteCount)) }

    /// Takes an end point of its own, and with TCP listens on it.
    func listen(_ endPoint: VTEP, isStream: Bool = true) throws {
        let result = unsafe withAddress(endPoint) { unsafe bind(descriptor.rawValue, $0, $1) }
        try check(result, "bind to \(endPoint) in \(place)")
        if isStream { try check(Glibc.listen(descriptor.rawValue, 4), "listen on \(endPoint) in \(place)") }
    }

    /// Connects to an end point.
    func connect(to endPoint: VTEP) throws {
        let result = unsafe withAddress(endPoint) { unsafe Glibc.connect(descriptor.rawValue, $0, $1) }
        try check(result, "connect to \(endPoint) from \(place)")
    }

    /// Takes the next connection.
    func accept() throws -> GuestSocket {
        let number = Glibc.accept(descriptor.rawValue, nil, nil)
        guard number >= 0 else { throw Failure("no connection to \(place): \(LinuxError.text(of: errno))") }
        return GuestSocket(accepted: number, in: place)
    }

    /// Sends all of `bytes`.
    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        repeat {
            // Sound: the pointer stays within `bytes`, `sent` being at most its count.
            let result = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.send(
                    descriptor.rawValue, $0.baseAddress.map { unsafe $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL)
                )
            }
            guard result >= 0 else {
                throw Failure("sent \(sent) of \(bytes.count) bytes from \(place): \(LinuxError.text(of: errno))")
            }
            sent += result
        } while sent < bytes.count
    }

    /// Says that nothing more will be sent.
    func finishSending() { shutdown(descriptor.rawValue, Int32(SHUT_WR)) }

    /// What comes next: bytes of a stream or a datagram; nil when nothing does.
    func receive() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = unsafe buffer.withUnsafeMutableBytes { unsafe recv(descriptor.rawValue, $0.baseAddress, $0.count, 0) }
        return count < 0 ? nil : Array(buffer[0..<count])
    }

    /// All that comes until the other end has finished.
    func receiveToEnd() throws -> [UInt8] {
        var all: [UInt8] = []
        while true {
            guard let bytes = receive() else {
                throw Failure("got \(all.count) bytes in \(place), then nothing: \(LinuxError.text(of: errno))")
            }
            if bytes.isEmpty { return all }
            all += bytes
        }
    }

    private func withAddress(_ endPoint: VTEP, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        unsafe withUnsafeTemporaryAllocation(byteCount: SocketAddress.byteCount, alignment: 8) { memory in
            guard let base = memory.baseAddress else { return -1 }
            let length = unsafe SocketAddress.write(endPoint, to: base)
            return unsafe body(UnsafePointer(base.assumingMemoryBound(to: sockaddr.self)), length)
        }
    }
}

/// A thread whose outcome is waited for.
final class JoinedThread {
    private let outcome = Outcome()
    private var thread: WorkerThread?

    private final class Outcome: @unchecked Sendable {  // the thread writes, the owner reads after the join
        var error: (any Error)?
    }

    init(_ body: @escaping @Sendable () throws -> Void) throws {
        let outcome = outcome
        thread = try WorkerThread(name: "transfer") {
            do { try body() } catch { outcome.error = error }
        }
    }

    /// Waits for its end.
    ///
    /// - Throws: What its body threw.
    func join() throws {
        thread.take()?.join()
        if let error = outcome.error { throw error }
    }
}
