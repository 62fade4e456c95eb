import WeftTypes

/// An ARP packet for IPv4 over Ethernet, 28 bytes, big-endian (RFC 826).
///
///     |     hardware type = 1     |   protocol type = 0x0800  |
///     | hw size = 6 | pr size = 4 |         operation         |
///     |     sender MAC (6)        |     sender IPv4 (4)       |
///     |     target MAC (6)        |     target IPv4 (4)       |
@frozen public struct ARPPacket: Hashable, Sendable {
    /// Encoded size in bytes.
    @inlinable public static var byteCount: Int { 28 }

    /// What the packet asks or says; other numbers (RARP, InARP) are kept as they are.
    @frozen public struct Operation: RawRepresentable, Hashable, Sendable {
        /// The number on the wire.
        public let rawValue: UInt16
        /// Creates an operation from its number.
        @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }
        /// "Who has the target address?"
        @inlinable public static var request: Operation { Operation(rawValue: 1) }
        /// "The sender address is at the sender MAC."
        @inlinable public static var reply: Operation { Operation(rawValue: 2) }
        /// "What is the address of the target MAC?", of type ``EtherType/rarp`` (RFC 903).
        @inlinable public static var reverseRequest: Operation { Operation(rawValue: 3) }
    }

    /// Request, reply or other.
    public let operation: Operation
    /// The sender's MAC.
    public let senderMAC: MACAddress
    /// The sender's address; 0.0.0.0 in a probe (RFC 5227 §2.1.1).
    public let sender: IPv4Address
    /// The target's MAC; not meaningful in a request.
    public let targetMAC: MACAddress
    /// The target's address.
    public let target: IPv4Address

    /// Creates a packet.
    @inlinable public init(
        operation: Operation, senderMAC: MACAddress, sender: IPv4Address, targetMAC: MACAddress, target: IPv4Address
    ) {
        self.operation = operation
        self.senderMAC = senderMAC
        self.sender = sender
        self.targetMAC = targetMAC
        self.target = target
    }

    /// Parses the payload of an ARP frame; padding after it is ignored.
    ///
    /// - Throws: ``WireError`` `.truncated` below 28 bytes, `.badType` when it is not IPv4 over Ethernet, `.badLength` when
    ///   the address sizes are not 6 and 4.
    @inlinable public init(parsing bytes: RawSpan) throws(WireError) {
        guard bytes.byteCount >= Self.byteCount else {
            throw .truncated(.arp, needed: Self.byteCount, got: bytes.byteCount)
        }
        let hardware: UInt16 = bytes.bigEndian(at: 0)
        guard hardware == 1 else { throw .badType(.arp, type: hardware) }
        let network: UInt16 = bytes.bigEndian(at: 2)
        guard network == EtherType.ipv4.rawValue else { throw .badType(.arp, type: network) }
        let sizes: UInt16 = bytes.bigEndian(at: 4)
        guard sizes == 0x0604 else { throw .badLength(.arp, length: Int(sizes >> 8) + Int(sizes & 0xFF)) }
        self.operation = Operation(rawValue: bytes.bigEndian(at: 6))
        self.senderMAC = bytes.macAddress(at: 8)
        self.sender = bytes.ipv4Address(at: 14)
        self.targetMAC = bytes.macAddress(at: 18)
        self.target = bytes.ipv4Address(at: 24)
    }

    /// Whether it announces the sender's own address (RFC 5227 §3), as a request or as a reply.
    @inlinable public var isGratuitous: Bool { sender == target && sender.rawValue != 0 }
    /// Whether it asks, without claiming it, whether anyone has the target address (RFC 5227 §2.1.1).
    @inlinable public var isProbe: Bool { operation == .request && sender.rawValue == 0 }

    /// Writes 28 bytes to the front of `bytes`.
    @inlinable public func emit(into bytes: inout MutableRawSpan) {
        bytes.storeBigEndian(UInt16(1), at: 0)
        bytes.storeBigEndian(EtherType.ipv4.rawValue, at: 2)
        bytes.storeBigEndian(UInt16(0x0604), at: 4)
        bytes.storeBigEndian(operation.rawValue, at: 6)
        bytes.storeMACAddress(senderMAC, at: 8)
        bytes.storeBigEndian(sender.rawValue, at: 14)
        bytes.storeMACAddress(targetMAC, at: 18)
        bytes.storeBigEndian(target.rawValue, at: 24)
    }
}
