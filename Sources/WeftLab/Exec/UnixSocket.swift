import Glibc
import WeftLinux

/// A connection to a unix socket, as a byte stream.
enum UnixSocket {
    /// Connects to the socket at `path`; nil, with the errno in `error`, when nobody takes the call.
    static func connect(_ path: String) -> Result<Int32, Failure> {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count <= LabLayout.maximumSocketPathByteCount else { return .failure(Failure(errno: ENAMETOOLONG)) }
        // Sound: the copy stays below the field's 108 bytes, whose last one remains zero.
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return .failure(Failure(errno: errno)) }
        let outcome = unsafe withUnsafePointer(to: &address) { address in
            // Sound: a `sockaddr_un` begins as every `sockaddr` does, and its size goes with it.
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard outcome == 0 else {
            let error = errno
            close(descriptor)
            return .failure(Failure(errno: error))
        }
        return .success(descriptor)
    }

    /// Why nobody answered.
    struct Failure: Error {
        let errno: Int32
    }
}

/// Waiting for several descriptors at once.
struct PollSet {
    private var entries: [pollfd] = []

    /// Adds a descriptor; nil is left out. Returns its place for ``events(_:)``.
    mutating func add(_ descriptor: Int32?, _ events: Int32 = POLLIN) -> Int {
        entries.append(pollfd(fd: descriptor ?? -1, events: Int16(events), revents: 0))
        return entries.count - 1
    }

    /// Waits until one is ready, a signal comes or the time is over; whether one is ready.
    @discardableResult
    mutating func wait(milliseconds: Int32) -> Bool {
        let count = nfds_t(entries.count)
        let ready = unsafe entries.withUnsafeMutableBufferPointer { unsafe poll($0.baseAddress, count, milliseconds) }
        if ready <= 0 { for index in entries.indices { entries[index].revents = 0 } }
        return ready > 0
    }

    /// What a descriptor is ready for: `POLLIN`, `POLLHUP` and the like.
    func events(_ place: Int) -> Int32 { Int32(entries[place].revents) }
}
