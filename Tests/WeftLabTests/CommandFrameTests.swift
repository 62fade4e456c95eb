import Testing
import WeftTypes

@testable import WeftLab

@Suite struct CommandFrameTests {
    static let frames: [CommandFrame] = [
        .start(["sh", "-c", "", "a b"]), .input([]), .input([0, 255]), .signal(2), .wantsInput, .output([1]),
        .errorOutput([2, 3]),
        .exit(137), .notStarted(2),
    ]

    @Test(arguments: frames)
    func roundTrips(frame: CommandFrame) throws {
        var bytes = try #require(frame.encoded)
        #expect(try CommandFrame.next(from: &bytes) == frame)
        #expect(bytes.isEmpty)
    }

    @Test func encodesAnExitCodeAsDescribed() {
        #expect(CommandFrame.exit(258).encoded == [0, 0, 0, 4, UInt8(ascii: "X"), 0, 0, 1, 2])
    }

    @Test(arguments: frames)
    func waitsForTheRestOfAFrame(frame: CommandFrame) throws {
        let whole = try #require(frame.encoded)
        for count in 0..<whole.count {
            var part = Array(whole.prefix(count))
            #expect(try CommandFrame.next(from: &part) == nil)
            #expect(part.count == count)
        }
    }

    @Test func takesOneFrameAfterTheOther() throws {
        var bytes = try Self.frames.flatMap { try #require($0.encoded) }
        for frame in Self.frames { #expect(try CommandFrame.next(from: &bytes) == frame) }
        #expect(bytes.isEmpty)
    }

    @Test(arguments: [
        [0xFF, 0xFF, 0xFF, 0xFF, UInt8(ascii: "O")],  // too long
        [0, 0, 0x40, 0x01, UInt8(ascii: "O")],  // one byte too long
        [0, 0, 0, 0, UInt8(ascii: "?")],  // unknown kind
        [0, 0, 0, 1, UInt8(ascii: "X"), 0],  // a number of one byte
    ])
    func refusesWhatNoPeerSends(bytes: [UInt8]) {
        #expect(throws: CommandFrame.Malformed()) {
            var bytes = bytes
            _ = try CommandFrame.next(from: &bytes)
        }
    }

    @Test func refusesToEncodeACommandThatDoesNotFit() {
        #expect(CommandFrame.start([String(repeating: "x", count: CommandFrame.maximumPayloadByteCount + 1)]).encoded == nil)
    }
}

@Suite struct CommandPreambleTests {
    @Test func skipsWhatAnEarlierSessionLeft() throws {
        let preamble = CommandPreamble(session: 0x0123_4567_89AB_CDEF)
        let leftover: [UInt8] = [1, 2, 0, 0xFF, 0, 0xFF, UInt8(ascii: "w"), 7]
        var bytes = leftover + preamble.encoded + [9]
        #expect(CommandPreamble.next(from: &bytes) == preamble)
        #expect(bytes == [9])
    }

    @Test(arguments: UInt64(0)..<32)
    func findsItHoweverTheBytesArrive(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let preamble = CommandPreamble(session: .random(in: 0...UInt64.max, using: &random))
        let noise = (0..<Int.random(in: 0..<40, using: &random)).map { _ in UInt8.random(in: 1..<255, using: &random) }
        var buffer: [UInt8] = []
        var found: CommandPreamble?
        for byte in noise + preamble.encoded {
            #expect(found == nil)
            buffer.append(byte)
            found = CommandPreamble.next(from: &buffer)
            #expect(buffer.count < CommandPreamble.byteCount)
        }
        #expect(found == preamble)
    }
}
