import CWeftLinux
import Glibc
import WeftTypes

extension UDPSocket {
    /// The most segments one `UDP_SEGMENT` send may have on this kernel: 128, 64, or 0 when it has no `UDP_SEGMENT`.
    ///
    /// Found by sending to ourselves from a socket at the same address that drops all it receives. Where that can't be
    /// sent at all (the loopback device is down), it is the 64 that every such kernel has. A device without checksum
    /// offload may still refuse a segmented send with `EIO` (kernels before 6.11): then fall back for good.
    public borrowing func probeSegmentation() -> Int {
        guard descriptor.option(Int32(IPPROTO_UDP), UDP_SEGMENT) != nil else { return 0 }
        var options = UDPSocketOptions(address: local.address, port: .ephemeral)
        options.dropsEverythingReceived = true
        guard let probe = try? UDPSocket.open(options) else { return 64 }
        for count in [128, 64] as [UInt32] {
            let target = probe.local
            let number = probe.rawValue
            let sent = unsafe SocketAddress.with(target) { address, length in
                unsafe weft_send_segments(number, address, length, count)
            }
            if sent == Int(count) { return Int(count) }
            guard sent < 0, errno == EINVAL else { break }
        }
        return 64
    }
}
