import WeftTypes

@testable import WeftGossip

/// One host's `Endpoints` with a clock of its own, as the tests of its rules drive it.
struct EndpointsHost {
    static let vni = VNI(headerWord: 100 << 8)
    static let mac = MACAddress(rawValue: 0x5254_0000_0101)
    static let otherMAC = MACAddress(rawValue: 0x5254_0000_0102)
    static let key = EndpointKey(vni, mac)
    static let otherKey = EndpointKey(vni, otherMAC)
    static let own = NodeID(rawValue: 50)
    static let port = LocalPort(7)
    static let ip = IPAddress.v4(IPv4Address(rawValue: 0x0A00_0065))

    var endpoints: Endpoints
    var now = Instant(nanoseconds: 1_000_000_000)
    var effects: [Endpoints.Effect] = []
    /// What this host has published.
    var records: [RecordKey: RecordValue] = [:]

    init(_ configuration: EndpointsConfiguration = EndpointsConfiguration(), id: NodeID = own, address: IPAddress? = vtep(50)) {
        endpoints = Endpoints(configuration, identity: id, addresses: address.map { [$0] } ?? [], now: now)
    }

    static func vtep(_ number: UInt32) -> IPAddress { .v4(IPv4Address(rawValue: 0xC000_0200 + number)) }
    static func node(_ number: Int) -> NodeID { NodeID(rawValue: UInt128(number)) }

    /// Gives an input; what came of it replaces ``effects``.
    mutating func give(_ input: Endpoints.Input) {
        effects = []
        endpoints.handle(input, now: now, into: &effects)
        for effect in effects {
            if case .publish(let key, let value) = effect { records[key] = value }
            if case .withdraw(let key) = effect { records[key] = nil }
        }
    }

    mutating func wait(_ duration: Duration) { now = now.advanced(by: duration) }

    /// Lets time pass as a shell does that is woken when it asked to be; all that came of it.
    mutating func run(for duration: Duration) -> [Endpoints.Effect] {
        let end = now.advanced(by: duration)
        var all: [Endpoints.Effect] = []
        while let next = endpoints.deadlines.next, next <= end {
            now = max(now, next)
            give(.tick)
            all += effects
        }
        now = end
        return all
    }

    mutating func sight(_ key: EndpointKey = key, port: LocalPort? = port, _ evidence: EndpointEvidence = .frame) {
        wait(.milliseconds(20))
        give(.sighted(key, port: port, evidence, seen: now))
    }

    /// Another node says that it has the station, or with nil that it no longer has it.
    mutating func hear(
        _ node: Int, _ sequence: UInt32?, sticky: Bool = false, declared: Bool = false, addresses: [IPAddress] = [],
        of key: EndpointKey = key
    ) throws {
        wait(.milliseconds(1))
        let record = try sequence.map {
            try EndpointRecord(
                mobilitySequence: $0, isSticky: sticky, isDeclared: declared, addresses: addresses
            ).encoded()
        }
        give(.recordChanged(origin: Self.node(node), key.recordKey, record))
    }

    /// Another node says where its tunnels end.
    mutating func hearAddress(of node: Int, _ address: IPAddress) throws {
        let record = try NodeRecord(name: "n\(node)", vtepAddresses: [address]).encoded()
        give(.recordChanged(origin: Self.node(node), .node, record))
    }

    /// What this host has published of a station.
    func published(_ key: EndpointKey = key) throws -> EndpointRecord? {
        try records[key.recordKey].map { try EndpointRecord($0) }
    }

    /// Whether this was among the effects.
    func tells(_ effect: Endpoints.Effect) -> Bool { effects.contains(effect) }

    var alarms: [EndpointAlarm] {
        effects.compactMap { if case .alarm(let alarm) = $0 { alarm } else { nil } }
    }
}

extension [Endpoints.Effect] {
    /// Without the requests to be woken.
    var deeds: [Endpoints.Effect] { filter { if case .wake = $0 { false } else { true } } }
    /// Whether late frames are forwarded anew.
    var forwardsLate: Bool { contains { if case .forwardLate = $0 { true } else { false } } }
    /// How many records were published.
    var publicationCount: Int { filter { if case .publish = $0 { true } else { false } }.count }
}
