import WeftTypes

/// A neighbour solicitation or advertisement, ICMPv6 header included: 24 bytes and options, big-endian (RFC 4861 §4.3, §4.4).
///
///     |  type 135 or 136  |   code 0  |          checksum         |
///     |R|S|O|                 reserved                            |
///     |                      target (16)                          |
///     |  options: type (1), length in units of 8 bytes (1), …     |
///
/// The flags belong to the advertisement. The checksum, and the IPv6 header around it, are the caller's to check.
@frozen public struct NeighbourDiscovery: Hashable, Sendable {
    /// Bytes before the options.
    @inlinable public static var byteCount: Int { 24 }
    /// Bytes of what ``emit(into:)`` writes: with one link-layer address option.
    @inlinable public static var emittedByteCount: Int { 32 }

    /// Whether it asks or says.
    @frozen public enum Kind: Hashable, Sendable {
        case solicitation
        case advertisement

        /// The type of the ICMPv6 message.
        @inlinable public var icmp: ICMPv6Header.Kind {
            switch self {
            case .solicitation: .neighbourSolicitation
            case .advertisement: .neighbourAdvertisement
            }
        }

        /// The type of its link-layer address option: source in a solicitation, target in an advertisement (RFC 4861 §4.6.1).
        @inlinable public var optionType: UInt8 {
            switch self {
            case .solicitation: 1
            case .advertisement: 2
            }
        }
    }

    /// Solicitation or advertisement.
    public let kind: Kind
    /// R: the sender is a router.
    public let isRouter: Bool
    /// S: it answers a solicitation that had a source.
    public let isSolicited: Bool
    /// O: it replaces what a neighbour's cache holds.
    public let overrides: Bool
    /// The address that is asked for or announced.
    public let target: IPv6Address
    /// The source's (solicitation) or target's (advertisement) MAC, if there is an option that says it.
    public let linkLayerAddress: MACAddress?
    /// Whether there is an option besides the link-layer address and the nonce of duplicate address detection (RFC 7527 §4.1),
    /// such as a signature, which only the owner of an address can answer.
    public let hasOtherOptions: Bool

    /// Creates a message.
    @inlinable public init(
        _ kind: Kind, target: IPv6Address, linkLayerAddress: MACAddress?, isRouter: Bool = false, isSolicited: Bool = false,
        overrides: Bool = false
    ) {
        self.kind = kind
        self.isRouter = isRouter
        self.isSolicited = isSolicited
        self.overrides = overrides
        self.target = target
        self.linkLayerAddress = linkLayerAddress
        self.hasOtherOptions = false
    }

    /// Parses an ICMPv6 message to its end; `bytes` has no padding.
    ///
    /// - Throws: ``WireError`` `.truncated` below 24 bytes or when an option is cut short, `.badType` when it is neither of the
    ///   two, `.badFlags` when its code is not 0, `.badLength` for an option of no bytes (RFC 4861 §7.1).
    public init(parsing bytes: RawSpan) throws(WireError) {
        guard bytes.byteCount >= Self.byteCount else {
            throw .truncated(.icmpv6, needed: Self.byteCount, got: bytes.byteCount)
        }
        let type = ICMPv6Header.Kind(rawValue: bytes.bigEndian(at: 0))
        switch type {
        case .neighbourSolicitation: kind = .solicitation
        case .neighbourAdvertisement: kind = .advertisement
        default: throw .badType(.icmpv6, type: UInt16(type.rawValue))
        }
        let code: UInt8 = bytes.bigEndian(at: 1)
        guard code == 0 else { throw .badFlags(.icmpv6, flags: code) }
        let flags: UInt8 = bytes.bigEndian(at: 4)
        isRouter = kind == .advertisement && flags & 0x80 != 0
        isSolicited = kind == .advertisement && flags & 0x40 != 0
        overrides = kind == .advertisement && flags & 0x20 != 0
        target = bytes.ipv6Address(at: 8)
        var address: MACAddress?
        var hasOthers = false
        var offset = Self.byteCount
        while offset < bytes.byteCount {
            guard bytes.byteCount - offset >= 8 else {
                throw .truncated(.icmpv6, needed: 8, got: bytes.byteCount - offset)
            }
            let type: UInt8 = bytes.bigEndian(at: offset)
            let byteCount = Int(bytes.bigEndian(at: offset + 1, as: UInt8.self)) * 8
            guard byteCount > 0 else { throw .badLength(.icmpv6, length: 0) }
            guard byteCount <= bytes.byteCount - offset else {
                throw .truncated(.icmpv6, needed: byteCount, got: bytes.byteCount - offset)
            }
            if type == kind.optionType && byteCount == 8 && address == nil {
                address = bytes.macAddress(at: offset + 2)
            } else if type != Self.nonceOptionType {
                hasOthers = true
            }
            offset += byteCount
        }
        linkLayerAddress = address
        hasOtherOptions = hasOthers
    }

    private static var nonceOptionType: UInt8 { 14 }

    /// Writes 32 bytes to the front of `bytes`, with the link-layer address option, zero if there is no address, and with a
    /// checksum field of 0, for the caller to complete.
    public func emit(into bytes: inout MutableRawSpan) {
        let flags: UInt32 = (isRouter ? 1 << 31 : 0) | (isSolicited ? 1 << 30 : 0) | (overrides ? 1 << 29 : 0)
        ICMPv6Header(kind: kind.icmp, word: flags).emit(into: &bytes)
        bytes.storeBigEndian(target.rawValue, at: 8)
        bytes.storeBigEndian(UInt16(kind.optionType) << 8 | 1, at: Self.byteCount)
        bytes.storeMACAddress(linkLayerAddress ?? .zero, at: Self.byteCount + 2)
    }
}

extension IPv6Address {
    /// The group of all stations of a link, `ff02::1`.
    public static var allNodes: IPv6Address { IPv6Address(rawValue: 0xff02 << 112 | 1) }

    /// The group in which the owner of this address listens for solicitations, `ff02::1:ff00:0/104` (RFC 4291 §2.7.1).
    public var solicitedNode: IPv6Address {
        IPv6Address(rawValue: 0xff02 << 112 | 0x1_ff00_0000 | rawValue & 0xff_ffff)
    }

    /// The Ethernet address of a group (RFC 2464 §7).
    public var groupMAC: MACAddress { MACAddress(rawValue: 0x3333_0000_0000 | UInt64(rawValue & 0xffff_ffff)) }
}
