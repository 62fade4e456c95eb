import Glibc
import WeftLinux
import WeftWire

/// What `recvmmsg` needs to read a batch of frames from a packet port into an arena, each into a slot of its own.
///
/// Safe: the kernel's structures are allocated once, indexed within their counts, and freed with the value; the arena is the
/// worker's and outlives it.
@safe struct PacketReceiver: ~Copyable {
    /// Room for the largest frame, and a distance between two that spreads their first lines over the cache's sets.
    static let stride = 66 << 10 + 192
    static let firstByte = 8
    private static let controlStride = 64

    /// Bytes of an arena that holds `count` slots. Pages that no frame has reached cost nothing.
    static func byteCount(slots count: Int) -> Int { count * stride + 64 }

    private let headers: UnsafeMutableBufferPointer<DatagramHeader>
    private let slices: UnsafeMutableBufferPointer<iovec>
    private let controls: ByteArena

    init(slots count: Int, in arena: ByteArena) {
        precondition(PacketSocket.controlByteCount <= Self.controlStride, "control messages need more room")
        precondition(arena.byteCount >= Self.byteCount(slots: count), "an arena of \(arena.byteCount) for \(count) slots")
        unsafe headers = .allocate(capacity: count)
        unsafe headers.initialize(repeating: DatagramHeader())
        unsafe slices = .allocate(capacity: count)
        controls = ByteArena(byteCount: count * Self.controlStride)
        for slot in 0..<count {
            let start = slot * Self.stride + Self.firstByte
            unsafe slices[slot] = arena.slice(start..<start + Worker.frameByteCount)
            unsafe headers[slot].msg_hdr.msg_iov = slices.baseAddress.map { unsafe $0 + slot }
            unsafe headers[slot].msg_hdr.msg_iovlen = 1
            unsafe headers[slot].msg_hdr.msg_control = controls.address(slot * Self.controlStride)
            unsafe headers[slot].msg_hdr.msg_controllen = PacketSocket.controlByteCount
        }
    }

    deinit {
        unsafe headers.deallocate()
        unsafe slices.deallocate()
        unsafe controls.deallocate()
    }

    /// Reads up to `limit` frames from a packet socket into the first slots.
    func receive(_ limit: Int, from descriptor: Int32) -> TransferResult {
        unsafe PacketSocket.receive(
            UnsafeMutableBufferPointer(rebasing: headers[0..<min(limit, headers.count)]), from: descriptor)
    }

    /// Where the frame of a slot and its offload header are, and the tag to be put back into it; nil when it was cut short.
    ///
    /// The slot is then ready for the next receive.
    func take(_ slot: Int) -> (read: Range<Int>, tag: PacketSocket.Tag?)? {
        let tag = unsafe PacketSocket.tag(of: &headers[slot].msg_hdr)
        unsafe headers[slot].msg_hdr.msg_controllen = PacketSocket.controlByteCount
        guard unsafe headers[slot].msg_hdr.msg_flags & Int32(MSG_TRUNC) == 0 else { return nil }
        let start = slot * Self.stride + Self.firstByte
        return (start..<start + min(Int(unsafe headers[slot].msg_len), Worker.frameByteCount), tag)
    }
}
