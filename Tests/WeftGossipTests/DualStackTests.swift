import Testing
import WeftTypes

@testable import WeftGossip

/// A fabric of nodes with IPv4, with IPv6 and with both.
@Suite struct DualStackTests {
    static func v6(_ number: Int) -> GossipAddress {
        GossipAddress(address: .v6(IPv6Address(rawValue: 0x2001_0DB8 << 96 | UInt128(number + 1))))
    }

    /// Nodes 0 and 1 have both families, then come `each` with IPv4 and `each` with IPv6.
    static func fabric(each: Int, seed: UInt64) throws -> TestFabric {
        var fabric = TestFabric(seed: seed)
        for number in 0..<2 + 2 * each {
            let isDual = number < 2
            let isIPv6 = number >= 2 + each
            let index = fabric.add(
                joining: number == 0 ? [] : [0], at: isIPv6 ? v6(number) : TestFabric.address(number),
                and: isDual ? v6(number) : nil)
            fabric.tellFamilies(of: index)
            try publish(index, in: &fabric)
        }
        return fabric
    }

    private static func publish(_ index: Int, in fabric: inout TestFabric) throws {
        let record = NodeRecord(
            name: "h\(index)", vtepAddresses: fabric.own(index).map(\.address), gossipAddresses: fabric.own(index))
        fabric.give(.publish(.node, try record.encoded()), to: index)
    }

    private static func isWhole(_ fabric: TestFabric) -> Bool {
        fabric.isConverged && Set(fabric.nodes.map(\.stateDigest)).count == 1
            && fabric.nodes.indices.allSatisfy { fabric.told[$0].count >= fabric.nodes.count - 1 }
    }

    @Test("all know all and all records, and nobody is suspected because others can't reach it", arguments: UInt64(0)..<3)
    func converges(seed: UInt64) throws {
        var fabric = try Self.fabric(each: 4, seed: seed)
        fabric.run(for: .seconds(10), until: Self.isWhole)
        #expect(Self.isWhole(fabric))
        fabric.run(for: .seconds(60))
        #expect(Self.isWhole(fabric))
        #expect(!fabric.changes.joined().contains { $0.1 != .alive })
        // Each is kept at an address of a family that one has oneself, where there is one.
        for (index, node) in fabric.nodes.enumerated() {
            let families = Set(fabric.own(index).map(\.address.family))
            for other in fabric.nodes.indices where other != index {
                let shared = families.intersection(fabric.own(other).map(\.address.family))
                let member = node.member(fabric.nodes[other].identity)
                #expect(member?.isReachable == !shared.isEmpty, "\(index) → \(other)")
            }
        }
    }

    @Test("a death is known to those who could not reach the dead either", arguments: UInt64(0)..<3)
    func death(seed: UInt64) throws {
        var fabric = try Self.fabric(each: 3, seed: seed)
        fabric.run(for: .seconds(10))
        let dead = fabric.nodes.count - 1
        fabric.isDown[dead] = true
        let died = fabric.now
        fabric.run(for: .seconds(20)) { fabric in
            fabric.nodes.indices.allSatisfy { $0 == dead || fabric.state(of: dead, at: $0) == .dead }
        }
        #expect(fabric.isConverged && died.duration(to: fabric.now) < .seconds(12))
    }

    @Test("a node that loses a family, and gets it back, is followed; nobody dies of it", arguments: UInt64(0)..<3)
    func losesFamily(seed: UInt64) throws {
        var fabric = try Self.fabric(each: 3, seed: seed)
        fabric.run(for: .seconds(10))
        let (node, id) = (1, fabric.nodes[1].identity)
        for hasBoth in [false, true] {
            let former = fabric.nodes[node].incarnation
            fabric.readdress(node, to: Self.v6(node), and: hasBoth ? TestFabric.address(40) : nil)
            try Self.publish(node, in: &fabric)
            fabric.run(for: .seconds(2))
            #expect(fabric.nodes[node].incarnation > former)
            for index in fabric.nodes.indices where index != node {
                let families = fabric.own(index).map(\.address.family)
                let member = fabric.nodes[index].member(id)
                #expect(member?.isReachable == (hasBoth || families.contains(.v6)), "\(index)")
                if let address = member?.address, member?.isReachable == true {
                    #expect(fabric.own(node).contains(address), "\(index)")
                }
            }
            fabric.run(for: .seconds(20))
            #expect(Self.isWhole(fabric))
        }
        #expect(!fabric.changes.joined().contains { $0.1 == .dead })
    }

    @Test("a node whose only address becomes one of the other family is followed", arguments: UInt64(0)..<2)
    func changesFamily(seed: UInt64) throws {
        var fabric = try Self.fabric(each: 2, seed: seed)
        fabric.run(for: .seconds(10))
        let (node, id) = (2, fabric.nodes[2].identity)
        fabric.readdress(node, to: Self.v6(node), and: nil)
        try Self.publish(node, in: &fabric)
        // Of all it knew only those with both are left to it.
        fabric.run(for: .seconds(2))
        for index in [0, 1, 4, 5] { #expect(fabric.nodes[index].member(id)?.address == Self.v6(node), "\(index)") }
        fabric.run(for: .seconds(20))
        #expect(Self.isWhole(fabric) && !fabric.changes.joined().contains { $0.1 == .dead })
    }
}
