import CWeftLinux
import Glibc

/// One queue of a TAP device: frames the host sends into the device are received here, and what is transmitted here
/// arrives on the host as if from a wire. Nonblocking; closed with the value.
///
/// When the device is deleted while the queue is open, transfers fail with `EBADFD` and a poller reports
/// ``Readiness/failed`` for ever: the owner must then close the queue, or its loop spins.
@frozen public struct TapQueue: ~Copyable, Sendable {
    @usableFromInline let descriptor: Descriptor
    /// The device's name when the queue was opened.
    public let name: String
    /// Whether each frame is preceded by a virtio-net header of 10 bytes, both ways.
    public let hasVirtioNetHeader: Bool

    init(owning descriptor: consuming Descriptor, name: String, hasVirtioNetHeader: Bool) {
        self.descriptor = descriptor
        self.name = name
        self.hasVirtioNetHeader = hasVirtioNetHeader
    }

    /// The descriptor's number, for a poller.
    @inlinable public var rawValue: Int32 { descriptor.rawValue }

    /// Gives the descriptor away, still attached.
    public consuming func release() -> Descriptor { descriptor }

    // MARK: Frames

    /// Reads one frame, with its virtio-net header in front, into the slices in order.
    ///
    /// A frame that is longer than the slices is cut without notice: give room for header + 64 KiB + 14.
    @inlinable public borrowing func receive(_ slices: UnsafeMutableBufferPointer<iovec>) -> TransferResult {
        unsafe Self.receive(slices, from: rawValue)
    }

    /// Writes one frame, with its virtio-net header in front, from the slices in order (at most 1024).
    @inlinable public borrowing func transmit(_ slices: UnsafeMutableBufferPointer<iovec>) -> TransferResult {
        unsafe Self.transmit(slices, to: rawValue)
    }

    /// As ``receive(_:)``, on a queue that somebody else keeps open.
    @inlinable public static func receive(
        _ slices: UnsafeMutableBufferPointer<iovec>, from descriptor: Int32
    ) -> TransferResult {
        // The kernel copies in no list of slices for a plain read: a twentieth of the cost of reading a small frame.
        if slices.count == 1 { return transfer { unsafe read(descriptor, slices[0].iov_base, slices[0].iov_len) } }
        return transfer { unsafe readv(descriptor, slices.baseAddress, Int32(truncatingIfNeeded: slices.count)) }
    }

    /// As ``transmit(_:)``, on a queue that somebody else keeps open.
    @inlinable public static func transmit(
        _ slices: UnsafeMutableBufferPointer<iovec>, to descriptor: Int32
    ) -> TransferResult {
        transfer { unsafe writev(descriptor, slices.baseAddress, Int32(truncatingIfNeeded: slices.count)) }
    }

    // MARK: The device

    /// What the kernel says about the device now; the name may have changed.
    public borrowing func facts() throws(LinuxError) -> TapFacts { try TapDevice.facts(of: rawValue, name: name) }

    /// Asks for the richest set of offloads within `wanted` that this kernel knows, and returns it.
    @discardableResult
    public borrowing func probeOffloads(_ wanted: TapOffloads = .all) throws(LinuxError) -> TapOffloads {
        for offloads in TapOffloads.ladder.map(wanted.intersection) {
            if weft_tap_set_offloads(rawValue, offloads.rawValue) == 0 { return offloads }
            guard errno == EINVAL else { break }
        }
        let error = errno
        throw LinuxError(.configureTAP, name, errno: error)
    }

    /// Sets exactly these offloads; they are the device's, shared by its queues.
    public borrowing func setOffloads(_ offloads: TapOffloads) throws(LinuxError) {
        try check(weft_tap_set_offloads(rawValue, offloads.rawValue), .configureTAP, name)
    }

    /// Sets whether the device outlives its last queue. Make it the last step of creating one: a half-made device
    /// then goes with the process.
    public borrowing func setPersistent(_ isPersistent: Bool) throws(LinuxError) {
        try check(weft_tap_set_persistent(rawValue, isPersistent), .configureTAP, name)
    }

    /// Lets the user open the device without privileges.
    public borrowing func setOwner(_ userID: UInt32) throws(LinuxError) {
        try check(weft_tap_set_owner(rawValue, userID), .configureTAP, name)
    }

    /// Sets whether the host sees a carrier on the device.
    public borrowing func setCarrier(_ isOn: Bool) throws(LinuxError) {
        try check(weft_tap_set_carrier(rawValue, isOn), .configureTAP, name)
    }

    borrowing func setHeaderSize() throws(LinuxError) {
        guard hasVirtioNetHeader else { return }
        let byteCount = Int32(TapDevice.virtioNetHeaderByteCount)
        try check(weft_tap_set_header_size(rawValue, byteCount), .configureTAP, name)
    }
}
