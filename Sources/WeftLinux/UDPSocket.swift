import CWeftLinux
import Glibc
import WeftTypes

/// A UDP socket of the underlay, bound, not connected, nonblocking; closed with the value.
///
/// Datagrams go in batches (`sendmmsg`, `recvmmsg`). TTL is 64, DF is set. What ICMP says about a peer never fails a
/// socket that is not connected; a send can still fail for its own reason (`EHOSTUNREACH`, `EMSGSIZE`, `EPERM` by a
/// firewall), which concerns that one datagram.
@frozen public struct UDPSocket: ~Copyable, Sendable {
    @usableFromInline let descriptor: Descriptor
    /// The address and port the socket is bound to.
    public let local: VTEP

    /// Opens, configures and binds a socket.
    ///
    /// - Throws: ``LinuxError`` `.openSocket`, `.configureSocket` or `.bindSocket`, such as `EADDRINUSE`.
    public static func open(_ options: UDPSocketOptions) throws(LinuxError) -> UDPSocket {
        let family = options.address.family == .v4 ? AF_INET : AF_INET6
        let type = Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = Descriptor(owning: try check(socket(family, type, 0), .openSocket, "\(options.address)"))
        try descriptor.configure(with: options)
        try descriptor.bind(with: options)
        return try UDPSocket(adopting: descriptor)
    }

    /// Takes over a bound socket that was opened elsewhere.
    public init(adopting descriptor: consuming Descriptor) throws(LinuxError) {
        guard let local = try descriptor.boundAddress() else {
            throw LinuxError(.openSocket, "an inherited descriptor", errno: EINVAL, detail: "it is not a bound UDP socket")
        }
        self.local = local
        self.descriptor = descriptor
    }

    /// The descriptor's number, for a poller.
    @inlinable public var rawValue: Int32 { descriptor.rawValue }

    /// Gives the descriptor away, still bound.
    public consuming func release() -> Descriptor { descriptor }

    /// Receives up to as many datagrams as there are headers; `.transferred` tells how many.
    ///
    /// Each header's `msg_name`, `msg_iov` and `msg_control` and their lengths must be set again before each call.
    @inlinable public borrowing func receive(_ headers: UnsafeMutableBufferPointer<DatagramHeader>) -> TransferResult {
        transfer { unsafe weft_recvmmsg(descriptor.rawValue, headers.baseAddress, UInt32(headers.count)) }
    }

    /// Sends datagrams in order; `.transferred` tells how many, fewer than given when one could not be sent.
    ///
    /// `.failed` concerns the first datagram alone: count it, and go on with the next.
    @inlinable public borrowing func transmit(_ headers: UnsafeMutableBufferPointer<DatagramHeader>) -> TransferResult {
        transfer { unsafe weft_sendmmsg(descriptor.rawValue, headers.baseAddress, UInt32(headers.count)) }
    }

    /// Whether equal-sized datagrams of one flow may be received as one: asked for, and known to this kernel.
    public var mergesReceived: Bool { descriptor.option(Int32(IPPROTO_UDP), UDP_GRO) == 1 }

    /// Datagrams the kernel dropped because they did not fit the receive buffer, since the socket was opened.
    public borrowing func kernelDropCount() -> Int { max(0, Int(weft_socket_drop_count(rawValue))) }

    /// Bytes of the receive and the send buffer as granted; the kernel counts its own overhead in, doubling what is asked.
    public borrowing func bufferByteCounts() -> (receive: Int, send: Int) {
        (Int(descriptor.option(SOL_SOCKET, SO_RCVBUF) ?? 0), Int(descriptor.option(SOL_SOCKET, SO_SNDBUF) ?? 0))
    }
}

