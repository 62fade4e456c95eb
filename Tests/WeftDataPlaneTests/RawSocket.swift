import Glibc
import WeftLinux

/// A packet socket on a device: frames in and out, as the device's driver sees them.
final class RawSocket {
    private let descriptor: Int32
    private let hasOffloads: Bool
    private var buffer = [UInt8](repeating: 0, count: 80_000)

    /// - Parameter hasOffloads: whether a virtio-net header of 10 bytes comes before each frame that is sent.
    init(device: String, in namespace: String, hasOffloads: Bool = false) throws {
        // ETH_P_ALL, SOL_PACKET, PACKET_VNET_HDR
        let (everything, packetLevel, offloadOption) = (UInt16(3).bigEndian, Int32(263), Int32(15))
        self.hasOffloads = hasOffloads
        let (opened, index) = try NetworkNamespace.named(namespace).run {
            unsafe (
                socket(AF_PACKET, Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue), Int32(everything)), if_nametoindex(device)
            )
        }
        descriptor = opened
        guard descriptor >= 0, index > 0 else { throw Rig.Failure(description: "no packet socket on \(device): errno \(errno)") }
        var large: Int32 = 64 << 20
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &large, 4)
        if hasOffloads {
            var one: Int32 = 1
            guard unsafe setsockopt(descriptor, packetLevel, offloadOption, &one, 4) == 0 else {
                throw Rig.Failure(description: "no offload headers on \(device): errno \(errno)")
            }
        }
        // struct sockaddr_ll: family, protocol, interface, and nothing that matters.
        var address = [UInt8](repeating: 0, count: 20)
        let isBound = unsafe address.withUnsafeMutableBytes { bytes in
            unsafe bytes.storeBytes(of: UInt16(AF_PACKET), toByteOffset: 0, as: UInt16.self)
            unsafe bytes.storeBytes(of: everything, toByteOffset: 2, as: UInt16.self)
            unsafe bytes.storeBytes(of: index, toByteOffset: 4, as: UInt32.self)
            // The kernel reads the 20 bytes as what they are.
            return unsafe bytes.withMemoryRebound(to: sockaddr.self) { unsafe bind(descriptor, $0.baseAddress, 20) } == 0
        }
        guard isBound else { throw Rig.Failure(description: "cannot bind to \(device): errno \(errno)") }
    }

    deinit { close(descriptor) }

    /// Sends a frame; with offloads, behind its header.
    func send(_ bytes: [UInt8]) throws {
        for _ in 0..<100 {
            if unsafe bytes.withUnsafeBytes({ unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, 0) }) == bytes.count {
                return
            }
            guard errno == ENOBUFS else { break }
            usleep(1000)  // the device's queue is full
        }
        throw Rig.Failure(description: "cannot send \(bytes.count) bytes \(bytes.prefix(80)): errno \(errno)")
    }

    /// The next frame that came in, if there is one.
    func receive() -> [UInt8]? {
        let count = unsafe buffer.withUnsafeMutableBytes {
            unsafe recv(descriptor, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT))
        }
        return count < 0 ? nil : Array(buffer[0..<count])
    }
}
