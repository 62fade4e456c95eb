import Testing
import WeftTypes

@testable import WeftSealing

/// Whom a channel believes, and what it costs.
@Suite struct SealedChannelTests {
    @Test func firstDatagramArrivesOneRoundTripLate() {
        var pair = Pair()
        let first = pair.left.seal(Sample.plaintext(1))
        let challenge = pair.right.receive(first, from: Sample.address(1))
        #expect(challenge.opened.isEmpty && challenge.sent.count == 1)
        let echo = pair.left.receive(challenge.sent[0], from: Sample.address(2))
        #expect(echo.sent.count == 1 && echo.refusals.isEmpty)
        let opened = pair.right.receive(echo.sent[0], from: Sample.address(1))
        #expect(opened.opened == [Sample.plaintext(1)])
        // The last greeting proves the other side too: what it sends is opened at once.
        #expect(pair.left.receive(opened.sent[0], from: Sample.address(2)).isEmpty)
        #expect(pair.left.receive(pair.right.seal(Sample.plaintext(2))).opened == [Sample.plaintext(2)])
        #expect(pair.right.receive(pair.left.seal(Sample.plaintext(3))).opened == [Sample.plaintext(3)])
        #expect(pair.right.counters.believed == 1 && pair.left.counters.believed == 1)
        #expect(pair.right.counters.refusedCount == 0 && pair.left.counters.refusedCount == 0)
    }

    @Test func bothMayBeginAtOnce() {
        var pair = Pair()
        let toRight = pair.left.seal(Sample.plaintext(1))
        let toLeft = pair.right.seal(Sample.plaintext(2))
        let fromRight = pair.right.receive(toRight).sent
        let fromLeft = pair.left.receive(toLeft).sent
        var (right, left) = (fromLeft, fromRight)
        var openedRight: [[UInt8]] = []
        var openedLeft: [[UInt8]] = []
        var rounds = 0
        while !right.isEmpty || !left.isEmpty {
            let atRight = right.flatMap { pair.right.receive($0) }
            let atLeft = left.flatMap { pair.left.receive($0) }
            (openedRight, openedLeft) = (openedRight + atRight.opened, openedLeft + atLeft.opened)
            (right, left) = (atLeft.sent, atRight.sent)
            rounds += 1
        }
        #expect(openedRight == [Sample.plaintext(1)] && openedLeft == [Sample.plaintext(2)])
        #expect(rounds <= 3)
        #expect(pair.right.counters.refusedCount == 0 && pair.left.counters.refusedCount == 0)
    }

