import WeftTypes

/// The families of addresses that a node can send to.
public struct AddressFamilies: Hashable, Sendable {
    private var hasIPv4: Bool
    private var hasIPv6: Bool

    /// The families that `families` names.
    public init(_ families: some Sequence<IPAddress.Family>) {
        (hasIPv4, hasIPv6) = (false, false)
        for family in families {
            switch family {
            case .v4: hasIPv4 = true
            case .v6: hasIPv6 = true
            }
        }
    }

    /// Both.
    public static var all: AddressFamilies { AddressFamilies(IPAddress.Family.allCases) }

    /// Whether a family is one of them.
    public func contains(_ family: IPAddress.Family) -> Bool {
        switch family {
        case .v4: hasIPv4
        case .v6: hasIPv6
        }
    }
}
