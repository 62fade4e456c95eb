import CWeftLinux
import Glibc

/// Addresses of unix sockets, as paths or as names of the abstract kind, which start with `@` (as systemd writes them).
package enum UnixAddress {
    /// Calls `body` with the kernel's `sockaddr_un` for `name`, or returns nil when the name is empty or too long (107 bytes).
    package static func with<Value>(_ name: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Value) -> Value? {
        var bytes = Array(name.utf8)
        guard (1...107).contains(bytes.count), !bytes.contains(0) else { return nil }
        let isAbstract = bytes[0] == UInt8(ascii: "@")
        if isAbstract { bytes[0] = 0 }
        // An abstract name is exactly as long as the length says; a path ends with a zero.
        let length = MemoryLayout<sa_family_t>.size + bytes.count + (isAbstract ? 0 : 1)
        return unsafe withUnsafeTemporaryAllocation(byteCount: MemoryLayout<sockaddr_un>.size, alignment: 8) { memory in
            unsafe memory.initializeMemory(as: UInt8.self, repeating: 0)
            unsafe memory.storeBytes(of: sa_family_t(AF_UNIX), as: sa_family_t.self)
            for (index, byte) in bytes.enumerated() {
                unsafe memory[MemoryLayout<sa_family_t>.size + index] = byte
            }
            guard let base = memory.baseAddress else { return nil }
            return unsafe body(UnsafePointer(base.assumingMemoryBound(to: sockaddr.self)), socklen_t(length))
        }
    }

    /// What a socket carries.
    package enum Kind: Hashable, Sendable {
        case stream, datagram
    }

    /// Opens a unix socket, close-on-exec.
    package static func open(_ kind: Kind, for object: String) throws(LinuxError) -> Descriptor {
        let type = kind == .stream ? SOCK_STREAM : SOCK_DGRAM
        return Descriptor(
            owning: try check(socket(AF_UNIX, Int32(type.rawValue | SOCK_CLOEXEC.rawValue), 0), .openSocket, object))
    }
}
