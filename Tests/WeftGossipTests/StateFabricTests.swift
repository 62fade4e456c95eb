import Testing
import WeftTypes

@testable import WeftGossip

/// Nodes on a virtual network that publish records: what is pushed, what is repaired, what stays away.
@Suite struct StateFabricTests {
    static let blue = VNI(headerWord: 7 << 8)

    static func value(_ number: Int) -> RecordValue {
        var bytes: [UInt8] = []
        bytes.append(bigEndian: UInt64(number))
        return RecordValue(checked: bytes)
    }

    static func endpoint(_ number: Int) -> RecordKey { .endpoint(blue, MACAddress(rawValue: 0x5254_0000_0000 + UInt64(number))) }

    /// Nodes that know each other and have all joined one segment.
    static func members(_ count: Int, seed: UInt64) -> TestFabric {
        var fabric = TestFabric(seed: seed)
        fabric.add()
        for _ in 1..<count { fabric.add(joining: [0]) }
        fabric.run(for: .seconds(30)) { $0.isConverged }
        for index in fabric.nodes.indices { fabric.give(.publish(.segment(blue), value(0)), to: index) }
        fabric.run(for: .seconds(30)) { $0.isStateConverged }
        return fabric
    }

    @Test("G1: an update is with all members within milliseconds", arguments: [10, 60, 100]) func pushes(count: Int) {
        var fabric = Self.members(count, seed: UInt64(count))
        #expect(fabric.isConverged && fabric.isStateConverged)
        var latencies: [Duration] = []
        for number in 0..<20 {
            let began = fabric.now
            let box = Arrivals()
            fabric.onRecord = { index, _, key, _, now in if key == Self.endpoint(number) { box.times[index] = now } }
            fabric.give(.publish(Self.endpoint(number), Self.value(number)), to: number % count)
            fabric.run(for: .milliseconds(100))
            #expect(box.times.count == count)
            latencies += box.times.values.map { began.duration(to: $0) }
        }
        latencies.sort()
        #expect(latencies[latencies.count * 99 / 100] <= .milliseconds(10), "p99 \(latencies[latencies.count * 99 / 100])")
        fabric.run(for: .seconds(2))
        #expect(fabric.isStateConverged)
    }

    final class Arrivals { var times: [Int: Instant] = [:] }
}

extension TestFabric {
    /// Whether all running nodes know the same of all records, and were told exactly what they know.
    var isStateConverged: Bool {
        let running = nodes.indices.filter { !isDown[$0] }
        return Set(running.map { nodes[$0].stateDigest }).count == 1
    }

    /// What differs between what a node was told and what another has published, for messages.
    func difference(at index: Int, of other: Int) -> [RecordKey] {
        let told = told[index][nodes[other].identity] ?? [:]
        var published: [RecordKey: RecordValue] = [:]
        for (key, value) in nodes[other].records(of: nodes[other].identity) { published[key] = value }
        return Set(told.keys).union(published.keys).filter { told[$0] != published[$0] }.sorted()
    }
}
