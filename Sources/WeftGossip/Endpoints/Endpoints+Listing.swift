import WeftTypes

extension Endpoints {
    /// One line of a listing.
    public struct Listing: Hashable, Sendable {
        public var key: EndpointKey
        /// Where it is; what is learnt behind plain VTEPs is the data path's to list.
        public var place: EndpointPlace
        /// The mobility sequence.
        public var sequence: UInt32
        public var isSticky: Bool
        public var isDeclared: Bool
        /// It moved too often and stays where it is until that is cleared (E5).
        public var isDuplicate: Bool
        /// The IP addresses it answers for.
        public var addresses: [IPAddress]
    }

    /// All stations that this host or another has, by segment and address.
    public func listing() -> [Listing] {
        let owned = locals.filter { $0.value.isOwned }.map(\.key)
        let used = remotes.filter { $0.value.inUse != nil }.map(\.key)
        return (owned + used).sorted().compactMap(listing(of:))
    }

    /// One station, if this host or another has it.
    public func listing(of key: EndpointKey) -> Listing? {
        let isDuplicate = histories[key]?.isDuplicate ?? false
        if let local = locals[key], local.isOwned {
            return Listing(
                key: key, place: .local(local.port), sequence: local.sequence, isSticky: local.isSticky,
                isDeclared: local.declaration != nil, isDuplicate: isDuplicate,
                addresses: local.addresses(limit: configuration.maximumAddresses))
        }
        return remotes[key]?.inUse.map { claim in
            Listing(
                key: key, place: .node(claim.node), sequence: claim.sequence, isSticky: claim.isSticky,
                isDeclared: claim.isDeclared, isDuplicate: isDuplicate, addresses: claim.addresses.sorted())
        }
    }

    /// Where frames to a station go in the tunnels; nil if it is here or nobody in gossip has it.
    public func route(to key: EndpointKey) -> Route? { remotes[key]?.inUse.map(Route.init) }

    /// Who answers for an IP address behind another node.
    public func binding(_ vni: VNI, _ address: IPAddress) -> Binding? {
        addresses[AddressKey(vni: vni, address: address)]?.inUse
    }
}
