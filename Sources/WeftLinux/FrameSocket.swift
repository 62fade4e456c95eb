import CWeftLinux
import Glibc

/// A unix socket over which another program and this one exchange frames. Nonblocking, closed with the last reference to it.
///
/// Background: `unix(7)`. The file of a socket that is bound here is made for its owner alone, from its first moment: the kernel takes
/// the permissions from the descriptor. Paths are followed with the rights of the calling thread, see ``FileIdentity``.
package final class FrameSocket: Sendable {
    private let descriptor: Descriptor
    private let file: SocketPath?

    private init(_ descriptor: consuming Descriptor, file: SocketPath? = nil) {
        self.descriptor = descriptor
        self.file = file
    }

    /// The descriptor's number, to be waited for.
    package var rawValue: Int32 { descriptor.rawValue }

    // MARK: Making

    /// Binds a socket to a path, and has one of streams listen. What a program left there that is gone is replaced, if it was of one
    /// of `owners`; anything else stays, and is the reason why this fails.
    package static func bind(
        _ kind: UnixAddress.Kind, to path: String, replacing owners: Set<UInt32>
    ) throws(LinuxError) -> FrameSocket {
        let descriptor = try UnixAddress.open(kind, for: path)
        try descriptor.setNonblocking(true)
        let number = descriptor.rawValue
        try check(fchmod(number, 0o600), .listen, path)
        var error = unsafe call(path) { unsafe Glibc.bind(number, $0, $1) }
        if error == EADDRINUSE {
            try SocketPath.clear(path, for: kind, owners)
            error = unsafe call(path) { unsafe Glibc.bind(number, $0, $1) }
        }
        guard error == 0 else {
            throw LinuxError(.listen, path, errno: error, detail: SocketPath.explanation(of: error, at: path))
        }
        let socket = FrameSocket(descriptor, file: SocketPath(path))
        if kind == .stream { try check(listen(number, 8), .listen, path) }
        return socket
    }

    /// Connects to a program that listens.
    package static func connect(to path: String) throws(LinuxError) -> FrameSocket {
        let descriptor = try UnixAddress.open(.stream, for: path)
        try descriptor.setNonblocking(true)
        let socket = FrameSocket(descriptor)
        let error = socket.connect(to: path)
        guard error == 0 else {
            throw LinuxError(.connect, path, errno: error, detail: SocketPath.explanation(of: error, at: path))
        }
        return socket
    }

    /// Connects this socket, again where it was connected before; the errno, or 0.
    package func connect(to path: String) -> Int32 {
        unsafe Self.call(path) { unsafe Glibc.connect(rawValue, $0, $1) }
    }

    /// Dissolves the connection of a socket of datagrams.
    package func disconnect() {
        var nothing = sockaddr()
        nothing.sa_family = sa_family_t(AF_UNSPEC)
        _ = unsafe Glibc.connect(rawValue, &nothing, socklen_t(MemoryLayout<sa_family_t>.size))
    }

    /// Accepts a connection, if one waits.
    package func accept() -> FrameSocket? {
        let number = retrying { weft_accept(rawValue) }
        return number >= 0 ? FrameSocket(Descriptor(owning: number)) : nil
    }

    private static func call(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        let result = unsafe UnixAddress.with(path) { address, length -> Int32 in
            retrying { unsafe body(address, length) } == 0 ? 0 : errno
        }
        return result ?? ENAMETOOLONG
    }

    // MARK: The file

    /// Whether the file is still there, and this socket's.
    package var isInPlace: Bool { file?.isUnchanged ?? true }

    /// Removes the file, if it is still this socket's.
    package func removeFile() {
        guard let file, file.isUnchanged else { return }
        _ = unsafe unlink(file.path)
    }

    // MARK: Bytes

    /// Receives into a part of `bytes`; of a datagram the whole length is told though it may be longer than that.
    package func receive(into bytes: inout [UInt8], in range: Range<Int>) -> TransferResult {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count, "\(range) of \(bytes.count) bytes")
        return unsafe bytes.withUnsafeMutableBytes { buffer in
            // Sound: the range lies within the bytes, and the kernel writes no more than its length.
            let place = unsafe buffer.baseAddress.map { unsafe $0 + range.lowerBound }
            return transfer { unsafe recv(rawValue, place, range.count, Int32(MSG_DONTWAIT | MSG_TRUNC)) }
        }
    }

    /// As ``receive(into:in:)``, of a stream.
    package func read(into bytes: inout [UInt8], in range: Range<Int>) -> TransferResult {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count, "\(range) of \(bytes.count) bytes")
        return unsafe bytes.withUnsafeMutableBytes { buffer in
            // Sound: as above. On a stream MSG_TRUNC would throw bytes away.
            let place = unsafe buffer.baseAddress.map { unsafe $0 + range.lowerBound }
            return transfer { unsafe recv(rawValue, place, range.count, Int32(MSG_DONTWAIT)) }
        }
    }

    /// Sends a part of `bytes`; of a stream `.transferred` tells how much of it.
    package func send(_ bytes: [UInt8], in range: Range<Int>) -> TransferResult {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count, "\(range) of \(bytes.count) bytes")
        return unsafe bytes.withUnsafeBytes { buffer in
            // Sound: the range lies within the bytes.
            let place = unsafe buffer.baseAddress.map { unsafe $0 + range.lowerBound }
            let flags = Int32(MSG_DONTWAIT | MSG_NOSIGNAL)
            return transfer { unsafe Glibc.send(rawValue, place, range.count, flags) }
        }
    }

    /// Where the next datagram comes from, without taking it: its sender's path, empty when it has none that can be answered; nil when there is no
    /// datagram.
    package func nextSender() -> String? {
        var address = sockaddr_un()
        var length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let result = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                // Sound: the length is that of the address the pointer leads to.
                retrying { unsafe weft_peek_sender(rawValue, address, &length) }
            }
        }
        guard result >= 0 else { return nil }
        let offset = MemoryLayout<sa_family_t>.size
        let path = unsafe withUnsafeBytes(of: &address) { bytes in
            // Sound: no more than the kernel wrote, and no more than there is.
            unsafe Array(bytes.prefix(Int(length)).dropFirst(offset).prefix { $0 != 0 })
        }
        return path.first == UInt8(ascii: "/") ? String(validating: path, as: UTF8.self) ?? "" : ""
    }
}
