import WeftTypes

/// How a UDP socket of the underlay is opened.
public struct UDPSocketOptions: Hashable, Sendable {
    /// Which port the socket gets.
    public enum Port: Hashable, Sendable {
        case fixed(UInt16)
        /// One of 49152–65535 at random, the range of VXLAN's source ports (RFC 7348 §5).
        case ephemeral
    }

    /// How the socket treats the path's MTU. Datagrams are never fragmented outside: DF is set either way.
    public enum PathMTU: Hashable, Sendable, CaseIterable {
        /// Only the device's MTU counts; nobody can shrink it by forged ICMP (`IP_PMTUDISC_PROBE`).
        case device
        /// Datagrams above the path's MTU, as far as the kernel learnt it, fail with `EMSGSIZE` (`IP_PMTUDISC_DO`).
        case path
    }

    /// The local address; the source of all that is sent.
    public var address: IPAddress
    public var port: Port
    /// The interface that a link-local IPv6 address belongs to.
    public var scope: UInt32 = 0
    public var pathMTU = PathMTU.device
    /// Whether several sockets of ours share the port.
    public var sharesPort = false
    /// Whether equal-sized datagrams of one flow may be received as one (`UDP_GRO`); buffers must hold 64 KiB.
    public var mergesReceived = false
    /// Whether the receiving interface is told with each datagram.
    public var wantsPacketInfo = false
    /// Whether the kernel drops all that arrives: for sockets that only transmit.
    public var dropsEverythingReceived = false
    /// Whether what ICMP says about what was sent is kept for ``UDPSocket/receiveError()``. A send may then fail once for what is
    /// waiting there.
    public var keepsErrors = false
    /// Buffer sizes asked for, in bytes; the kernel may grant less without privileges.
    public var receiveBufferByteCount = 8 << 20
    public var sendBufferByteCount = 8 << 20

    /// Creates options for a socket at `address` and `port`, all else at its default.
    public init(address: IPAddress, port: Port) {
        self.address = address
        self.port = port
    }
}
