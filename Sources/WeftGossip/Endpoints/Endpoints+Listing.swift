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

extension Endpoints {
    /// Something that is at two places, as this host was alarmed of, and that it leaves where it is until that is cleared.
    public enum Duplicate: Hashable, Sendable {
        /// A MAC address (E5); ended by ``Input/clearDuplicate(_:)``.
        case station(EndpointKey)
        /// An IP address (E9); ended by ``Input/clearDuplicateAddress(_:_:)``.
        case address(VNI, IPAddress)

        /// The segment it is in.
        public var vni: VNI {
            switch self {
            case .station(let key): key.vni
            case .address(let vni, _): vni
            }
        }
    }

    /// All duplicates, stations first, by segment and address.
    public func duplicates() -> [Duplicate] {
        let stations = histories.filter { $0.value.isDuplicate }.keys.sorted()
        let addresses = addresses.filter { $0.value.isDuplicate }.keys.sorted()
        return stations.map { .station($0) } + addresses.map { .address($0.vni, $0.address) }
    }
}
