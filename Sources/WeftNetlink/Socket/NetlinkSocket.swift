import CMnl
import Glibc

/// An rtnetlink socket of libmnl: opens, configures, sends, receives; closes when it goes out of scope.
///
/// It belongs for good to the network namespace of the thread that opened it.
@safe struct NetlinkSocket: ~Copyable, NetlinkTransport {
    private let handle: OpaquePointer
    private let buffer: UnsafeMutableRawBufferPointer
    let portID: UInt32

    /// Size of the receive buffer: the kernel makes the parts of a dump at most this long.
    static var bufferByteCount: Int { 64 << 10 }
    /// How long an answer may take: the kernel answers at once, so a wait means that the answer was lost.
    static var answerSeconds: Int { 10 }

    /// What a socket is for.
    enum Purpose {
        /// Requests and answers; reads wait.
        case requests
        /// Notifications of the groups `RTNLGRP_…`; reads never wait, and the kernel queues at most so many bytes.
        case notifications(groups: [UInt32], receiveByteCount: Int)
    }

    init(_ purpose: Purpose) throws(SystemFailure) {
        unsafe handle = try unsafe Self.open(purpose)
        unsafe buffer = .allocate(byteCount: Self.bufferByteCount, alignment: 16)
        portID = unsafe mnl_socket_get_portid(handle)
    }

    deinit {
        unsafe buffer.deallocate()
        _ = unsafe mnl_socket_close(handle)
    }

    /// The descriptor, for epoll; it stays this socket's.
    var descriptor: Int32 { unsafe mnl_socket_get_fd(handle) }

    private static func open(_ purpose: Purpose) throws(SystemFailure) -> OpaquePointer {
        let flags: Int32
        switch purpose {
        case .requests: flags = Int32(SOCK_CLOEXEC.rawValue)
        case .notifications: flags = Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        }
        guard let handle = unsafe mnl_socket_open2(NETLINK_ROUTE, flags) else { throw SystemFailure(errno: errno) }
        do {
            try unsafe configure(handle, purpose)
            return unsafe handle
        } catch {
            _ = unsafe mnl_socket_close(handle)
            throw error
        }
    }

    private static func configure(_ handle: OpaquePointer, _ purpose: Purpose) throws(SystemFailure) {
        guard unsafe mnl_socket_bind(handle, 0, MNL_SOCKET_AUTOPID) == 0 else { throw SystemFailure(errno: errno) }
        // Every kernel since 4.20 has all three; an older one is refused here, with its error, and not half-served later.
        for option in [NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK] {
            try unsafe set(handle, option, 1)
        }
        switch purpose {
        case .requests:
            var patience = timeval(tv_sec: answerSeconds, tv_usec: 0)
            try unsafe set(handle, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        case .notifications(let groups, let receiveByteCount):
            var size = Int32(clamping: receiveByteCount)
            // The second goes beyond the system's limit and is for the privileged only.
            try unsafe set(handle, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
            try? unsafe set(handle, SO_RCVBUFFORCE, &size, socklen_t(MemoryLayout<Int32>.size))
            for group in groups { try unsafe set(handle, NETLINK_ADD_MEMBERSHIP, Int32(bitPattern: group)) }
        }
    }

    private static func set(_ handle: OpaquePointer, _ option: Int32, _ value: Int32) throws(SystemFailure) {
        var value = value
        let byteCount = socklen_t(MemoryLayout<Int32>.size)
        guard unsafe mnl_socket_setsockopt(handle, option, &value, byteCount) == 0 else { throw SystemFailure(errno: errno) }
    }

    private static func set(
        _ handle: OpaquePointer, _ option: Int32, _ value: UnsafeMutableRawPointer, _ byteCount: socklen_t
    ) throws(SystemFailure) {
        let descriptor = unsafe mnl_socket_get_fd(handle)
        guard unsafe setsockopt(descriptor, SOL_SOCKET, option, value, byteCount) == 0 else {
            throw SystemFailure(errno: errno)
        }
    }

    mutating func send(_ message: [UInt8]) throws(SystemFailure) {
        while true {
            let sent = unsafe message.withUnsafeBytes { unsafe mnl_socket_sendto(handle, $0.baseAddress, $0.count) }
            if sent == message.count { return }
            guard sent < 0, errno == EINTR else { throw SystemFailure(errno: sent < 0 ? errno : EMSGSIZE) }
        }
    }

    /// Receives one datagram.
    ///
    /// - Throws: `EAGAIN` when nothing came in time, `ENOBUFS` when notifications were lost, `ENOSPC` when a datagram is longer
    ///   than the buffer.
    mutating func receive() throws(SystemFailure) -> [UInt8] {
        while true {
            let received = unsafe mnl_socket_recvfrom(handle, buffer.baseAddress, buffer.count)
            // Sound: the kernel wrote that many bytes to the front of the buffer.
            if received >= 0 { return unsafe Array(buffer[..<received]) }
            guard errno == EINTR else { throw SystemFailure(errno: errno) }
        }
    }
}
