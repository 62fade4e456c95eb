import Glibc
import WeftLinux

/// A connection to a unix socket, as a byte stream.
enum UnixSocket {
    /// Connects to the socket at `path`.
    ///
    /// - Throws: ``LinuxError`` with the errno: `ENOENT` or `ECONNREFUSED` when nobody takes the call.
    static func connect(_ path: String) throws(LinuxError) -> Descriptor {
        let descriptor = try UnixAddress.open(.stream, for: path)
        let number = descriptor.rawValue
        let outcome = unsafe UnixAddress.with(path) { address, byteCount in unsafe Glibc.connect(number, address, byteCount) }
        guard let outcome else { throw LinuxError(.openSocket, path, errno: ENAMETOOLONG) }
        guard outcome == 0 else { throw LinuxError(.openSocket, path, errno: errno) }
        return descriptor
    }
}
