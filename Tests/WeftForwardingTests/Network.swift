import WeftForwarding
import WeftTypes
import WeftWire

/// A host with two segments, as the pipeline's tests see it.
///
/// blue (VNI 100): ports 0 (uplink) and 1 (direct), peers 0 (static agent), 1 (plain) and 2 (gossip). green (VNI 200): port 2,
/// peer 1, tags carried, unknown unicast dropped. red (VNI 300): no port here, peer 0.
struct Network {
    static let blue = SegmentIndex(0)
    static let green = SegmentIndex(1)
    static let red = SegmentIndex(2)
    static let here = MACAddress(rawValue: 0x5254_0000_0101)
    static let there = MACAddress(rawValue: 0x5254_0000_0102)
    static let pinned = MACAddress(rawValue: 0x5254_0000_0103)
    static let nobody = MACAddress(rawValue: 0x5254_0000_01FF)

    var fabric = FabricDescription(
        segments: [
            SegmentDescription(
                index: blue, vni: VNI(headerWord: 100 << 8), name: "blue", mtu: 1450,
                members: [PeerIndex(0), PeerIndex(1), PeerIndex(2)]),
            SegmentDescription(
                index: green, vni: VNI(headerWord: 200 << 8), name: "green", mtu: 1400, tags: .carry, unknownUnicast: .drop,
                members: [PeerIndex(1)]),
            SegmentDescription(index: red, vni: VNI(headerWord: 300 << 8), name: "red", mtu: 1450, members: [PeerIndex(0)]),
        ],
        ports: [
            PortDescription(index: PortIndex(0), name: "blue", segment: blue),
            PortDescription(index: PortIndex(1), name: "vm9", segment: blue, isManyMACs: false),
            PortDescription(index: PortIndex(2), name: "green", segment: green),
        ],
        peers: [
            PeerDescription(index: PeerIndex(0), name: "bravo", vtep: vtep(12), kind: .staticAgent),
            PeerDescription(index: PeerIndex(1), name: "leaf7", vtep: vtep(70), kind: .plain),
            PeerDescription(index: PeerIndex(2), name: "carol", vtep: vtep(13), kind: .gossipAgent),
        ])
    var directory = Directory()
    var bindings = BindingTable()
    var lateRoutes = LateRoutes()
    var paths = PathLimits()
    var memory = PathMemory()
    var now = Instant(nanoseconds: 1_000_000_000_000)

    init() {
        directory.configure([
            Directory.Station(key: FDBKey(Self.blue, Self.here), location: .port(PortIndex(0))),
            Directory.Station(key: FDBKey(Self.blue, Self.there), location: .peer(PeerIndex(0))),
            Directory.Station(key: FDBKey(Self.blue, Self.pinned), location: .port(PortIndex(1)), isSticky: true),
        ])
    }

    static func vtep(_ last: UInt32) -> VTEP { VTEP(address: .v4(IPv4Address(rawValue: 0xC000_0200 | last))) }

    var tables: ForwardingTables {
        ForwardingTables(
            fabric: FabricTables(fabric), fdb: directory.fdb, bindings: bindings, lateRoutes: lateRoutes, paths: paths)
    }

    /// A decision, and what else the control side hears.
    @dynamicMemberLookup struct Outcome {
        var decision: Decision
        var claimed: BindingEvent?

        subscript<Value>(dynamicMember path: KeyPath<Decision, Value>) -> Value { decision[keyPath: path] }
    }

    /// Decides about a frame from a port.
    mutating func send(_ frame: [UInt8], offload: VirtioNetHeader = .complete, from port: UInt16 = 0) -> Outcome {
        let decision = Pipeline.decide(
            frame.rawBytes, offload: offload, from: PortIndex(port), tables: tables, memory: &memory, now: now)
        return Outcome(decision: decision, claimed: memory.takeClaim())
    }

    /// Decides about a datagram from the underlay.
    mutating func receive(
        _ frame: [UInt8], vni: UInt32 = 100, from last: UInt32 = 12, header: [UInt8]? = nil, isFromOverlay: Bool = false,
        innerSegmentSize: Int? = nil
    ) -> Outcome {
        let tables = tables
        let arrival = Arrival(
            peer: tables.fabric.peer(at: Self.vtep(last).address), isFromOverlay: isFromOverlay,
            innerSegmentSize: innerSegmentSize)
        let datagram = (header ?? [8, 0, 0, 0] + big(vni << 8)) + frame
        let decision = Pipeline.decide(
            datagram: datagram.rawBytes, arrival: arrival, tables: tables, memory: &memory, now: now)
        return Outcome(decision: decision, claimed: memory.takeClaim())
    }
}
