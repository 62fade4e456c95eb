import Glibc
import WeftLinux
import WeftTypes

/// A VXLAN end point made of a plain UDP socket on bravo's underlay, at an address of its own: what it receives and sends are
/// VXLAN headers with frames.
final class VTEPSocket {
    private let descriptor: Int32
    private var buffer = [UInt8](repeating: 0, count: 70_000)
    let address: IPv4Address

    /// Adds 192.0.2.`last` to bravo, if it has not got it, and listens there.
    init(_ rig: Rig, last: UInt32) throws {
        address = IPv4Address(rawValue: 0xC000_0200 | last)
        if last != 12 { try rig.ip("bravo", "address add \(address)/24 dev under") }
        descriptor = try NetworkNamespace.named(rig.namespace("bravo")).run {
            socket(AF_INET, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        }
        var large: Int32 = 32 << 20
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &large, 4)
        guard bind(address) else {
            throw Rig.Failure(description: "no socket at \(address): errno \(errno)")
        }
    }

    deinit { close(descriptor) }

    private static func socketAddress(_ address: IPv4Address) -> sockaddr_in {
        var result = sockaddr_in()
        result.sin_family = sa_family_t(AF_INET)
        result.sin_port = UInt16(4789).bigEndian
        result.sin_addr.s_addr = address.rawValue.bigEndian
        return result
    }

    private func bind(_ address: IPv4Address) -> Bool {
        var local = Self.socketAddress(address)
        return unsafe withUnsafePointer(to: &local) { pointer in
            // The kernel reads the structure as what it is.
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe Glibc.bind(descriptor, $0, 16) } == 0
        }
    }

    /// Sends a datagram, or with a segment size a run of datagrams of that size as one (`UDP_SEGMENT`).
    func send(_ bytes: [UInt8], segmentSize: Int = 0) throws {
        var size = Int32(segmentSize)
        _ = unsafe setsockopt(descriptor, 17, 103, &size, 4)
        // Not connected: what comes from alpha has another source port.
        var remote = Self.socketAddress(IPv4Address(rawValue: 0xC000_020B))
        let count = unsafe withUnsafePointer(to: &remote) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { remote in
                unsafe bytes.withUnsafeBytes { unsafe sendto(descriptor, $0.baseAddress, $0.count, 0, remote, 16) }
            }
        }
        guard count == bytes.count else { throw Rig.Failure(description: "cannot send \(bytes.count) bytes: errno \(errno)") }
    }

    /// The next datagram, if there is one.
    func receive() -> [UInt8]? {
        let count = unsafe buffer.withUnsafeMutableBytes {
            unsafe recv(descriptor, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT))
        }
        return count < 0 ? nil : Array(buffer[0..<count])
    }

    /// All that comes within `milliseconds`.
    func receiveAll(milliseconds: Int = 200) -> [[UInt8]] {
        usleep(UInt32(milliseconds) * 1000)
        var all: [[UInt8]] = []
        while let datagram = receive() { all.append(datagram) }
        return all
    }
}
