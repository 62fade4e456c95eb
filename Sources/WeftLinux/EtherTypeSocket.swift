import CWeftLinux
import Glibc

/// A socket that hears the frames of one kind that come in by a device, and sends frames out of it, past the host's stack and past a
/// bridge that the device is in. Nonblocking; it may be used from any thread.
///
/// It hears before bridges and filters do, so also what a blocked port of a bridge or a filter of ours drops. What it sends is not heard by
/// any socket of this kind on the same device.
public final class EtherTypeSocket: Sendable {
    private let socket: PacketSocket

    /// The device's number when the socket was opened.
    public var interfaceIndex: Int32 { socket.interfaceIndex }
    /// The descriptor's number, for a poller.
    public var rawValue: Int32 { socket.rawValue }

    /// Opens a socket on the device `name`, in the network namespace of the calling thread, that hears frames whose type, behind a
    /// first tag, is `etherType` and whose next four bytes are `magic`; about `frameLimit` of them are kept until they are read, so that
    /// what is read is not old.
    ///
    /// - Throws: as ``PacketSocket/open(interface:)``.
    public init(interface name: String, etherType: UInt16, magic: UInt32, frameLimit: Int) throws(LinuxError) {
        socket = try PacketSocket.openDeaf(interface: name)
        // The kernel counts what a frame takes in its memory, and doubles what it is told.
        socket.descriptor.setBuffer(
            force: SO_RCVBUFFORCE, plain: SO_RCVBUF, byteCount: Int32(clamping: max(16 << 10, frameLimit * 512)))
        var program = ClassicProgram()
        program.loadHalf(at: 12)
        program.skip(1, ifEqual: UInt32(etherType))
        program.return(0)
        program.loadWord(at: 14)
        program.skip(1, ifEqual: magic)
        program.return(0)
        program.return(0xFFFF)
        let result = unsafe program.instructions.withUnsafeBufferPointer { program in
            unsafe weft_packet_filter(socket.rawValue, program.baseAddress, UInt16(program.count))
        }
        try check(result, .openPacketSocket, name)
    }

    /// Receives one frame, without the tag that the kernel took out; nil when there is none, or when the device failed.
    ///
    /// - Parameter limit: bytes of a frame that are of interest; a longer one is cut.
    public func receive(limit: Int) -> (frame: [UInt8], tag: PacketSocket.Tag?)? {
        var bytes = [UInt8](repeating: 0, count: PacketSocket.virtioNetHeaderByteCount + limit)
        var control = [UInt64](repeating: 0, count: (PacketSocket.controlByteCount + 7) / 8)
        var header = unsafe DatagramHeader()
        // The header points to both arrays only while the kernel writes them, and tells of no more than they hold.
        let result = unsafe bytes.withUnsafeMutableBytes { bytes in
            unsafe control.withUnsafeMutableBytes { control in
                var slice = unsafe iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
                return unsafe withUnsafeMutablePointer(to: &slice) { slice in
                    unsafe header.msg_hdr.msg_iov = slice
                    unsafe header.msg_hdr.msg_iovlen = 1
                    unsafe header.msg_hdr.msg_control = control.baseAddress
                    unsafe header.msg_hdr.msg_controllen = PacketSocket.controlByteCount
                    return unsafe withUnsafeMutablePointer(to: &header) { header in
                        let result = unsafe socket.receive(UnsafeMutableBufferPointer(start: header, count: 1))
                        guard case .transferred(1) = result else { return nil as (Int, PacketSocket.Tag?)? }
                        let message = unsafe header.pointee.msg_hdr
                        let tag = unsafe withUnsafePointer(to: message) { unsafe PacketSocket.tag(of: $0) }
                        return (Int(unsafe header.pointee.msg_len), tag)
                    }
                }
            }
        }
        guard let (count, tag) = result, count >= PacketSocket.virtioNetHeaderByteCount else { return nil }
        return (Array(bytes.prefix(count).dropFirst(PacketSocket.virtioNetHeaderByteCount)), tag)
    }

    /// Sends one frame; whether the device took it.
    @discardableResult public func send(_ frame: [UInt8]) -> Bool {
        var bytes = [UInt8](repeating: 0, count: PacketSocket.virtioNetHeaderByteCount) + frame
        var header = unsafe DatagramHeader()
        // As above; the kernel only reads.
        return unsafe bytes.withUnsafeMutableBytes { bytes in
            var slice = unsafe iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
            return unsafe withUnsafeMutablePointer(to: &slice) { slice in
                unsafe header.msg_hdr.msg_iov = slice
                unsafe header.msg_hdr.msg_iovlen = 1
                return unsafe withUnsafeMutablePointer(to: &header) { header in
                    let result = unsafe socket.transmit(UnsafeMutableBufferPointer(start: header, count: 1))
                    if case .transferred(1) = result { return true }
                    return false
                }
            }
        }
    }
}
