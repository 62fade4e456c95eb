import Testing
import WeftTypes

@testable import WeftAgent

@Suite struct FrameReaderTests {
    /// Frames of sizes that matter, as bytes of a stream.
    private static func stream(_ frames: [[UInt8]]) -> [UInt8] {
        frames.flatMap { frame in
            (0..<4).map { UInt8(truncatingIfNeeded: frame.count >> (8 * (3 - $0))) } + frame
        }
    }

    private static func frames(_ random: inout SeededRandom) -> [[UInt8]] {
        (0..<20).map { _ in
            let sizes = [1, 14, 60, 1514, FrameReader.maximumFrameByteCount, Int.random(in: 1...9000, using: &random)]
            let size = sizes.randomElement(using: &random) ?? 1
            let first = UInt8.random(in: 0...255, using: &random)
            return (0..<size).map { first &+ UInt8(truncatingIfNeeded: $0) }
        }
    }

    @Test("however a stream is cut, the frames are the same", arguments: UInt64(0)..<10)
    func anySplit(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let frames = Self.frames(&random)
        let stream = Self.stream(frames)
        let largest = [1, 5, 1500, 70_000, 300_000][Int(seed % 5)]
        // One byte at a time takes a while: of fewer.
        let end = largest == 1 ? min(stream.count, 20_000) : stream.count
        var reader = FrameReader(byteCount: seed % 2 == 0 ? 0 : 300_000)
        var (place, found) = (0, [[UInt8]]())
        while place < end {
            let room = reader.room()
            #expect(!room.isEmpty)
            let count = min(room.count, Int.random(in: 1...largest, using: &random), end - place)
            reader.bytes.replaceSubrange(room.lowerBound..<room.lowerBound + count, with: stream[place..<place + count])
            reader.fill(count)
            place += count
            while let frame = try reader.next() { found.append(Array(reader.bytes[frame])) }
        }
        #expect(found.count == frames.count || largest == 1)
        #expect(found == Array(frames.prefix(found.count)))
    }

    @Test("a size of nothing, and one above the largest, is refused", arguments: [0, 69_633, .max] as [UInt32])
    func violations(count: UInt32) throws {
        var reader = FrameReader()
        let room = reader.room()
        for (index, byte) in Self.stream([[7]]).enumerated() { reader.bytes[room.lowerBound + index] = byte }
        for index in 0..<4 {
            reader.bytes[room.lowerBound + 5 + index] = UInt8(truncatingIfNeeded: count >> (8 * UInt32(3 - index)))
        }
        reader.fill(9)
        let first = try reader.next()
        #expect(first.map { Array(reader.bytes[$0]) } == [7])
        #expect(throws: FrameReader.Violation.byteCount(count)) { try reader.next() }
    }

    @Test("what a writer writes, in any pieces, a reader reads", arguments: UInt64(0)..<8)
    func roundTrip(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let frames = Self.frames(&random)
        var (writer, reader) = (FrameWriter(byteCount: 200_000), FrameReader())
        var (next, found) = (0, [[UInt8]]())
        while found.count < frames.count {
            if writer.isEmpty {
                while next < frames.count {
                    let isTaken = writer.append { bytes, room in
                        bytes.replaceSubrange(room.lowerBound..<room.lowerBound + frames[next].count, with: frames[next])
                        return frames[next].count
                    }
                    guard isTaken else { break }
                    next += 1
                }
            }
            let room = reader.room()
            let count = min(writer.pending.count, room.count, Int.random(in: 1...50_000, using: &random))
            let piece = writer.pending.lowerBound..<writer.pending.lowerBound + count
            reader.bytes.replaceSubrange(room.lowerBound..<room.lowerBound + count, with: writer.bytes[piece])
            writer.advance(count)
            reader.fill(count)
            while let frame = try reader.next() { found.append(Array(reader.bytes[frame])) }
        }
        #expect(found == frames)
    }

    @Test("what was not written is counted in frames") func discards() {
        var writer = FrameWriter()
        for size in [20, 30, 40] { #expect(writer.append { _, _ in size }) }
        writer.advance(4 + 20)
        #expect(writer.discard() == 2)
        #expect(writer.isEmpty)
        for size in [20, 30] { #expect(writer.append { _, _ in size }) }
        writer.advance(3)
        #expect(writer.discard() == 2)
    }
}
