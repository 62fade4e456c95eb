import Testing
import WeftTypes

@testable import WeftAPI

@Suite struct EventLogTests {
    @Test func keepsTheLastOnes() {
        let log = EventLog(capacity: 4)
        #expect(log.next(after: 0) == .nothing)
        for number in 1...10 { log.record(.alarm, object: "\(number)", text: "") }
        #expect(log.lastSequence == 10)
        #expect(objects(log.next(after: 6)) == ["7", "8", "9", "10"])
        #expect(objects(log.next(after: 6, limit: 3)) == ["7", "8", "9"])
        #expect(objects(log.next(after: 9)) == ["10"])
        #expect(log.next(after: 5) == .overwritten(oldest: 7))
        #expect(log.next(after: 10) == .nothing)
        #expect(log.next(after: 11) == .nothing)
    }

    @Test func startsWhereTheReaderWas() {
        let log = EventLog(capacity: 4)
        #expect(log.start(since: nil) == 0)
        #expect(log.start(since: 7) == 0)  // before the restart
        for number in 1...10 { log.record(.alarm, object: "\(number)", text: "") }
        #expect(log.start(since: nil) == 10)
        #expect(log.start(since: 0) == 6)
        #expect(log.start(since: 8) == 8)
        #expect(log.start(since: 10) == 10)
        #expect(log.start(since: 11) == 6)
    }

    @Test(arguments: UInt64(0)..<32)
    func agreesWithANaiveLog(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let capacity = Int.random(in: 1...8, using: &random)
        let log = EventLog(capacity: capacity)
        var naive: [EventReport] = []
        for _ in 0..<Int.random(in: 0...30, using: &random) {
            naive.append(log.record(.alarm, object: "\(naive.count)", text: ""))
        }
        for place in 0...UInt64(naive.count) {
            let rest = Array(naive.dropFirst(Int(place)))
            switch log.next(after: place, limit: 100) {
            case .nothing: #expect(rest.isEmpty)
            case .events(let events): #expect(events == rest && rest.count <= capacity)
            case .overwritten(let oldest):
                #expect(rest.count > capacity && oldest == naive.suffix(capacity).first?.sequence)
            }
        }
    }

    @Test func boundsWhatAnEventSays() {
        let log = EventLog()
        let detail = Dictionary(uniqueKeysWithValues: (10..<40).map { ("\($0)", String(repeating: "y", count: 2000)) })
        let event = log.record(.alarm, object: "o", text: String(repeating: "x", count: 2000), detail: detail)
        #expect(event.text.count == EventLog.textLimit)
        #expect(event.detail.keys.sorted() == (10..<26).map { "\($0)" })
        #expect(event.detail.values.allSatisfy { $0.count == EventLog.textLimit })
    }

    @Test func tellsTheTimeInUTC() throws {
        let time = EventLog().record(.peerJoined, object: "bravo", text: "joined").time
        #expect(time.wholeMatch(of: /20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\dZ/) != nil, "\(time)")
    }

    @Test(.timeLimit(.minutes(1))) func wakesItsReaders() async {
        let log = EventLog()
        let reader = EventLog.Reader()
        log.add(reader)
        reader.wake()
        await reader.wait()  // a call before the wait counts
        async let waiting: Void = reader.wait()
        log.record(.peerDead, object: "bravo", text: "is dead")
        await waiting
        let task = Task { await reader.wait() }
        task.cancel()
        await task.value
        log.remove(reader)
    }

    @Test(arguments: 1...40)
    func parsesAStreamHoweverItIsCut(length: Int) throws {
        let event = EventReport(
            sequence: 18, time: "2026-11-23T12:00:00.123Z", kind: .duplicateMAC, object: "52:54:00:00:01:01",
            text: "is at alpha\nand bravo", detail: ["was": "alpha"])
        let text =
            try EventStream.text(of: EventStream.Start(next: 18)) + EventStream.comment + EventStream.text(of: event)
            + "event: later-kind\ndata: {}\n\n"
            + EventStream.text(of: EventStream.End(reason: .tooSlow, oldest: 30))
        var parser = EventStream.Parser()
        var items: [EventStream.Item] = []
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: length) {
            items += try parser.parse(bytes[start..<min(start + length, bytes.count)])
        }
        #expect(items == [.start(.init(next: 18)), .event(event), .end(.init(reason: .tooSlow, oldest: 30))])
    }

    @Test func refusesALineWithoutEnd() {
        var parser = EventStream.Parser()
        #expect(throws: EventStream.Parser.Problem.lineTooLong) {
            try parser.parse([UInt8](repeating: 0x20, count: EventStream.lineByteLimit + 1))
        }
    }

    private func objects(_ finding: EventLog.Finding) -> [String]? {
        guard case .events(let events) = finding else { return nil }
        return events.map(\.object)
    }
}
