import CWeftLinux
import Glibc
import WeftTypes

// One datagram at a time, for those who have few.

extension UDPSocket {
    /// What came of looking for one datagram.
    public enum Reception: Hashable, Sendable {
        /// A datagram, as far as there was room for it, and where it is from.
        case received([UInt8], from: VTEP?)
        case nothing
        /// The socket told an error in place of a datagram; look again.
        case failed(errno: Int32)
    }

    /// Sends one datagram.
    public borrowing func transmit(_ bytes: RawSpan, to endPoint: VTEP) -> TransferResult {
        let number = rawValue
        return unsafe bytes.withUnsafeBytes { buffer in
            unsafe SocketAddress.with(endPoint) { address, length in
                transfer {
                    unsafe sendto(number, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT), address, length)
                }
            }
        }
    }

    /// Receives one datagram, of which no more than `limit` bytes are wanted.
    public borrowing func receive(upTo limit: Int) -> Reception {
        let number = rawValue
        var bytes = [UInt8](repeating: 0, count: max(1, limit))
        var source: VTEP?
        let result = unsafe withUnsafeTemporaryAllocation(byteCount: 128, alignment: 8) { memory -> TransferResult in
            guard let base = memory.baseAddress else { return .wouldBlock }
            var length = socklen_t(memory.count)
            let result = unsafe bytes.withUnsafeMutableBytes { buffer in
                transfer {
                    unsafe recvfrom(
                        number, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT),
                        base.assumingMemoryBound(to: sockaddr.self), &length)
                }
            }
            if case .transferred = result {
                source = unsafe SocketAddress.read(from: base, byteCount: min(memory.count, Int(length)))
            }
            return result
        }
        switch result {
        case .transferred(let count): return .received(Array(bytes.prefix(count)), from: source)
        case .wouldBlock: return .nothing
        case .failed(let error): return .failed(errno: error)
        }
    }
}
