import Testing
import WeftTypes

@testable import WeftGossip

/// Contents that nodes fetch from each other by name.
@Suite struct ContentTests {
    private static func content(_ byteCount: Int) -> [UInt8] {
        var random = SeededRandom(seed: UInt64(byteCount))
        return (0..<byteCount).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    private static func fabric(_ count: Int, seed: UInt64 = 1) -> TestFabric {
        var fabric = TestFabric(seed: seed)
        fabric.add()
        for _ in 1..<count { fabric.add(joining: [0]) }
        fabric.run(for: .seconds(10)) { $0.isConverged }
        return fabric
    }

    @Test("whatever its size, it comes whole", arguments: [0, 1, 1023, 1024, 1025, 40_000]) func sizes(byteCount: Int) {
        var fabric = Self.fabric(2)
        let content = Self.content(byteCount)
        let id = ContentID(of: content)
        fabric.give(.offer(content), to: 0)
        fabric.give(.fetch(id, byteCount: byteCount, from: [TestFabric.id(0)]), to: 1)
        fabric.run(for: .seconds(2)) { $0.fetched[1][id] != nil }
        #expect(fabric.fetched[1][id] == content)
    }

    @Test("through loss and duplication", arguments: [5, 30]) func loss(percent: Int) {
        var fabric = Self.fabric(3, seed: UInt64(percent))
        let content = Self.content(200_000)
        let id = ContentID(of: content)
        (fabric.lossPercent, fabric.duplicatePercent) = (percent, percent)
        fabric.give(.offer(content), to: 0)
        let began = fabric.now
        fabric.give(.fetch(id, byteCount: content.count, from: [TestFabric.id(0)]), to: 2)
        fabric.run(for: .seconds(20)) { $0.fetched[2][id] != nil }
        #expect(fabric.fetched[2][id] == content)
        #expect(began.duration(to: fabric.now) < .seconds(percent == 5 ? 3 : 15), "\(began.duration(to: fabric.now))")
    }

    @Test("the largest takes seconds") func largest() {
        var fabric = Self.fabric(2)
        let content = Self.content(ContentFetch.maximumByteCount)
        let id = ContentID(of: content)
        fabric.give(.offer(content), to: 0)
        let began = fabric.now
        fabric.give(.fetch(id, byteCount: content.count, from: [TestFabric.id(0)]), to: 1)
        fabric.run(for: .seconds(20)) { $0.fetched[1][id] != nil }
        #expect(fabric.fetched[1][id]?.count == content.count)
        #expect(began.duration(to: fabric.now) < .seconds(5), "\(began.duration(to: fabric.now))")
    }

    @Test("a node that is gone, unknown or has nothing is passed over") func nextSource() {
        var fabric = Self.fabric(4)
        let content = Self.content(5000)
        let id = ContentID(of: content)
        fabric.give(.offer(content), to: 2)
        fabric.isDown[0] = true
        let sources = [TestFabric.id(99), TestFabric.id(0), TestFabric.id(1), TestFabric.id(2)]
        fabric.give(.fetch(id, byteCount: content.count, from: sources), to: 3)
        fabric.run(for: .seconds(10)) { $0.fetched[3][id] != nil }
        #expect(fabric.fetched[3][id] == content)
    }

    @Test("what can't be had is said, with the reason") func failures() {
        var fabric = Self.fabric(3)
        let id = ContentID(of: [1, 2, 3])
        fabric.give(.fetch(id, byteCount: 3, from: [TestFabric.id(0)]), to: 1)
        fabric.run(for: .seconds(5)) { $0.fetchFailures[1][id] != nil }
        #expect(fabric.fetchFailures[1][id] == .unknownThere)
        fabric.give(.fetch(id, byteCount: 3, from: []), to: 2)
        #expect(fabric.fetchFailures[2][id] == .noAnswer)
        let large = ContentID(of: [4])
        fabric.give(.fetch(large, byteCount: ContentFetch.maximumByteCount + 1, from: [TestFabric.id(0)]), to: 2)
        #expect(fabric.fetchFailures[2][large] == .tooMuch)
        for number in 10..<14 {
            fabric.give(.fetch(ContentID(of: [UInt8(number)]), byteCount: 1, from: [TestFabric.id(0)]), to: 2)
        }
        let fifth = ContentID(of: [20])
        fabric.give(.fetch(fifth, byteCount: 1, from: [TestFabric.id(0)]), to: 2)
        #expect(fabric.fetchFailures[2][fifth] == .tooMuch)
    }

    @Test("bytes that the name does not stand for are thrown away, and another is asked") func liar() {
        var fabric = Self.fabric(3)
        let content = Self.content(3000)
        let id = ContentID(of: content)
        // It says what it likes: its shelf holds other bytes under that name.
        fabric.nodes[0].contents.shelf.putUnchecked(Self.content(3001).dropLast(), as: id)
        fabric.give(.offer(content), to: 1)
        fabric.give(.fetch(id, byteCount: content.count, from: [TestFabric.id(0), TestFabric.id(1)]), to: 2)
        fabric.run(for: .seconds(5)) { $0.fetched[2][id] != nil }
        #expect(fabric.fetched[2][id] == content)
        // One that lies and falls silent before the end spoils nothing.
        var silent = Self.fabric(3)
        let long = Self.content(200_000)
        let name = ContentID(of: long)
        silent.nodes[0].contents.shelf.putUnchecked([UInt8](repeating: 0, count: long.count), as: name)
        silent.give(.offer(long), to: 1)
        silent.give(.fetch(name, byteCount: long.count, from: [TestFabric.id(0), TestFabric.id(1)]), to: 2)
        silent.run(for: .milliseconds(3))
        silent.isDown[0] = true
        silent.run(for: .seconds(8)) { $0.fetched[2][name] != nil }
        #expect(silent.fetched[2][name] == long)
        var alone = Self.fabric(2)
        alone.nodes[0].contents.shelf.putUnchecked(Self.content(3001).dropLast(), as: id)
        alone.give(.fetch(id, byteCount: content.count, from: [TestFabric.id(0)]), to: 1)
        alone.run(for: .seconds(5)) { $0.fetchFailures[1][id] != nil }
        #expect(alone.fetchFailures[1][id] == .wrongContent)
    }

    @Test("one that is cancelled is not told of") func cancelled() {
        var fabric = Self.fabric(2)
        let content = Self.content(100_000)
        let id = ContentID(of: content)
        fabric.give(.offer(content), to: 0)
        fabric.give(.fetch(id, byteCount: content.count, from: [TestFabric.id(0)]), to: 1)
        fabric.run(for: .milliseconds(2))
        fabric.give(.cancelFetch(id), to: 1)
        fabric.run(for: .seconds(5))
        #expect(fabric.fetched[1].isEmpty && fabric.fetchFailures[1].isEmpty)
    }

    @Test("the shelf is bounded: the oldest goes first") func shelf() {
        var shelf = ContentShelf()
        for number in 0..<10 { shelf.put([UInt8(number)]) }
        #expect(shelf[ContentID(of: [1])] == nil && shelf[ContentID(of: [2])] == [2])
        shelf.remove(ContentID(of: [2]))
        #expect(shelf[ContentID(of: [2])] == nil)
        for number in 20..<25 { shelf.putUnchecked([UInt8](repeating: 0, count: 4 << 20), as: ContentID(of: [UInt8(number)])) }
        #expect(shelf[ContentID(of: [9])] == nil && shelf[ContentID(of: [20])] == nil)
        #expect(shelf[ContentID(of: [24])] != nil)
        // No more than its rate goes out, however much is asked for.
        let start = Instant(nanoseconds: 0)
        var given = 0
        for step in 0..<1000 { given += shelf.take(64, now: start.advanced(by: .milliseconds(step))) }
        #expect((19_000...21_000).contains(given), "\(given)")
    }

    @Test("requests and pieces that make no sense do no harm") func nonsense() {
        var fabric = Self.fabric(2)
        fabric.give(.offer([1, 2, 3]), to: 0)
        let id = ContentID(of: [1, 2, 3])
        let bodies: [(UInt8, [UInt8])] = [
            (0xC0, id.bytes + [0xFF, 0xFF, 0xFF, 0xFF, 0xFF]), (0xC0, id.bytes + [0, 0, 0, 0, 0]), (0xC0, [1]), (0xC1, [1, 2]),
            (0xC1, [UInt8](repeating: 0, count: 1100)), (0xC2, [1]), (0xC2, [UInt8](repeating: 7, count: 8)),
        ]
        for (type, body) in bodies {
            var writer = DatagramWriter(sender: TestFabric.id(1), incarnation: Incarnation(epoch: 1), limit: 1155)
            writer.part(type) { $0.write(body) }
            fabric.give(.received(writer.bytes, from: TestFabric.address(1)), to: 0)
        }
        fabric.run(for: .seconds(1))
        #expect(fabric.isConverged)
    }
}
