import CWeftLinux
import Glibc

/// A socket on which the frames of one network device are read and written past the host's stack: a VM's TAP, or the
/// host's end of a veth pair. Nonblocking; closed with the value.
///
/// Each frame has a virtio-net header of 10 bytes before it, both ways, so that superframes and partial checksums pass
/// whole (`PACKET_VNET_HDR`). What is transmitted leaves the device at once, past its queueing discipline, and is never
/// received again. The host's own stack still sees every frame, unless a filter on the device drops them behind the socket.
///
/// A device that goes down fails one transfer with `ENETDOWN`; the socket goes on when it comes up again. A device that is
/// deleted looks the same and then is silent: ``isDeviceGone`` tells. Background: `packet(7)`.
@frozen public struct PacketSocket: ~Copyable, Sendable {
    @usableFromInline let descriptor: Descriptor
    /// The device's name when the socket was opened.
    public let name: String
    /// The device's number in its network namespace.
    public let interfaceIndex: Int32

    /// Bytes before each frame.
    public static var virtioNetHeaderByteCount: Int { 10 }
    /// Control bytes each received frame needs room for.
    @inlinable public static var controlByteCount: Int { WEFT_PACKET_CONTROL_BYTES }

    /// Opens a socket on the device `name`, in the network namespace of the calling thread.
    ///
    /// - Throws: ``LinuxError`` `.openPacketSocket`, such as `ENODEV` when there is no such device, `EPERM` without
    ///   CAP_NET_RAW, `ENOPROTOOPT` on a kernel before 4.20.
    public static func open(interface name: String) throws(LinuxError) -> PacketSocket {
        try open(interface: name, isDeaf: false)
    }

    /// As ``open(interface:)``, but receives nothing until its filter is taken off.
    static func openDeaf(interface name: String) throws(LinuxError) -> PacketSocket {
        try open(interface: name, isDeaf: true)
    }

    private static func open(interface name: String, isDeaf: Bool) throws(LinuxError) -> PacketSocket {
        guard InterfaceName.isValid(name) else {
            throw LinuxError(.openPacketSocket, "'\(name)'", errno: EINVAL, detail: "not a valid device name")
        }
        let index = unsafe if_nametoindex(name)
        guard index != 0 else { throw LinuxError(.openPacketSocket, name, errno: ENODEV) }
        let descriptor = Descriptor(owning: try check(weft_packet_open(), .openPacketSocket, name))
        try check(weft_packet_configure(descriptor.rawValue), .openPacketSocket, name)
        if isDeaf {
            var program = ClassicProgram()
            program.return(0)
            let result = unsafe program.instructions.withUnsafeBufferPointer { program in
                unsafe weft_packet_filter(descriptor.rawValue, program.baseAddress, UInt16(program.count))
            }
            try check(result, .openPacketSocket, name)
        }
        descriptor.setBuffer(force: SO_RCVBUFFORCE, plain: SO_RCVBUF, byteCount: 4 << 20)
        descriptor.setBuffer(force: SO_SNDBUFFORCE, plain: SO_SNDBUF, byteCount: 8 << 20)
        try check(weft_packet_bind(descriptor.rawValue, Int32(bitPattern: index)), .openPacketSocket, name)
        return PacketSocket(descriptor: descriptor, name: name, interfaceIndex: Int32(bitPattern: index))
    }

    init(descriptor: consuming Descriptor, name: String, interfaceIndex: Int32) {
        self.descriptor = descriptor
        self.name = name
        self.interfaceIndex = interfaceIndex
    }

    /// Gives the descriptor away.
    public consuming func release() -> Descriptor { descriptor }

    /// The descriptor's number, for a poller.
    @inlinable public var rawValue: Int32 { descriptor.rawValue }

    // MARK: Frames

    /// Receives up to as many frames as there are headers; `.transferred` tells how many.
    ///
    /// Each header's `msg_iov` is the room for offload header and frame, its `msg_control` ``controlByteCount`` bytes, to be
    /// set again before each call. `.failed` with `EINVAL` is one frame that the offload header can't describe; it is lost.
    @inlinable public borrowing func receive(_ headers: UnsafeMutableBufferPointer<DatagramHeader>) -> TransferResult {
        unsafe Self.receive(headers, from: rawValue)
    }

    /// Sends frames in order; `.transferred` tells how many, fewer than given when one could not be sent.
    ///
    /// `.failed` concerns the first frame alone, unless the device is down or gone (`ENETDOWN`, `ENXIO`).
    @inlinable public borrowing func transmit(_ headers: UnsafeMutableBufferPointer<DatagramHeader>) -> TransferResult {
        unsafe Self.transmit(headers, to: rawValue)
    }

    /// As ``receive(_:)``, on a socket that somebody else keeps open.
    @inlinable public static func receive(
        _ headers: UnsafeMutableBufferPointer<DatagramHeader>, from descriptor: Int32
    ) -> TransferResult {
        transfer { unsafe weft_recvmmsg(descriptor, headers.baseAddress, UInt32(truncatingIfNeeded: headers.count)) }
    }

    /// As ``transmit(_:)``, on a socket that somebody else keeps open.
    @inlinable public static func transmit(
        _ headers: UnsafeMutableBufferPointer<DatagramHeader>, to descriptor: Int32
    ) -> TransferResult {
        transfer { unsafe weft_sendmmsg(descriptor, headers.baseAddress, UInt32(truncatingIfNeeded: headers.count)) }
    }

    /// A frame's outermost VLAN tag: the kernel takes it out of the bytes and tells it beside them (`PACKET_AUXDATA`).
    @frozen public struct Tag: Hashable, Sendable {
        /// Priority, drop eligibility and VLAN.
        public let control: UInt16
        /// The tag's own type, 0x8100 or 0x88A8.
        public let type: UInt16

        /// Describes a tag.
        @inlinable public init(control: UInt16, type: UInt16) {
            self.control = control
            self.type = type
        }
    }

    /// The tag of a received frame; offsets in its offload header are those without it.
    @inlinable public static func tag(of header: UnsafePointer<msghdr>) -> Tag? {
        let tag = unsafe weft_read_packet_tag(header)
        return tag.is_present ? Tag(control: tag.tci, type: tag.tpid) : nil
    }

    // MARK: The device

    /// Whether the device was deleted; the socket is of no use then.
    public var isDeviceGone: Bool { weft_packet_interface(rawValue) != interfaceIndex }

    /// Frames the kernel dropped because they did not fit the receive buffer, since the socket was opened.
    public borrowing func kernelDropCount() -> Int { max(0, Int(weft_socket_drop_count(rawValue))) }
}
