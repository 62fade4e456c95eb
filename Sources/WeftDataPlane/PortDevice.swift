import Glibc
import WeftForwarding
import WeftLinux
import WeftWire

/// A device whose frames the workers read and write, each behind its offload header; kept open by whoever holds this.
///
/// Any worker may write to it; one, the owner, reads it. Frames go by way of its ``line``.
final class PortDevice: Sendable {
    enum Kind: ~Copyable {
        /// One queue of a TAP.
        case tap(TapQueue)
        /// A device that is not ours, such as the host's end of a veth pair.
        case packet(PacketSocket)
    }

    /// What the packet path needs to know.
    let line: PortLine
    private let kind: Kind

    init(_ port: PortIndex, queue: consuming TapQueue) {
        line = PortLine(port, kind: .tap, descriptor: queue.rawValue)
        kind = .tap(queue)
    }

    init(_ port: PortIndex, socket: consuming PacketSocket) {
        line = PortLine(port, kind: .packet, descriptor: socket.rawValue)
        kind = .packet(socket)
    }

    /// Whether the device was deleted and its descriptor will not tell.
    var isGone: Bool {
        switch kind {
        case .tap: false
        case .packet(let socket): socket.isDeviceGone
        }
    }

    /// Frames the kernel dropped because the agent did not read them in time, where the descriptor counts them.
    var kernelDropCount: Int {
        switch kind {
        case .tap: 0
        case .packet(let socket): socket.kernelDropCount()
        }
    }
}

/// A device as the packet path sees it: numbers only, so that passing it on costs nothing.
///
/// Good for as long as the worker holds the ``PortDevice`` it is of.
struct PortLine {
    enum Kind {
        case tap, packet
    }

    /// The port whose frames these are.
    let port: PortIndex
    let kind: Kind
    let descriptor: Int32
    /// The port's row of counters.
    let row: Int
    /// What frames get after their addresses on their way out, where the port is one VLAN of a trunk.
    let tag: VLANTag?

    init(_ port: PortIndex, kind: Kind, descriptor: Int32, tag: VLANTag? = nil) {
        self.port = port
        self.kind = kind
        self.descriptor = descriptor
        self.tag = tag
        row = CounterBlock.row(port)
    }
}

extension PortLine {
    /// Bytes of the front of a frame: its offload header, and after it the beginning of a frame that gets a tag.
    static let frontByteCount = VirtioNetHeader.byteCount + FrameTag.offset + VLANTag.byteCount

    /// The line of one VLAN of this device's trunk.
    func member(_ port: PortIndex, tag: VLANTag?) -> PortLine { PortLine(port, kind: kind, descriptor: descriptor, tag: tag) }

    /// Makes the first slice of `place` the front of the frame whose bytes are lined up behind it; the front is at `start` of
    /// `arena`. A tag goes in by way of it: the addresses are taken from the second slice, which holds at least those.
    @unsafe func putFront(
        _ offload: VirtioNetHeader, in arena: ByteArena, at start: Int, of place: UnsafeMutableBufferPointer<iovec>
    ) {
        var bytes = arena.mutableBytes(start..<start + Self.frontByteCount)
        unsafe place[0] = arena.slice(start..<start + VirtioNetHeader.byteCount)
        guard let tag, unsafe place[1].iov_len >= FrameTag.offset, let frame = unsafe place[1].iov_base else {
            return offload.emit(into: &bytes)
        }
        Offload.shifted(offload, back: -VLANTag.byteCount).emit(into: &bytes)
        // Both are as long as was just seen, and no frame is in the front's own memory.
        unsafe arena.address(start + VirtioNetHeader.byteCount).copyMemory(from: frame, byteCount: FrameTag.offset)
        bytes.storeBigEndian(tag.tpid.rawValue, at: Self.frontByteCount - 4)
        bytes.storeBigEndian(tag.vlan, at: Self.frontByteCount - 2)
        unsafe place[0].iov_len = Self.frontByteCount
        unsafe place[1].iov_base = frame + FrameTag.offset
        unsafe place[1].iov_len -= FrameTag.offset
    }

    /// Undoes what a tag has changed in the frame's slices, for the next line.
    @unsafe func removeFront(of place: UnsafeMutableBufferPointer<iovec>) {
        guard unsafe place[0].iov_len == Self.frontByteCount, let rest = unsafe place[1].iov_base else { return }
        unsafe place[1].iov_base = rest - FrameTag.offset
        unsafe place[1].iov_len += FrameTag.offset
    }
}
