import Glibc
import Synchronization

/// A TCP connection between two guests that carries as much as it can until it is stopped.
final class Stream: Sendable {
    private let received = Atomic<Int>(0)
    private let isStopping = Atomic<Bool>(false)
    private let threads = Mutex<[JoinedThread]>([])
    private let failures = Mutex<[String]>([])

    /// Bytes that arrived so far.
    var byteCount: Int { received.load(ordering: .relaxed) }
    /// What went wrong, once it is stopped.
    var failure: String? { failures.withLock { $0.first } }

    fileprivate init(sender: Int32, connection: Int32) throws {
        let sending = try JoinedThread { [self] in
            defer { close(sender) }
            let data = [UInt8](repeating: 7, count: 1 << 16)
            while !isStopping.load(ordering: .relaxed) {
                let count = unsafe data.withUnsafeBytes {
                    unsafe send(sender, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { return "cannot send: errno \(errno)" }
            }
            return nil
        }
        let receiving = try JoinedThread { [self] in
            defer { close(connection) }
            var buffer = [UInt8](repeating: 0, count: 1 << 18)
            while true {
                let count = unsafe buffer.withUnsafeMutableBytes { unsafe recv(connection, $0.baseAddress, $0.count, 0) }
                if count == 0 { return nil }
                guard count > 0 else { return "cannot receive: errno \(errno)" }
                received.wrappingAdd(count, ordering: .relaxed)
            }
        }
        threads.withLock { $0 = [sending, receiving] }
    }

    /// Ends the connection.
    func stop() {
        isStopping.store(true, ordering: .relaxed)
        let all = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        for thread in all {
            if let failure = thread.result() { failures.withLock { $0.append(failure) } }
        }
    }
}

extension Transfer {
    /// Starts a connection from one guest to the other.
    static func stream(_ rig: Rig, from host: String) throws -> Stream {
        let other = host == "alpha" ? "bravo" : "alpha"
        let last: UInt8 = other == "alpha" ? 1 : 2
        let listener = try open(in: rig.namespace(rig.guest(other)), SOCK_STREAM, ipv6: false, seconds: 20)
        defer { close(listener) }
        try bindAndListen(listener, last: last, ipv6: false)
        let client = try open(in: rig.namespace(rig.guest(host)), SOCK_STREAM, ipv6: false, seconds: 20)
        guard connect(client, last: last, ipv6: false) else { throw Failure(description: "cannot connect: errno \(errno)") }
        let connection = accept(listener, nil, nil)
        guard connection >= 0 else { throw Failure(description: "cannot accept: errno \(errno)") }
        return try Stream(sender: client, connection: connection)
    }
}
