import Glibc
import WeftLinux
import WeftTypes
import WeftWire

/// Somebody at the router who writes ICMP messages "fragmentation needed" about datagrams from alpha to bravo.
final class Forger {
    private let socket: Int32
    /// Source ports that alpha's sockets have, as the kernel of its namespace lists them.
    private let ports: [UInt16]

    init(_ rig: Rig) throws {
        let ports = try rig.run("alpha", "ss", "-Hnua").split(separator: "\n").compactMap { line in
            line.split(separator: " ").dropFirst(3).first?.split(separator: ":").last.flatMap { UInt16($0) }
        }
        guard ports.count > 8 else { throw Rig.Failure(description: "alpha has the ports \(ports) only") }
        let socket = try NetworkNamespace.named(rig.namespace("router")).run {
            Glibc.socket(AF_INET, Int32(SOCK_RAW.rawValue), Int32(IPPROTO_ICMP))
        }
        guard socket >= 0 else { throw Rig.Failure(description: "no raw socket: errno \(errno)") }
        (self.ports, self.socket) = (Set(ports).sorted(), socket)
    }

    deinit { close(socket) }

    /// Sends one message for each of alpha's sockets.
    func sendToAllPorts(mtu: UInt16) throws {
        for port in ports {
            var bytes = [UInt8](repeating: 0, count: 36)
            bytes.withMutableRawBytes { message in
                message.storeBigEndian(0x0304_0000 as UInt32, at: 0)
                message.storeBigEndian(mtu, at: 6)
                // The quoted datagram: IPv4, DF, from alpha's socket to bravo's VXLAN port.
                message.storeBigEndian(0x4500_05DC as UInt32, at: 8)
                message.storeBigEndian(0x0001_4000 as UInt32, at: 12)
                message.storeBigEndian(0x4011_0000 as UInt32, at: 16)
                message.storeBigEndian(0xC000_020B as UInt32, at: 20)
                message.storeBigEndian(0xC000_020C as UInt32, at: 24)
                message.storeBigEndian(port, at: 28)
                message.storeBigEndian(VTEP.defaultUDPPort, at: 30)
                message.storeBigEndian(0x05C8_0000 as UInt32, at: 32)
                let quoted = Checksum.fold(Checksum.sum(message.bytes.extracting(8..<28)))
                message.storeBigEndian(~quoted, at: 18)
                let sum = Checksum.fold(Checksum.sum(message.bytes))
                message.storeBigEndian(~sum, at: 2)
            }
            let target = VTEP(address: .v4(IPv4Address(rawValue: 0xC000_020B)), udpPort: 0)
            let sent = unsafe withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { memory -> Int in
                guard let base = memory.baseAddress else { return -1 }
                let length = unsafe SocketAddress.write(target, to: base)
                return unsafe bytes.withUnsafeBytes { buffer in
                    unsafe sendto(
                        socket, buffer.baseAddress, buffer.count, 0, base.assumingMemoryBound(to: sockaddr.self), length)
                }
            }
            guard sent == bytes.count else { throw Rig.Failure(description: "cannot send: errno \(errno)") }
        }
    }
}
