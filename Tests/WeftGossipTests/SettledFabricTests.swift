import Testing
import WeftTypes

@testable import WeftGossip

/// A fabric that is made settled: every node has the same view and the same records, and they go on as nodes do that met.
@Suite struct SettledFabricTests {
    static let now = Instant(nanoseconds: 1_000_000_000)

    static func id(_ number: Int) -> NodeID {
        var random = SeededRandom(seed: UInt64(number))
        return NodeID(rawValue: UInt128(random.next()) << 64 | UInt128(number))
    }

    static func address(_ number: Int) -> GossipAddress {
        GossipAddress(address: .v4(IPv4Address(rawValue: 0x0A00_0000 + UInt32(number))), udpPort: 7777)
    }

    static func fabric(_ count: Int) throws -> SettledFabric {
        var fabric = SettledFabric(GossipConfiguration())
        for number in 0..<count {
            let value = try #require(RecordValue(bytes: [UInt8(number)]))
            fabric.add(
                id(number), at: address(number), records: [(.topologyRevision, value), (.unknown(kind: 99, [1]), value)], now: now
            )
        }
        return fabric
    }

    @Test("each knows all, and all know the same") func sameViews() throws {
        let fabric = try Self.fabric(40)
        let nodes = try (0..<40).map { try #require(fabric.node(Self.id($0), random: UInt64($0), now: Self.now)) }
        #expect(Set(nodes.map(\.membershipDigest)).count == 1)
        #expect(Set(nodes.map(\.stateDigest)).count == 1)
        for (number, node) in nodes.enumerated() {
            #expect(node.presentCount == 40)
            #expect(node.members.map(\.id) == (0..<40).map(Self.id).sorted())
            #expect(node.incarnation == Incarnation(epoch: 1))
            for other in 0..<40 {
                #expect(node.member(Self.id(other))?.address == Self.address(other))
                #expect(node.records(of: Self.id(other)).map(\.value.bytes) == [[UInt8(other)], [UInt8(other)]])
            }
            #expect(node.member(node.identity)?.id == Self.id(number))
        }
        #expect(fabric.node(Self.id(41), random: 1, now: Self.now) == nil)
    }

    @Test("a node of it probes the others, and writes after what it is held to have written") func goesOn() throws {
        let fabric = try Self.fabric(5)
        var node = try #require(fabric.node(Self.id(2), random: 7, now: Self.now))
        var effects: [GossipNode.Effect] = []
        node.handle(.start(joining: []), now: Self.now, into: &effects)
        node.handle(.tick, now: Self.now.advanced(by: .seconds(1)), into: &effects)
        let sent = effects.compactMap { if case .send(_, let address) = $0 { address } else { nil } }
        #expect(!sent.isEmpty && sent.allSatisfy { $0 != Self.address(2) })
        let value = try #require(RecordValue(bytes: [200]))
        node.handle(.publish(.topologyRevision, value), now: Self.now.advanced(by: .seconds(1)), into: &effects)
        #expect(node.records(of: Self.id(2)).first?.value == value)
        #expect(node.replication.replica.ownOrigin.through == 3)
    }
}
