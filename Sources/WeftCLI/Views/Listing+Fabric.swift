import WeftAPI
import WeftTypes

extension Listing where Item == PeerReport {
    /// `weft peers`.
    package static var peers: Listing { peers(isPage: false) }
    /// The table in `weft status`, which has less room.
    package static var peersOfStatus: Listing { peers(isPage: true) }

    private static func peers(isPage: Bool) -> Listing {
        Listing(
            noun: "peers", name: \.name,
            columns: [
                Column("PEER") { Table.Cell($0.name) },
                Column("KIND", isWide: true) { Table.Cell($0.kind) },
                Column("UNDERLAY") { Table.Cell($0.vtep.description) },
                Column("STATE") { Table.Cell($0.state.rawValue, $0.state.tone) },
                Column("RTT") { Table.Cell($0.rttSeconds.map { Quantity.latency(seconds: $0) }) },
                Column("LOSS") { Table.Cell($0.lossRatio.map { Quantity.percent(ratio: $0) }) },
                Column("MTU") { Table.Cell($0.pathMTUByteCount.map { "\($0)" }) },
                Column("TX") { Table.Cell(Quantity.bytes($0.txBytes)) },
                Column("RX") { Table.Cell(Quantity.bytes($0.rxBytes)) },
                Column("SEGMENTS", isWide: isPage) { Table.Cell($0.segments.joined(separator: " ")) },
                Column("DROPS", isWide: true) { Table.Cell(Quantity.count($0.drops.values.reduce(0, &+))) },
                Column("REASON", isWide: true) { Table.Cell($0.drops.mostFrequent) },
                Column("NODE", isWide: true) { Table.Cell($0.nodeID?.description) },
                Column("INCARNATION", isWide: true) { Table.Cell($0.incarnation) },
                Column("SINCE", isWide: true) { Table.Cell($0.changedSeconds.map { Quantity.age(seconds: $0) }) },
            ],
            forPeople: { peers in
                let counts = Dictionary(peers.map { ($0.name, 1) }, uniquingKeysWith: +)
                return peers.map { peer in
                    guard counts[peer.name] != 1, let id = peer.nodeID else { return peer }
                    var peer = peer
                    peer.name += "#" + id.description.prefix(4)
                    return peer
                }
            },
            fetch: { client, query throws(APIError) in try await client.peers(query) })
    }
}

extension PeerReport.State {
    /// The look of a state.
    var tone: Paint.Tone? {
        switch self {
        case .alive: .good
        case .suspect: .warning
        case .dead: .bad
        case .left, .static: nil
        }
    }
}

extension Listing where Item == SegmentReport {
    /// `weft segments`.
    package static var segments: Listing {
        Listing(
            noun: "segments", name: \.name,
            columns: [
                Column("SEGMENT") { Table.Cell($0.name) },
                Column("VNI") { Table.Cell($0.vni.description) },
                Column("SUBNET") { Table.Cell($0.subnets.map(\.description).joined(separator: " ")) },
                Column("MTU") { "\($0.mtu)" },
                Column("BRIDGE") { Table.Cell($0.bridge) },
                Column("UPLINK", isWide: true) { Table.Cell($0.uplink) },
                Column("PORTS") { "\($0.portCount)" },
                Column("PEERS") { "\($0.peerCount)" },
                Column("MACS") { Table.Cell(Quantity.count(UInt64(max(0, $0.fdbEntryCount)))) },
                Column("HOSTS", isWide: true) { Table.Cell($0.hosts.joined(separator: " ")) },
                Column("DROPS") { Table.Cell(Quantity.count($0.drops.values.reduce(0, &+))) },
                Column("REASON", isWide: true) { Table.Cell($0.drops.mostFrequent) },
            ],
            fetch: { client, query throws(APIError) in try await client.segments(query) })
    }
}

extension Listing where Item == FDBEntryReport {
    /// `weft fdb`.
    package static var fdb: Listing {
        Listing(
            noun: "MAC addresses", name: \.mac.description,
            columns: [
                Column("SEGMENT", isWide: true) { Table.Cell($0.segment) },
                Column("VNI", isWide: true) { Table.Cell($0.vni.description) },
                Column("MAC") { Table.Cell($0.mac.description) },
                Column("ADDRESS") { Table.Cell($0.addresses.first?.description) },
                Column("MORE", isWide: true) { entry in
                    Table.Cell(entry.addresses.dropFirst().map(\.description).joined(separator: " "))
                },
                Column("WHERE") { Table.Cell($0.place) },
                Column("VTEP", isWide: true) { Table.Cell($0.vtep) },
                Column("SOURCE") { Table.Cell($0.source.rawValue) },
                Column("AGE") { Table.Cell($0.ageSeconds.map { Quantity.age(seconds: $0) }) },
                Column("SEQ") { "\($0.sequence)" },
            ],
            fetch: { client, query throws(APIError) in try await client.fdb(query) })
    }

    /// `weft fdb` over more than one segment: the same, told apart by a first column.
    package static var fdbOfSegments: Listing {
        let listing = fdb
        return Listing(
            noun: listing.noun, name: listing.name,
            columns: [Column("SEGMENT") { Table.Cell($0.segment) }] + listing.columns.filter { $0.title != "SEGMENT" },
            fetch: listing.fetch)
    }
}

extension Listing where Item == HostReport {
    /// `weft hosts`.
    package static var hosts: Listing {
        Listing(
            noun: "hosts", name: \.name,
            columns: [
                Column("HOST") { Table.Cell($0.name) },
                Column("KIND") { Table.Cell($0.kind) },
                Column("UNDERLAY") { Table.Cell($0.underlay.map(\.description).joined(separator: " ")) },
                Column("UDP", isWide: true) { "\($0.udpPort)" },
                Column("STATE") { Table.Cell($0.state.rawValue, $0.state.tone) },
                Column("PORTS") { "\($0.portCount)" },
                Column("SEGMENTS") { Table.Cell($0.segments.joined(separator: " ")) },
                Column("LABELS", isWide: true) { host in
                    Table.Cell(host.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " "))
                },
            ],
            fetch: { client, query throws(APIError) in try await client.hosts(query) })
    }
}

extension HostReport.State {
    /// The look of a state.
    var tone: Paint.Tone? {
        switch self {
        case .local, .alive: .good
        case .suspect: .warning
        case .dead: .bad
        case .left, .static: nil
        }
    }
}
