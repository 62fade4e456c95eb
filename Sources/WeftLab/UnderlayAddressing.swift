import WeftTypes

/// How the lab's underlay gives any two addresses a way to each other, whatever networks they are from.
///
/// A host has its address without a network around it (/32 or /128) and a default route by a gateway that is taken to be
/// on the wire: the router, which has the same gateway address on the wire to every host and a route per host address.
enum UnderlayAddressing {
    /// The router's address on every wire.
    static func gateway(_ family: IPAddress.Family) -> IPAddress {
        switch family {
        case .v4: .v4(IPv4Address(rawValue: 0xA9FE_0101))  // 169.254.1.1
        case .v6: .v6(IPv6Address(rawValue: 0xFE80 << 112 | 1))  // fe80::1
        }
    }

    /// Whether a router passes packets to and from this address on: no group, not the loopback, not link-local.
    static func isRoutable(_ address: IPAddress) -> Bool {
        switch address {
        case .v4(let address):
            !address.isMulticast && !address.isLoopback && !address.isLimitedBroadcast && address.rawValue >> 24 != 0
                && address.rawValue >> 16 != 0xA9FE
        case .v6(let address):
            !address.isMulticast && address.rawValue > 1 && address.rawValue >> 118 != 0xFE80 >> 6
        }
    }

    /// The prefix that holds this address alone.
    static func alone(_ address: IPAddress) -> IPPrefix? {
        IPPrefix(address: address, length: address.family.bitCount)
    }
}
