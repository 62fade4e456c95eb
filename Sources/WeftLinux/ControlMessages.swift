import CWeftLinux
import Glibc

/// One datagram of a batch, laid out as the kernel's `struct mmsghdr`: `msg_hdr`, and in `msg_len` the bytes transferred.
public typealias DatagramHeader = weft_mmsghdr

/// What travels beside a datagram: UDP segment sizes and the receiving interface.
public enum ControlMessages {
    /// What the kernel said beside a received datagram.
    @frozen public struct Received: Hashable, Sendable {
        /// Size of each datagram of a merged run, the last may be smaller; 0 when nothing was merged (`UDP_GRO`).
        public let segmentByteCount: Int
        /// The interface it arrived on, 0 when not known (`IP_PKTINFO`, `IPV6_PKTINFO`).
        public let interfaceIndex: Int32

        @inlinable init(_ control: weft_received_control) {
            segmentByteCount = max(0, Int(control.segment_size))
            interfaceIndex = control.interface_index
        }
    }

    /// Control bytes each received datagram needs room for.
    @inlinable public static var receiveByteCount: Int { WEFT_RECEIVE_CONTROL_BYTES }
    /// Control bytes of a datagram sent with a segment size.
    @inlinable public static var segmentByteCount: Int { WEFT_SEGMENT_CONTROL_BYTES }

    /// Reads what came beside a received datagram.
    ///
    /// The pointers in `header` must be those the kernel was given; `msg_controllen` is the kernel's.
    @inlinable public static func parse(_ header: UnsafePointer<msghdr>) -> Received {
        unsafe Received(weft_read_received_control(header))
    }

    /// Writes "cut this into datagrams of `byteCount`" to `memory`, ``segmentByteCount`` bytes aligned to 8
    /// (`UDP_SEGMENT`).
    @inlinable public static func writeSegmentSize(_ byteCount: UInt16, to memory: UnsafeMutableRawPointer) {
        unsafe weft_write_segment_control(memory, byteCount)
    }
}
