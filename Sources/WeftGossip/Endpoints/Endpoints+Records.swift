import WeftTypes

// What other nodes say.

extension Endpoints {
    /// A record of another node, or this one's own node record. Records of other kinds mean nothing here.
    mutating func recordChanged(_ origin: NodeID, _ key: RecordKey, _ value: RecordValue?) {
        switch key {
        case .node:
            guard let value else {
                if origin != identity { addressesChanged([], of: origin) }
                return
            }
            do throws(GossipFormatError) {
                addressesChanged(try NodeRecord(value).vtepAddresses, of: origin)
            } catch {
                counters.malformedRecords += 1
            }
        case .endpoint(let vni, let mac):
            guard origin != identity else { return }
            set(claim(of: origin, value), of: origin, to: EndpointKey(vni, mac))
        case .segment, .topologyRevision, .unknown: return
        }
    }

    /// A record that this version must not guess at counts as none.
    private mutating func claim(of origin: NodeID, _ value: RecordValue?) -> EndpointClaim? {
        guard let value else { return nil }
        do throws(GossipFormatError) {
            let record = try EndpointRecord(value)
            return EndpointClaim(
                node: origin, sequence: record.mobilitySequence, isSticky: record.isSticky,
                isDeclared: record.isDeclared, addresses: record.addresses.filter(\.isStationAddress), received: now,
                isRouter: record.isRouter)
        } catch {
            counters.malformedRecords += 1
            return nil
        }
    }

    private mutating func set(_ claim: EndpointClaim?, of origin: NodeID, to key: EndpointKey) {
        guard key.mac.isStation else { return }
        if remotes[key] == nil {
            guard claim != nil else { return }
            guard remotes.count < configuration.maximumRemoteStations else {
                counters.refusedByTable += 1
                return
            }
        }
        let old = remotes[key, default: RemoteClaims()].set(claim, of: origin)
        if let old, claim == nil {
            remember(key, old.sequence, of: origin)
            if remotes[key]?.claims.isEmpty ?? true { locals[key]?.endConflicts() }
        }
        // Who has it in gossip has it; what a plain VTEP had is over.
        if claim != nil { plain[key] = nil }
        settle(key)
    }

    /// A node's tunnels end elsewhere: where several claim a station, that may decide (E4).
    mutating func addressesChanged(_ addresses: [IPAddress], of node: NodeID) {
        let lowest = addresses.min()
        guard vteps[node] != lowest else { return }
        vteps[node] = lowest
        for key in contested.sorted()
        where node == identity || remotes[key]?.index(of: node) != nil {
            settle(key)
        }
    }
}

extension IPAddress {
    /// Whether a station may have it as its own: no group, broadcast, loopback or unspecified address.
    var isStationAddress: Bool {
        switch self {
        case .v4(let address):
            !(address.isMulticast || address.isLimitedBroadcast || address.isLoopback || address.rawValue == 0)
        case .v6(let address):
            !(address.isMulticast || address.isLoopback || address.isUnspecified)
        }
    }
}
