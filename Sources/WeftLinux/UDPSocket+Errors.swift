import CWeftLinux
import Glibc
import WeftTypes

/// What became of a datagram that was sent, as the kernel or somebody on the way says it (`IP_RECVERR`, ip(7)).
public struct SocketError: Hashable, Sendable {
    /// Who says it.
    public enum Origin: Hashable, Sendable {
        /// This host's kernel, when it refused the datagram.
        case local
        /// An ICMP or ICMPv6 message that quotes a datagram from this socket's address and port. Anybody can write one.
        case icmp
    }

    public let origin: Origin
    /// The reason: `EMSGSIZE` when it was too big.
    public let errno: Int32
    /// Where the datagram was sent to; nil when it is not told.
    public let destination: VTEP?
    /// Bytes of an IP packet that would not have been too big, as far as it is told, when ``errno`` is `EMSGSIZE`.
    public let mtu: Int
}

extension UDPSocket {
    /// Takes the oldest entry of the error queue of a socket that keeps errors; nil when there is none.
    ///
    /// A poller reports ``Readiness/failed`` until the queue is empty.
    public borrowing func receiveError() -> SocketError? {
        let number = rawValue
        return unsafe withUnsafeTemporaryAllocation(byteCount: 128, alignment: 8) { memory -> SocketError? in
            guard let base = memory.baseAddress else { return nil }
            var length = socklen_t(memory.count)
            let error = unsafe weft_receive_error(number, base, &length)
            guard error.error != 0 else { return nil }
            return SocketError(
                origin: error.origin == 1 ? .local : .icmp, errno: Int32(truncatingIfNeeded: error.error),
                destination: unsafe SocketAddress.read(from: base, byteCount: min(memory.count, Int(length))),
                mtu: Int(error.info))
        }
    }
}
