import Glibc
import WeftLinux
import WeftTypes

/// Sees every frame that comes into or leaves a namespace, devices that come later included; and sends frames as they are.
final class Sniffer {
    /// A frame as it was on the device.
    struct Frame: Hashable {
        var bytes: [UInt8]
        /// The tag that the kernel took out of the frame: priority and VLAN identifier.
        var tag: UInt16?

        var destination: MACAddress { MACAddress(bytes: bytes.prefix(6)) ?? .zero }
        var source: MACAddress { MACAddress(bytes: bytes.dropFirst(6).prefix(6)) ?? .zero }
        /// What follows the addresses.
        var rest: ArraySlice<UInt8> { bytes.dropFirst(12) }
    }

    private static let everything = Int32(UInt16(0x0003).bigEndian)  // ETH_P_ALL
    private let descriptor: Descriptor
    private let place: Place

    init(in place: Place) throws {
        self.place = place
        let type = Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let number = try place.namespace.run { socket(AF_PACKET, type, Self.everything) }
        guard number >= 0 else { throw Failure("no packet socket in \(place): \(LinuxError.text(of: errno))") }
        descriptor = Descriptor(owning: number)
        var one: Int32 = 1
        try check(unsafe setsockopt(number, 263, 8, &one, 4), "ask for tags")  // SOL_PACKET, PACKET_AUXDATA
        var byteCount: Int32 = 8 << 20
        _ = unsafe setsockopt(number, SOL_SOCKET, SO_RCVBUFFORCE, &byteCount, 4)
    }

    /// The frames since the last call.
    func frames() -> [Frame] {
        var frames: [Frame] = []
        while let frame = next() { frames.append(frame) }
        return frames
    }

    private func next() -> Frame? {
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        var control = [UInt64](repeating: 0, count: 16)
        // The header points to both arrays only while the kernel writes them.
        let count = unsafe bytes.withUnsafeMutableBytes { bytes in
            unsafe control.withUnsafeMutableBytes { control in
                var slice = unsafe iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
                return unsafe withUnsafeMutablePointer(to: &slice) { slice in
                    var header = unsafe msghdr()
                    unsafe header.msg_iov = slice
                    unsafe header.msg_iovlen = 1
                    unsafe header.msg_control = control.baseAddress
                    unsafe header.msg_controllen = control.count
                    return unsafe recvmsg(descriptor.rawValue, &header, 0)
                }
            }
        }
        guard count >= 0 else { return nil }
        // cmsghdr: length 8, level 4, type 4; then tpacket_auxdata: status, length, captured length, two offsets, tag.
        let auxiliary = control.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64($0 * 8)) } }
        let hasTag = auxiliary[12] == 8 && auxiliary[16] & 0x10 != 0  // TP_STATUS_VLAN_VALID
        let tag = UInt16(auxiliary[32]) | UInt16(auxiliary[33]) << 8
        return Frame(bytes: Array(bytes.prefix(count)), tag: hasTag ? tag : nil)
    }

    /// Sends a frame out of a device, as a guest with a will of its own would.
    func send(_ frame: [UInt8], on device: String = "eth0") throws {
        let index = try place.namespace.run { unsafe if_nametoindex(device) }
        guard index > 0 else { throw Failure("no \(device) in \(place)") }
        // sockaddr_ll: family, protocol, interface; the rest is not looked at.
        var address = [UInt8](repeating: 0, count: 20)
        address[0] = UInt8(AF_PACKET)
        for shift in 0..<4 { address[4 + shift] = UInt8(truncatingIfNeeded: index >> UInt32(shift * 8)) }
        let count = unsafe address.withUnsafeBytes { address in
            unsafe frame.withUnsafeBytes { frame in
                unsafe sendto(
                    descriptor.rawValue, frame.baseAddress, frame.count, 0,
                    address.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(address.count))
            }
        }
        if count != frame.count { try check(-1, "send \(frame.count) bytes on \(device) of \(place)") }
    }
}