extension Descriptor {
    fileprivate borrowing func configure(with options: UDPSocketOptions) throws(LinuxError) {
        let object = "\(options.address)"
        func set(_ level: Int32, _ name: Int32, _ value: Int32) throws(LinuxError) {
            try check(setOption(level, name, value), .configureSocket, object)
        }
        if options.dropsEverythingReceived {
            try check(weft_drop_everything_received(rawValue), .configureSocket, object)
        }
        if options.sharesPort { try set(SOL_SOCKET, SO_REUSEPORT, 1) }
        let receive = options.dropsEverythingReceived ? 0 : Int32(clamping: options.receiveBufferByteCount)
        setBuffer(force: SO_RCVBUFFORCE, plain: SO_RCVBUF, byteCount: receive)
        setBuffer(force: SO_SNDBUFFORCE, plain: SO_SNDBUF, byteCount: Int32(clamping: options.sendBufferByteCount))
        if options.mergesReceived { _ = setOption(Int32(IPPROTO_UDP), UDP_GRO, 1) }  // kernels before 5.0 lack it

        switch options.address.family {
        case .v4:
            let level = Int32(IPPROTO_IP)
            let mode = options.pathMTU == .device ? IP_PMTUDISC_PROBE : IP_PMTUDISC_DO
            try set(level, IP_MTU_DISCOVER, mode)
            try set(level, IP_TTL, 64)
            if options.wantsPacketInfo { try set(level, IP_PKTINFO, 1) }
            if options.keepsErrors { try set(level, IP_RECVERR, 1) }
        case .v6:
            let level = Int32(IPPROTO_IPV6)
            let mode = options.pathMTU == .device ? IPV6_PMTUDISC_PROBE : IPV6_PMTUDISC_DO
            try set(level, IPV6_V6ONLY, 1)
            try set(level, IPV6_MTU_DISCOVER, mode)
            try set(level, IPV6_DONTFRAG, 1)
            try set(level, IPV6_UNICAST_HOPS, 64)
            if options.wantsPacketInfo { try set(level, IPV6_RECVPKTINFO, 1) }
            if options.keepsErrors { try set(level, IPV6_RECVERR, 1) }
        }
    }

    /// Sets a buffer size past the system's limit where privileged, within it otherwise.
    borrowing func setBuffer(force: Int32, plain: Int32, byteCount: Int32) {
        guard byteCount > 0, setOption(SOL_SOCKET, force, byteCount) != 0 else { return }
        _ = setOption(SOL_SOCKET, plain, byteCount)
    }

    fileprivate borrowing func bind(with options: UDPSocketOptions) throws(LinuxError) {
        switch options.port {
        case .fixed(let port):
            let local = VTEP(address: options.address, udpPort: port)
            try check(bind(to: local, scope: options.scope), .bindSocket, "\(local)")
        case .ephemeral:
            var random = SystemRandomNumberGenerator()
            for attempt in 1... {
                let local = VTEP(address: options.address, udpPort: .random(in: 49152...65535, using: &random))
                if bind(to: local, scope: options.scope) == 0 { return }
                let error = errno
                guard error == EADDRINUSE, attempt < 256 else { throw LinuxError(.bindSocket, "\(local)", errno: error) }
            }
        }
    }

    private borrowing func bind(to local: VTEP, scope: UInt32) -> Int32 {
        let number = rawValue
        return unsafe SocketAddress.with(local, scope: scope) { address, length in unsafe Glibc.bind(number, address, length) }
    }

    /// The UDP address this descriptor is bound to, or nil when it is another kind of socket.
    fileprivate borrowing func boundAddress() throws(LinuxError) -> VTEP? {
        let number = rawValue
        guard option(SOL_SOCKET, SO_TYPE) == Int32(SOCK_DGRAM.rawValue) else { return nil }
        return unsafe withUnsafeTemporaryAllocation(byteCount: 128, alignment: 8) { memory -> VTEP? in
            guard let base = memory.baseAddress else { return nil }
            var length = socklen_t(memory.count)
            guard unsafe getsockname(number, base.assumingMemoryBound(to: sockaddr.self), &length) == 0 else { return nil }
            return unsafe SocketAddress.read(from: base, byteCount: min(memory.count, Int(length)))
        }
    }

    /// Sets an option that is an `int`; the errno is set when it fails.
    borrowing func setOption(_ level: Int32, _ name: Int32, _ value: Int32) -> Int32 {
        var value = value
        return unsafe setsockopt(rawValue, level, name, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    /// An option that is an `int`, or nil when the kernel does not know it.
    borrowing func option(_ level: Int32, _ name: Int32) -> Int32? {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return unsafe getsockopt(rawValue, level, name, &value, &length) == 0 ? value : nil
    }
}
