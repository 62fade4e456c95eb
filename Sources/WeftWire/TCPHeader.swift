import WeftTypes

/// The TCP header without its options, 20 bytes, big-endian (RFC 9293 §3.1).
///
///     |         source port         |       destination port        |
///     |                       sequence number                       |
///     |                    acknowledgement number                   |
///     | offset|  rsvd |C|E|U|A|P|R|S|F|            window           |
///     |           checksum          |         urgent pointer        |
///     |               options, data offset − 5 words                |
@frozen public struct TCPHeader: Hashable, Sendable {
    /// Encoded size in bytes of the part without options, which is also the smallest header.
    @inlinable public static var byteCount: Int { 20 }
    /// Where the checksum is, in bytes from the start: virtio's `csum_offset`.
    @inlinable public static var checksumOffset: Int { 16 }

    /// The control bits.
    @frozen public struct Flags: OptionSet, Hashable, Sendable {
        /// The bits as in the 14th byte.
        public let rawValue: UInt8
        /// Creates a set from the 14th byte.
        @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }
        /// No more data from the sender.
        @inlinable public static var fin: Flags { Flags(rawValue: 0x01) }
        /// Synchronise sequence numbers.
        @inlinable public static var syn: Flags { Flags(rawValue: 0x02) }
        /// Reset the connection.
        @inlinable public static var rst: Flags { Flags(rawValue: 0x04) }
        /// Hand the data on at once.
        @inlinable public static var psh: Flags { Flags(rawValue: 0x08) }
        /// The acknowledgement number is meant.
        @inlinable public static var ack: Flags { Flags(rawValue: 0x10) }
        /// The urgent pointer is meant.
        @inlinable public static var urg: Flags { Flags(rawValue: 0x20) }
        /// Congestion was seen (RFC 3168).
        @inlinable public static var ece: Flags { Flags(rawValue: 0x40) }
        /// The congestion window was reduced (RFC 3168).
        @inlinable public static var cwr: Flags { Flags(rawValue: 0x80) }
    }

    /// The sender's port.
    public let sourcePort: UInt16
    /// The receiver's port.
    public let destinationPort: UInt16
    /// Number of the first payload byte.
    public let sequence: UInt32
    /// Number of the next byte expected from the other side.
    public let acknowledgement: UInt32
    /// The whole header with its options in bytes: 20…60, a multiple of 4.
    public let headerByteCount: Int
    /// The control bits.
    public let flags: Flags
    /// The receive window, before scaling.
    public let window: UInt16
    /// The checksum as it is on the wire.
    public let checksum: UInt16
    /// Where urgent data ends, from the sequence number.
    public let urgentPointer: UInt16

    /// Creates a header; `headerByteCount` is 20…60 and a multiple of 4.
    @inlinable public init(
        sourcePort: UInt16, destinationPort: UInt16, sequence: UInt32, acknowledgement: UInt32 = 0,
        headerByteCount: Int = 20, flags: Flags, window: UInt16, checksum: UInt16 = 0, urgentPointer: UInt16 = 0
    ) {
        precondition((20...60).contains(headerByteCount) && headerByteCount % 4 == 0, "header of \(headerByteCount) bytes")
        self.sourcePort = sourcePort
        self.destinationPort = destinationPort
        self.sequence = sequence
        self.acknowledgement = acknowledgement
        self.headerByteCount = headerByteCount
        self.flags = flags
        self.window = window
        self.checksum = checksum
        self.urgentPointer = urgentPointer
    }

    /// Parses the front of an IP payload; reserved bits are ignored.
    ///
    /// - Throws: ``WireError`` `.truncated` when the header or its options are cut short, `.badLength` when the data offset
    ///   is below 20 bytes.
    @inlinable public init(parsing bytes: RawSpan) throws(WireError) {
        guard bytes.byteCount >= Self.byteCount else {
            throw .truncated(.tcp, needed: Self.byteCount, got: bytes.byteCount)
        }
        let headerByteCount = Int(bytes.bigEndian(at: 12, as: UInt8.self) >> 4) * 4
        guard headerByteCount >= Self.byteCount else { throw .badLength(.tcp, length: headerByteCount) }
        guard bytes.byteCount >= headerByteCount else {
            throw .truncated(.tcp, needed: headerByteCount, got: bytes.byteCount)
        }
        self.sourcePort = bytes.bigEndian(at: 0)
        self.destinationPort = bytes.bigEndian(at: 2)
        self.sequence = bytes.bigEndian(at: 4)
        self.acknowledgement = bytes.bigEndian(at: 8)
        self.headerByteCount = headerByteCount
        self.flags = Flags(rawValue: bytes.bigEndian(at: 13))
        self.window = bytes.bigEndian(at: 14)
        self.checksum = bytes.bigEndian(at: 16)
        self.urgentPointer = bytes.bigEndian(at: 18)
    }

    /// Writes the first 20 bytes with ``checksum`` as it is; the options after them, if any, are the caller's.
    @inlinable public func emit(into bytes: inout MutableRawSpan) {
        bytes.storeBigEndian(sourcePort, at: 0)
        bytes.storeBigEndian(destinationPort, at: 2)
        bytes.storeBigEndian(sequence, at: 4)
        bytes.storeBigEndian(acknowledgement, at: 8)
        bytes.storeBigEndian(UInt8(truncatingIfNeeded: headerByteCount / 4) << 4, at: 12)
        bytes.storeBigEndian(flags.rawValue, at: 13)
        bytes.storeBigEndian(window, at: 14)
        bytes.storeBigEndian(checksum, at: 16)
        bytes.storeBigEndian(urgentPointer, at: 18)
    }
}
