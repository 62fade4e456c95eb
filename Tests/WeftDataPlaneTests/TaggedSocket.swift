import Glibc
import Testing
import WeftLinux

/// A device past its host's network stack: frames behind their offload headers, in with the tag that the kernel has taken out.
final class TaggedSocket {
    struct Frame {
        /// The offload header of 10 bytes and the frame.
        var bytes: [UInt8]
        var tag: PacketSocket.Tag?
    }

    private let socket: PacketSocket

    init(_ namespace: String, device: String = "eth0") throws {
        socket = try NetworkNamespace.named(namespace).run { try PacketSocket.open(interface: device) }
    }

    /// Sends a frame, within two seconds: the device's queue may be full of what was sent just before.
    func send(_ frame: [UInt8]) {
        var result = -1
        for _ in 0..<200 where result < 0 {
            result = unsafe frame.withUnsafeBytes { unsafe write(socket.rawValue, $0.baseAddress, $0.count) }
            if result < 0 { usleep(10_000) }
        }
        #expect(result == frame.count)
    }

    /// The first tagged frame that comes within two seconds.
    func receiveTagged() -> (bytes: [UInt8], tag: PacketSocket.Tag)? {
        for _ in 0..<200 {
            usleep(10_000)
            while let frame = receive() {
                if let tag = frame.tag { return (frame.bytes, tag) }
            }
        }
        return nil
    }

    /// The next frame, if there is one.
    func receive() -> Frame? {
        let (frame, control) = unsafe (malloc(1 << 17), malloc(64))
        defer {
            unsafe free(frame)
            unsafe free(control)
        }
        var slice = unsafe iovec(iov_base: frame, iov_len: 1 << 17)
        var header = unsafe DatagramHeader()
        let result = unsafe withUnsafeMutablePointer(to: &slice) { slice in
            unsafe header.msg_hdr.msg_iov = slice
            unsafe header.msg_hdr.msg_iovlen = 1
            unsafe header.msg_hdr.msg_control = control
            unsafe header.msg_hdr.msg_controllen = 64
            return unsafe withUnsafeMutablePointer(to: &header) {
                unsafe socket.receive(UnsafeMutableBufferPointer(start: $0, count: 1))
            }
        }
        guard result == .transferred(1) else { return nil }
        return unsafe Frame(
            bytes: Array(UnsafeRawBufferPointer(start: frame, count: Int(header.msg_len))),
            tag: PacketSocket.tag(of: &header.msg_hdr))
    }
}
