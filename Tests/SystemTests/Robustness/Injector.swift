import Glibc
import WeftLinux
import WeftTypes

/// Sends datagrams to a VXLAN port from inside a namespace, as anybody could.
final class Injector {
    /// What differs from a socket as it comes.
    enum Option: Hashable {
        /// The UDP checksum is zero.
        case withoutChecksum
        /// What is too large goes in fragments.
        case fragmented
        /// What is sent begins with its UDP header, right or wrong.
        case raw
    }

    private let descriptor: Descriptor

    /// Opens a socket at `source` in a namespace, and connects it.
    init(in place: Place, from source: String, to target: String, udpPort: UInt16 = 4789, _ options: Set<Option> = []) throws {
        guard let source = IPAddress(source), let target = IPAddress(target) else {
            throw Failure("no addresses: \(source), \(target)")
        }
        let family = source.family == .v4 ? AF_INET : AF_INET6
        let type = options.contains(.raw) ? SOCK_RAW : SOCK_DGRAM
        let number = try place.namespace.run {
            socket(family, Int32(type.rawValue | SOCK_CLOEXEC.rawValue), options.contains(.raw) ? Int32(IPPROTO_UDP) : 0)
        }
        guard number >= 0 else { throw Failure("no socket in \(place): \(LinuxError.text(of: errno))") }
        descriptor = Descriptor(owning: number)
        if options.contains(.withoutChecksum) {
            let (level, name) = family == AF_INET ? (SOL_SOCKET, SO_NO_CHECK) : (Int32(IPPROTO_UDP), 101)  // UDP_NO_CHECK6_TX
            try set(level, name, 1)
        }
        if options.contains(.fragmented) {
            let level = Int32(family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6)
            try set(level, family == AF_INET ? IP_MTU_DISCOVER : IPV6_MTU_DISCOVER, IP_PMTUDISC_DONT)
        }
        try unsafe use(VTEP(address: source, udpPort: 0)) { unsafe bind(number, $0, $1) }
        try unsafe use(VTEP(address: target, udpPort: options.contains(.raw) ? 0 : udpPort)) { unsafe connect(number, $0, $1) }
    }

    private func set(_ level: Int32, _ name: Int32, _ value: Int32) throws {
        var value = value
        let result = unsafe setsockopt(descriptor.rawValue, level, name, &value, 4)
        try check(result, "set option \(name)")
    }

    private func use(_ place: VTEP, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) throws {
        let result = unsafe withUnsafeTemporaryAllocation(byteCount: SocketAddress.byteCount, alignment: 8) { memory -> Int32 in
            guard let base = memory.baseAddress else { return -1 }
            let length = unsafe SocketAddress.write(place, to: base)
            return unsafe body(UnsafePointer(base.assumingMemoryBound(to: sockaddr.self)), length)
        }
        try check(result, "bind or connect to \(place)")
    }

    /// Sends one datagram.
    func send(_ bytes: [UInt8]) throws {
        // A refusal is what ICMP said about an earlier datagram.
        for _ in 0..<8 {
            let count = unsafe bytes.withUnsafeBytes { unsafe Glibc.send(descriptor.rawValue, $0.baseAddress, $0.count, 0) }
            if count == bytes.count { return }
            if errno != ECONNREFUSED { try check(-1, "send \(bytes.count) bytes") }
        }
    }

    /// Sends a run of datagrams of `size` bytes each, the last may be shorter, in one call.
    func send(run bytes: [UInt8], size: Int) throws {
        try set(Int32(IPPROTO_UDP), 103, Int32(size))  // UDP_SEGMENT
        try send(bytes)
        try set(Int32(IPPROTO_UDP), 103, 0)
    }
}