    @Test func refusesReplays() {
        var pair = Pair.greeted()
        let datagram = pair.left.seal(Sample.plaintext(1))
        #expect(pair.right.receive(datagram).opened.count == 1)
        for _ in 0..<3 { #expect(pair.right.receive(datagram).refusals == [.replayed]) }
        for _ in 0..<1023 { _ = pair.right.receive(pair.left.seal(Sample.plaintext(2))) }
        #expect(pair.right.receive(datagram).refusals == [.replayed])
        #expect(pair.right.counters[.replayed] == 4)
    }

    @Test(arguments: 0..<16 as Range<UInt64>) func acceptsAnyOrderWithinTheWindow(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var pair = Pair.greeted()
        let plaintexts = (1...1024).map { Sample.plaintext($0, byteCount: 16) }
        var datagrams = plaintexts.map { pair.left.seal($0) }
        datagrams.shuffle(using: &random)
        let opened = datagrams.flatMap { pair.right.receive($0).opened }
        #expect(opened.count == 1024 && Set(opened) == Set(plaintexts))
        #expect(pair.right.counters.refusedCount == 0)
    }

    /// What was recorded of an earlier start is never handed on, whichever side was restarted, whoever else is heard.
    @Test func neverBelievesAnEarlierStart() {
        var pair = Pair()
        let first = pair.left.seal(Sample.plaintext(1))
        let challenge = pair.right.receive(first).sent[0]
        let echo = pair.left.receive(challenge).sent[0]
        _ = pair.right.receive(echo)
        let recorded = [first, echo, pair.left.seal(Sample.plaintext(2)), pair.left.seal(Sample.plaintext(3))]

        // The left side starts anew and is believed.
        pair.left = Sample.channel(1, boot: 2)
        #expect(pair.deliver(pair.left.seal(Sample.plaintext(4))) == [Sample.plaintext(4)])
        for datagram in recorded { #expect(pair.deliver(datagram).isEmpty) }
        #expect(pair.right.counters[.unasked] == 1)
        // A challenge went to the node as it is now, which answered for its present start only.
        #expect(pair.right.counters.challenges == 3 && pair.right.heldCount == 3)
        #expect(pair.deliver(pair.left.seal(Sample.plaintext(5))) == [Sample.plaintext(5)])

        // The right side starts anew and knows nobody.
        pair.right = Sample.channel(2, boot: 2)
        for datagram in recorded { #expect(pair.right.receive(datagram).opened.isEmpty) }
        #expect(pair.deliver(pair.left.seal(Sample.plaintext(6))) == [Sample.plaintext(6)])

        // What was held of it is given up and counted.
        pair.right.expire(now: Sample.start.advanced(by: .seconds(60)))
        #expect(pair.right.counters[.unproven] == 3 && pair.right.heldCount == 0 && pair.right.newcomers.isEmpty)
    }

    @Test func goesOnAfterARestartOfEitherSide() {
        var pair = Pair.greeted()
        for boot in 2...10 as ClosedRange<UInt64> {
            if boot.isMultiple(of: 2) {
                pair.left = Sample.channel(1, boot: boot)
            } else {
                pair.right = Sample.channel(2, boot: boot)
            }
            #expect(pair.deliver(pair.left.seal(Sample.plaintext(boot))) == [Sample.plaintext(boot)])
        }
    }

    /// A cloned disk image: each is heard though they take turns.
    @Test func hearsTwoNodesWithOneIdentity() {
        var (one, other, right) = (Sample.channel(1, boot: 1), Sample.channel(1, boot: 2), Sample.channel(2))
        for number in 0..<10 as Range<UInt64> {
            var pair = Pair(left: number.isMultiple(of: 2) ? one : other, right: right)
            #expect(pair.deliver(pair.left.seal(Sample.plaintext(number))) == [Sample.plaintext(number)])
            if number.isMultiple(of: 2) { one = pair.left } else { other = pair.left }
            right = pair.right
        }
        // And one hears the other, though it has its own name.
        var pair = Pair(left: one, right: other)
        #expect(pair.deliver(pair.left.seal(Sample.plaintext(99))) == [Sample.plaintext(99)])
    }

    @Test func anEchoIsGoodOnceAndInTime() {
        var pair = Pair()
        let challenge = pair.right.receive(pair.left.seal(Sample.plaintext(1))).sent[0]
        let echo = pair.left.receive(challenge).sent[0]
        var late = pair.right
        #expect(late.receive(echo, now: Sample.start.advanced(by: .seconds(5))).refusals == [.unasked])
        #expect(late.counters[.unproven] == 1)
        #expect(pair.right.receive(echo).opened.count == 1)
        #expect(pair.right.receive(echo).refusals == [.replayed])
    }

    @Test func holdsBoundedlyManyAndChallengesSparingly() {
        var limits = SealingLimits()
        limits.challengeCount = 8
        limits.heldCount = 12
        var right = Sample.channel(100, limits: limits)
        // Many starts of many senders, none of which answers.
        for number in 0..<50 as Range<UInt64> {
            var left = Sample.channel(number + 1)
            for turn in 0..<10 as Range<UInt64> {
                let datagram = left.seal(Sample.plaintext(turn))
                let effects = right.receive(datagram)
                #expect(effects.opened.isEmpty)
                #expect(effects.sent.count == (turn == 0 ? 1 : 0), "a challenge for the first only, within 100 ms")
                for sent in effects.sent { #expect(sent.count <= datagram.count) }
                #expect(effects.refusals == (turn < 4 && effects.refusals.isEmpty ? [] : [.crowded]))
            }
            #expect(right.newcomers.count <= 8 && right.arrivals.count <= 8 && right.heldCount <= 12)
        }
        #expect(right.heldCount == right.newcomers.values.map(\.held.count).reduce(0, +))
        #expect(right.counters.held == right.counters[.unproven] + UInt64(right.heldCount))
        #expect(right.counters.held + right.counters[.crowded] == 500)
    }

    @Test func repeatsAChallengeThatWasLost() {
        var pair = Pair()
        _ = pair.right.receive(pair.left.seal(Sample.plaintext(1)))
        let later = Sample.start.advanced(by: .milliseconds(100))
        let opened = pair.deliver(pair.left.seal(Sample.plaintext(2)), now: later)
        #expect(opened == [Sample.plaintext(1), Sample.plaintext(2)])
    }

    @Test func forgetsTheQuietestSender() {
        var limits = SealingLimits()
        limits.senderCount = 3
        var pair = Pair(right: Sample.channel(100, limits: limits))
        var lefts: [Channel] = []
        for number in 1...4 as ClosedRange<UInt64> {
            pair.left = Sample.channel(number)
            let now = Sample.start.advanced(by: .seconds(Int(number)))
            #expect(pair.deliver(pair.left.seal(Sample.plaintext(number)), now: now).count == 1)
            lefts.append(pair.left)
        }
        #expect(pair.right.peers.count == 3 && pair.right.peers[SenderID(Sample.node(1))] == nil)
        // It is heard again, a round trip late.
        pair.left = lefts[0]
        #expect(pair.deliver(pair.left.seal(Sample.plaintext(9))) == [Sample.plaintext(9)])
    }

    // MARK: - Changing the key

    /// Add, use, remove on one host after the other, with traffic at every moment: nothing is refused, nobody is challenged.
    @Test func losesNothingWhenTheKeyIsChanged() throws {
        let (old, new) = (Sample.key(1), Sample.key(2))
        var pair = Pair.greeted()
        let challenges = pair.right.counters.challenges + pair.left.counters.challenges
        var ring = KeyRing(old)
        func check(_ number: UInt64) {
            #expect(pair.right.receive(pair.left.seal(Sample.plaintext(number))).opened == [Sample.plaintext(number)])
            #expect(pair.left.receive(pair.right.seal(Sample.plaintext(number))).opened == [Sample.plaintext(number)])
        }
        for step in 0..<3 as Range<UInt64> {
            switch step {
            case 0: try ring.add(new)
            case 1: try ring.use(new.id)
            default: try ring.remove(old.id)
            }
            let inFlight = pair.left.seal(Sample.plaintext(step))
            check(10 * step)
            pair.left.use(ring)
            check(10 * step + 1)
            pair.right.use(ring)
            check(10 * step + 2)
            // The step that removes a key is taken when nothing sealed with it is under way any more.
            #expect(pair.right.receive(inFlight).opened == [Sample.plaintext(step)])
        }
        #expect(pair.right.counters.challenges + pair.left.counters.challenges == challenges)
        #expect(pair.right.counters.refusedCount == 0 && pair.left.counters.refusedCount == 0)
        var outsider = Sample.channel(3)
        #expect(pair.right.receive(outsider.seal(Sample.plaintext(1))).refusals == [.unknownKey])
    }

    /// Random members, restarts, loss, duplicates and reordering: each datagram is handed on at most once, and those of a sender
    /// that was proven, all unless they were lost.
    @Test(arguments: 0..<24 as Range<UInt64>) func handsOnAtMostOnce(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var channels = (1...4 as ClosedRange<UInt64>).map { Sample.channel($0, boot: seed) }
        var boots = [UInt64](repeating: seed, count: 4)
        var wire: [(datagram: [UInt8], from: Int, to: Int)] = []
        var recorded: [(datagram: [UInt8], from: Int, to: Int)] = []
        var handedOn: [UInt64: Int] = [:]
        var (sealed, now) = (UInt64(0), Sample.start)
        for _ in 0..<3000 {
            now = now.advanced(by: .milliseconds(Int.random(in: 0...20, using: &random)))
            switch Int.random(in: 0..<20, using: &random) {
            case 0..<6:
                let (from, to) = (Int.random(in: 0..<4, using: &random), Int.random(in: 0..<4, using: &random))
                guard from != to else { continue }
                sealed += 1
                wire.append((channels[from].seal(Sample.plaintext(sealed)), from, to))
            case 6..<8: if let old = recorded.randomElement(using: &random) { wire.append(old) }
            case 8 where Int.random(in: 0..<20, using: &random) == 0:
                let node = Int.random(in: 0..<4, using: &random)
                boots[node] += 1000
                channels[node] = Sample.channel(UInt64(node + 1), boot: boots[node])
            default:
                guard !wire.isEmpty else { continue }
                let packet = wire.remove(at: Int.random(in: 0..<wire.count, using: &random))
                recorded.append(packet)
                if Int.random(in: 0..<20, using: &random) == 0 { continue }
                var effects: [Channel.Effect] = []
                channels[packet.to].receive(
                    packet.datagram, from: Sample.address(UInt32(packet.from)), now: now, into: &effects)
                for case .send(let datagram, let to) in effects {
                    if case .v4(let address) = to.address {
                        wire.append((datagram, packet.to, Int(address.rawValue & 3)))
                    }
                }
                for plaintext in effects.opened { handedOn[plaintext.bigEndian(at: 0), default: 0] += 1 }
            }
        }
        let restarts = channels.indices.filter { boots[$0] != seed }.count
        #expect(handedOn.count > Int(sealed) / 2, "\(handedOn.count) of \(sealed) with \(restarts) nodes restarted")
        // A receiver that was restarted can't know what it had before, and no more than that comes twice.
        if restarts == 0 { #expect(handedOn.values.allSatisfy { $0 == 1 }) }
    }
}
