import Glibc
import WeftLinux
import WeftTypes

/// Datagrams to send or received, for tests: copies everything, which the packet path never does.
struct Datagram: Equatable {
    var bytes: [UInt8]
    var peer: VTEP?
    var segmentByteCount = 0
    var interfaceIndex: Int32 = 0
}

extension UDPSocket {
    /// Sends one datagram, or a run of them cut at `segmentByteCount`.
    borrowing func send(_ bytes: [UInt8], to peer: VTEP, segmentByteCount: Int = 0) -> TransferResult {
        unsafe withUnsafeTemporaryAllocation(byteCount: 128, alignment: 8) { memory in
            guard let base = memory.baseAddress else { return .wouldBlock }
            var copy = bytes
            return unsafe copy.withUnsafeMutableBytes { bytes in
                var slice = unsafe iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
                return unsafe withUnsafeMutablePointer(to: &slice) { slice in
                    var header = unsafe DatagramHeader()
                    unsafe header.msg_hdr.msg_name = base
                    unsafe header.msg_hdr.msg_namelen = unsafe SocketAddress.write(peer, to: base)
                    unsafe header.msg_hdr.msg_iov = slice
                    unsafe header.msg_hdr.msg_iovlen = 1
                    if segmentByteCount > 0 {
                        unsafe ControlMessages.writeSegmentSize(UInt16(segmentByteCount), to: base + 64)
                        unsafe header.msg_hdr.msg_control = base + 64
                        unsafe header.msg_hdr.msg_controllen = ControlMessages.segmentByteCount
                    }
                    return unsafe withUnsafeMutablePointer(to: &header) { header in
                        unsafe transmit(UnsafeMutableBufferPointer(start: header, count: 1))
                    }
                }
            }
        }
    }

    /// Waits up to two seconds for a datagram and receives it, or nil.
    borrowing func receiveOne() throws -> Datagram? {
        var poller = try Poller()
        try poller.add(rawValue, token: 1)
        guard poller.wait(timeout: .seconds(2)) == .transferred(1) else { return nil }
        var bytes = [UInt8](repeating: 0, count: 65536)
        return unsafe withUnsafeTemporaryAllocation(byteCount: 192, alignment: 8) { memory -> Datagram? in
            guard let base = memory.baseAddress else { return nil }
            var header = unsafe DatagramHeader()
            let result = unsafe bytes.withUnsafeMutableBytes { bytes in
                var slice = unsafe iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
                return unsafe withUnsafeMutablePointer(to: &slice) { slice in
                    unsafe header.msg_hdr.msg_name = base
                    unsafe header.msg_hdr.msg_namelen = socklen_t(SocketAddress.byteCount)
                    unsafe header.msg_hdr.msg_iov = slice
                    unsafe header.msg_hdr.msg_iovlen = 1
                    unsafe header.msg_hdr.msg_control = base + 64
                    unsafe header.msg_hdr.msg_controllen = ControlMessages.receiveByteCount
                    return unsafe withUnsafeMutablePointer(to: &header) { header in
                        unsafe receive(UnsafeMutableBufferPointer(start: header, count: 1))
                    }
                }
            }
            guard result == .transferred(1) else { return nil }
            let control = unsafe withUnsafePointer(to: &header.msg_hdr) { unsafe ControlMessages.parse($0) }
            return unsafe Datagram(
                bytes: Array(bytes.prefix(Int(header.msg_len))),
                peer: SocketAddress.read(from: base, byteCount: Int(header.msg_hdr.msg_namelen)),
                segmentByteCount: control.segmentByteCount, interfaceIndex: control.interfaceIndex)
        }
    }
}
