import Testing
import WeftTypes

@testable import WeftGossip

/// Replicas as values that hand each other deltas in every order: what one knows, and that nothing comes back.
@Suite struct StateReplicaTests {
    static let start = Instant(nanoseconds: 1_000_000_000)
    static func id(_ number: Int) -> NodeID { TestFabric.id(number) }
    static func key(_ number: Int) -> RecordKey {
        .endpoint(VNI(headerWord: 7 << 8), MACAddress(rawValue: 0x5254_0000_0000 + UInt64(number)))
    }
    static func value(_ number: UInt64) -> RecordValue {
        var bytes: [UInt8] = []
        bytes.append(bigEndian: number)
        return RecordValue(checked: bytes)
    }
    static func node(_ address: UInt32, settled: Bool = false) throws -> RecordValue {
        try NodeRecord(name: "n", vtepAddresses: [.v4(IPv4Address(rawValue: address))], isSettled: settled).encoded()
    }

    /// A replica with what it told: the values in use as an agent would have them.
    struct Watched {
        var replica: Replica
        var told: [NodeID: [RecordKey: RecordValue]] = [:]
        var now = StateReplicaTests.start
        var present: Set<NodeID> = []

        init(_ number: Int, epoch: UInt32 = 1, salt: UInt32 = 0, _ configuration: GossipConfiguration = GossipConfiguration()) {
            replica = Replica(configuration, own: StateReplicaTests.id(number), epoch: epoch, salt: salt)
        }

        mutating func run(_ body: (inout Replica, inout [GossipNode.Effect]) -> Void) {
            var effects: [GossipNode.Effect] = []
            body(&replica, &effects)
            for case .recordChanged(let origin, let key, let value) in effects { told[origin, default: [:]][key] = value }
        }

        mutating func write(_ key: RecordKey, _ value: RecordValue?) {
            let now = now
            run { replica, effects in _ = replica.write(key, value, now: now, into: &effects) }
        }

        mutating func take(_ delta: Delta) {
            let (now, present) = (now, present)
            run { replica, effects in
                _ = replica.apply(delta, now: now, isAlive: present.contains(delta.origin), into: &effects)
            }
        }

        /// Pulls what another knows more of an origin; at most `count` pages of it arrive.
        mutating func pull(_ origin: NodeID, from other: Replica, pageByteCount: Int = 300, count: Int = .max) {
            guard let entry = other.origin(origin)?.entry, replica.difference(from: entry) != .ahead else { return }
            var budget = Int.max
            let pages = other.pages(for: replica.request(for: entry), pageByteCount: pageByteCount, budget: &budget).pages
            for page in pages.prefix(count) { take(page) }
            let (rank, floor) = (entry.rank, entry.floor)
            run { replica, effects in replica.raiseFloor(of: origin, rank: rank, to: floor, into: &effects) }
        }

        mutating func pullAll(from other: Replica) { for origin in other.originIDs { pull(origin, from: other) } }

        mutating func pass(_ duration: Duration) {
            now = now.advanced(by: duration)
            let (now, present) = (now, present)
            run { replica, effects in
                replica.tick(now: now, isPresent: { present.contains($0) }, isAlive: { present.contains($0) }, into: &effects)
            }
        }

        /// What it was told is what it answers.
        var isConsistent: Bool {
            replica.originIDs.allSatisfy { origin in
                Dictionary(uniqueKeysWithValues: replica.records(of: origin).map { ($0.key, $0.value) }) == told[origin] ?? [:]
            }
        }
    }

    // MARK: Writing

    @Test func writing() {
        var owner = Watched(0)
        owner.write(Self.key(1), Self.value(1))
        owner.write(Self.key(1), Self.value(1))
        #expect(owner.replica.ownOrigin.through == 1, "the same again is no write")
        owner.write(Self.key(2), nil)
        #expect(owner.replica.ownOrigin.through == 1, "nothing is there to withdraw")
        owner.write(Self.key(1), nil)
        #expect(owner.replica.ownOrigin.through == 2 && owner.replica.records(of: Self.id(0)).isEmpty)
        #expect(owner.replica.ownOrigin.records.count == 1, "a tombstone")
        #expect(owner.isConsistent)
    }

    @Test("a delta that overtook another is used at once; what is known grows without a gap only") func ahead() {
        var (owner, other) = (Watched(0), Watched(1))
        var deltas: [Delta] = []
        for number in 1...4 {
            owner.write(Self.key(number == 4 ? 2 : number), Self.value(UInt64(number)))
            let record = owner.replica.ownOrigin.records.first { $0.version == UInt64(number) }
            var delta = Delta(origin: Self.id(0), epoch: 1, floor: 0, from: UInt64(number) - 1, to: UInt64(number))
            delta.records = record.map { [$0] } ?? []
            deltas.append(delta)
        }
        other.take(deltas[3])
        #expect(other.replica.origin(Self.id(0))?.through == 0)
        #expect(other.replica.value(of: Self.key(2), from: Self.id(0)) == Self.value(4))
        other.take(deltas[0])
        other.take(deltas[1])
        #expect(other.replica.value(of: Self.key(2), from: Self.id(0)) == Self.value(4), "an older write of the key came late")
        #expect(other.replica.origin(Self.id(0))?.through == 2)
        other.take(deltas[2])
        #expect(other.replica.origin(Self.id(0))?.through == 4)
        #expect(other.replica.root != owner.replica.root, "the owner doesn't know that the other is there")
        #expect(other.replica.origin(Self.id(0))?.entry == owner.replica.ownOrigin.entry && other.isConsistent)
        #expect(other.replica.origin(Self.id(0))?.hasPending == false)
    }

    /// Who has a gap and serves what lies ahead of it sends pages that stand for no version; the ones before may be lost.
    @Test("a page of what lies ahead of the sender's gap is used, and what is known doesn't grow by it") func aheadOfGap() {
        var (owner, middle, other) = (Watched(0), Watched(1), Watched(2))
        for number in 1...20 {
            owner.write(Self.key(number), Self.value(1))
            guard !(5...10).contains(number), let origin = owner.replica.origin(Self.id(0)) else { continue }
            let version = UInt64(number)
            var delta = Delta(origin: Self.id(0), epoch: 1, floor: 0, from: version - 1, to: version)
            delta.records = origin.records.filter { $0.version == version }
            middle.take(delta)
        }
        let request = DeltaRequest(origin: Self.id(0), epoch: 1, from: 0, replayFloor: 0)
        var budget = Int.max
        let pages = middle.replica.pages(for: request, pageByteCount: 300, budget: &budget).pages
        #expect(pages.count == 2 && pages.allSatisfy { $0.to == 4 } && pages.map(\.from) == [0, 4])
        other.take(pages[pages.count - 1])
        #expect(other.replica.origin(Self.id(0))?.through == 0)
        #expect(other.replica.value(of: Self.key(20), from: Self.id(0)) == Self.value(1))
        other.take(pages[0])
        #expect(other.replica.origin(Self.id(0))?.through == 4)
        other.pullAll(from: owner.replica)
        #expect(other.replica.origin(Self.id(0))?.entry == owner.replica.ownOrigin.entry && other.isConsistent)
    }

    @Test("a replica that has seen a withdrawal keeps nothing that is older, in whatever order it comes") func late() {
        var (owner, other) = (Watched(0), Watched(1))
        owner.write(Self.key(1), Self.value(1))
        var old = Delta(origin: Self.id(0), epoch: 1, floor: 0, from: 0, to: 1)
        old.records = owner.replica.ownOrigin.records
        owner.write(Self.key(1), nil)
        owner.pass(.zero)
        other.pull(Self.id(0), from: owner.replica)
        other.take(old)
        #expect(other.replica.records(of: Self.id(0)).isEmpty)
        for _ in 0..<2 { owner.pass(.seconds(25 * 3600)) }
        #expect(owner.replica.ownOrigin.records.isEmpty && owner.replica.ownOrigin.floor == 2, "the tombstone is collected")
        other.pull(Self.id(0), from: owner.replica)
        #expect(other.replica.origin(Self.id(0))?.records.isEmpty == true, "others follow the floor")
        other.take(old)
        #expect(other.replica.records(of: Self.id(0)).isEmpty && other.isConsistent)
    }

    // MARK: Floors

    @Test(
        "below the floor: a replay, during which old records stay; what it didn't mention goes at its end", arguments: [1, 2, 3])
    func replay(pagesPerPull: Int) {
        var (owner, other) = (Watched(0), Watched(1))
        owner.pass(.zero)
        for number in 0..<40 { owner.write(Self.key(number), Self.value(UInt64(number))) }
        other.pull(Self.id(0), from: owner.replica)
        for number in 0..<20 { owner.write(Self.key(number), nil) }
        for _ in 0..<2 { owner.pass(.seconds(25 * 3600)) }
        for number in 40..<50 { owner.write(Self.key(number), Self.value(UInt64(number))) }
        #expect(owner.replica.ownOrigin.floor == 60)
        var rounds = 0
        while other.replica.origin(Self.id(0))?.entry != owner.replica.ownOrigin.entry, rounds < 100 {
            #expect(other.replica.value(of: Self.key(30), from: Self.id(0)) != nil)
            if rounds == 0 { #expect(other.replica.records(of: Self.id(0)).count >= 40) }
            other.pull(Self.id(0), from: owner.replica, count: pagesPerPull)
            rounds += 1
        }
        #expect(rounds < 100 && (pagesPerPull > 2 || rounds > 1))
        #expect(other.told[Self.id(0)] == owner.told[Self.id(0)] && other.isConsistent)
        #expect(other.replica.origin(Self.id(0))?.hasPending == false)
    }

    @Test("one without any of it takes a replay too, and one who is above the floor needs none") func replayToNew() {
        var (owner, new, level) = (Watched(0), Watched(1), Watched(2))
        owner.pass(.zero)
        for number in 0..<10 { owner.write(Self.key(number), Self.value(1)) }
        owner.write(Self.key(0), nil)
        level.pull(Self.id(0), from: owner.replica)
        for _ in 0..<2 { owner.pass(.seconds(25 * 3600)) }
        let request = DeltaRequest(origin: Self.id(0), epoch: 1, from: 11, replayFloor: 0)
        var budget = 1000
        #expect(owner.replica.pages(for: request, pageByteCount: 300, budget: &budget).pages.isEmpty)
        new.pull(Self.id(0), from: owner.replica)
        level.pull(Self.id(0), from: owner.replica)
        for replica in [new.replica, level.replica] {
            #expect(replica.origin(Self.id(0))?.entry == owner.replica.ownOrigin.entry)
            #expect(replica.records(of: Self.id(0)).count == 9)
        }
    }

    // MARK: Epochs

    @Test("a restart withdraws nothing until it has said all: then exactly what it did not say again") func settles() throws {
        var (before, other) = (Watched(0), Watched(1))
        before.write(.node, try Self.node(1, settled: true))
        for number in 0..<10 { before.write(Self.key(number), Self.value(1)) }
        other.pullAll(from: before.replica)
        var after = Watched(0, epoch: 2)
        after.write(.node, try Self.node(1))
        other.pullAll(from: after.replica)
        #expect(other.replica.records(of: Self.id(0)).count == 11 && other.isConsistent)
        for number in 0..<7 { after.write(Self.key(number), Self.value(number < 5 ? 1 : 2)) }
        other.pullAll(from: after.replica)
        #expect(other.replica.records(of: Self.id(0)).count == 11)
        #expect(other.replica.value(of: Self.key(6), from: Self.id(0)) == Self.value(2))
        after.write(.node, try Self.node(1, settled: true))
        other.pullAll(from: after.replica)
        #expect(other.told[Self.id(0)] == after.told[Self.id(0)] && other.isConsistent)
        #expect(other.replica.origin(Self.id(0))?.hasPending == false)
        // Late words of the first start change nothing.
        other.pullAll(from: before.replica)
        var budget = Int.max
        let request = DeltaRequest(origin: Self.id(0), epoch: 1, from: 0, replayFloor: 0)
        for page in before.replica.pages(for: request, pageByteCount: 900, budget: &budget).pages { other.take(page) }
        #expect(other.told[Self.id(0)] == after.told[Self.id(0)])
    }

    @Test("a restart that never says that it has said all is believed after 30 s") func retires() throws {
        var (before, other) = (Watched(0), Watched(1))
        before.write(Self.key(1), Self.value(1))
        other.pullAll(from: before.replica)
        var after = Watched(0, epoch: 2)
        after.write(Self.key(2), Self.value(1))
        other.pullAll(from: after.replica)
        other.pass(.seconds(29))
        #expect(other.replica.records(of: Self.id(0)).count == 2)
        #expect(other.replica.deadline(now: other.now) <= other.now.advanced(by: .seconds(1)))
        other.pass(.seconds(1))
        #expect(other.told[Self.id(0)] == [Self.key(2): Self.value(1)] && other.isConsistent)
    }

    @Test("a node that finds itself behind goes past what others know, and what it has is what they get") func ownIsBehind() {
        var (before, other) = (Watched(0), Watched(1))
        before.pass(.zero)
        for number in 0..<5 { before.write(Self.key(number), Self.value(1)) }
        other.pullAll(from: before.replica)
        // The same epoch again: its disk was put back.
        var after = Watched(0)
        after.write(Self.key(9), Self.value(9))
        #expect(other.replica.difference(from: after.replica.ownOrigin.entry) == .ahead)
        let entry = other.replica.origin(Self.id(0))?.entry ?? after.replica.ownOrigin.entry
        #expect(after.replica.difference(from: entry) == .behind)
        after.run { replica, effects in replica.restart(epoch: 2, into: &effects) }
        other.pullAll(from: after.replica)
        other.pass(.zero)
        other.pass(.seconds(31))
        #expect(other.told[Self.id(0)] == [Self.key(9): Self.value(9)] && other.isConsistent)
    }

    /// An old image of a disk was put back, and as much was written as had been before: only the salt tells the two apart.
    @Test("an epoch that is used again with as many writes is noticed, whichever salt is higher", arguments: [3, 5] as [UInt32])
    func epochUsedAgain(salt: UInt32) {
        var (before, after, other) = (Watched(0, salt: 4), Watched(0, salt: salt), Watched(1))
        for number in 0..<3 { before.write(Self.key(number), Self.value(1)) }
        other.pullAll(from: before.replica)
        for number in 0..<3 { after.write(Self.key(number + 1), Self.value(2)) }
        #expect(other.replica.differingBuckets(from: after.replica.sums) != 0)
        let told = other.told
        let stillKnown = other.replica.origin(Self.id(0))?.entry
        other.pullAll(from: after.replica)
        if salt < 4 {
            #expect(other.told == told, "of two lives in one epoch the same counts everywhere")
            #expect(stillKnown.map(after.replica.difference) == .behind, "it learns that the epoch was used")
            after.run { replica, effects in replica.restart(epoch: 2, into: &effects) }
            other.pullAll(from: after.replica)
        }
        other.pullAll(from: before.replica)
        other.pass(.zero)
        other.pass(.seconds(31))
        #expect(other.told[Self.id(0)] == after.told[Self.id(0)] && other.isConsistent)
    }

    // MARK: Absence

    @Test("a new node at a dead one's tunnel end point takes its place, until the dead one is back") func supersedes() throws {
        var (dead, new, other) = (Watched(0), Watched(1), Watched(2))
        dead.write(.node, try Self.node(1))
        dead.write(Self.key(1), Self.value(1))
        new.write(.node, try Self.node(1))
        other.present = [Self.id(0), Self.id(1)]
        other.pullAll(from: dead.replica)
        other.pullAll(from: new.replica)
        #expect(other.told[Self.id(0)]?.count == 2, "both live: no business of ours")
        let now = other.now
        other.present = [Self.id(1)]
        other.run { replica, _ in replica.memberIsAbsent(Self.id(0), now: now) }
        other.pass(.seconds(29))
        #expect(other.told[Self.id(0)]?.count == 2, "its death may be no more than a rumour")
        other.pass(.seconds(2))
        #expect(other.told[Self.id(0)] == [:] && other.isConsistent)
        #expect(other.replica.origin(Self.id(0))?.entry == dead.replica.ownOrigin.entry, "kept, for it is the fabric's")
        let later = other.now
        other.run { replica, effects in replica.memberIsPresent(Self.id(0), now: later, into: &effects) }
        #expect(other.told[Self.id(0)]?.count == 2 && other.isConsistent)
    }

    /// Its first words come in the datagram that tells that it lives; of that the replica is told last.
    @Test("a node that is back after long takes not its own place") func notItsOwnPlace() throws {
        var (node, other) = (Watched(0), Watched(1))
        node.write(Self.key(1), Self.value(1))
        node.write(.node, try Self.node(1))
        other.pullAll(from: node.replica)
        let died = other.now
        other.run { replica, _ in replica.memberIsAbsent(Self.id(0), now: died) }
        other.pass(.seconds(31))
        other.present = [Self.id(0)]
        node.run { replica, effects in replica.restart(epoch: 2, into: &effects) }
        other.pullAll(from: node.replica)
        #expect(other.told[Self.id(0)]?.count == 2 && other.isConsistent)
    }

    @Test("death alone changes no record; a week later the node is forgotten, and no slower peer brings it back") func forgets()
        throws
    {
        var (dead, other, slow) = (Watched(0), Watched(1), Watched(2))
        dead.write(.node, try Self.node(1))
        dead.write(Self.key(1), Self.value(1))
        for _ in 0..<1 {
            other.pullAll(from: dead.replica)
            slow.pullAll(from: dead.replica)
        }
        other.pass(.zero)
        let now = other.now
        other.run { replica, _ in replica.memberIsAbsent(Self.id(0), now: now) }
        #expect(other.told[Self.id(0)]?.count == 2)
        other.pass(.seconds(6 * 24 * 3600))
        #expect(other.told[Self.id(0)]?.count == 2)
        other.pass(.seconds(24 * 3600 + 1))
        #expect(other.told[Self.id(0)] == [:] && other.isConsistent)
        other.pullAll(from: slow.replica)
        var budget = Int.max
        let request = DeltaRequest(origin: Self.id(0), epoch: 1, from: 0, replayFloor: 0)
        for page in slow.replica.pages(for: request, pageByteCount: 900, budget: &budget).pages { other.take(page) }
        #expect(other.told[Self.id(0)] == [:])
        let stub = try #require(other.replica.origin(Self.id(0))?.entry)
        #expect(stub.isForgotten && slow.replica.difference(from: stub) == .forgotten)
        #expect(dead.replica.difference(from: stub) == .forgotten, "if it lives after all it learns that it was forgotten")
        slow.run { replica, effects in replica.forget(stub.origin, epoch: stub.epoch, into: &effects) }
        #expect(slow.told[Self.id(0)] == [:] && slow.isConsistent)
        // It comes back, past the epoch that was forgotten.
        dead.run { replica, effects in replica.restart(epoch: 2, into: &effects) }
        other.pullAll(from: dead.replica)
        #expect(other.told[Self.id(0)]?.count == 2 && other.isConsistent)
    }

    // MARK: Whatever happens

    /// Three owners write, withdraw, restart and collect; five replicas pull from each other at random, lose pages, get others
    /// twice and late. No replica may ever be told something older than it was told before, and in the end all know the same.
    @Test("nothing is lost or resurrected", arguments: UInt64(0)..<200) func mixed(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var configuration = GossipConfiguration()
        configuration.tombstoneAge = .seconds(60)
        configuration.housekeepingPeriod = .seconds(20)
        var replicas = (0..<5).map { Watched($0, configuration) }
        var epochs = Array(repeating: UInt32(1), count: 3)
        var late: [Delta] = []
        /// What each owner said last of each key: the number of the write, in all its epochs.
        var written: UInt64 = 0
        var newest = Array(repeating: [NodeID: [RecordKey: UInt64]](), count: 5)
        var withdrawn: [NodeID: [RecordKey: UInt64]] = [:]
        var isOld = false

        func check(_ index: Int, _ before: [NodeID: [RecordKey: RecordValue]]) {
            for (origin, records) in replicas[index].told where origin != Self.id(index) {
                for (key, value) in records where before[origin]?[key] != value {
                    var reader = ByteReader(value.bytes)
                    guard key != .node, let number: UInt64 = try? reader.integer() else { continue }
                    if number < newest[index][origin]?[key] ?? 0 { isOld = true }
                    newest[index][origin, default: [:]][key] = number
                }
                for key in (before[origin] ?? [:]).keys where records[key] == nil {
                    // Withdrawn by its owner, or not said again after a restart: neither may be undone by anything older.
                    if let number = withdrawn[origin]?[key], number > newest[index][origin]?[key] ?? 0 {
                        newest[index][origin, default: [:]][key] = max(newest[index][origin]?[key] ?? 0, 0)
                    }
                }
            }
        }

        for step in 0..<400 {
            for index in replicas.indices { replicas[index].now = replicas[index].now.advanced(by: .seconds(1)) }
            switch Int.random(in: 0..<20, using: &random) {
            case 0..<8:
                let owner = Int.random(in: 0..<3, using: &random)
                let key = Self.key(Int.random(in: 0..<8, using: &random))
                written += 1
                let isWithdrawal = Int.random(in: 0..<3, using: &random) == 0
                let from = replicas[owner].replica.ownOrigin.through
                replicas[owner].write(key, isWithdrawal ? nil : Self.value(written))
                if isWithdrawal { withdrawn[Self.id(owner), default: [:]][key] = written }
                guard replicas[owner].replica.ownOrigin.through > from else { break }
                let origin = replicas[owner].replica.ownOrigin
                var delta = Delta(origin: origin.id, epoch: origin.epoch, floor: origin.floor, from: from, to: from + 1)
                delta.records = origin.records.filter { $0.version == from + 1 }
                for index in replicas.indices where index != owner && Bool.random(using: &random) {
                    let before = replicas[index].told
                    replicas[index].take(delta)
                    check(index, before)
                }
                late.append(delta)
            case 8..<15:
                let (index, other) = (Int.random(in: 0..<5, using: &random), Int.random(in: 0..<5, using: &random))
                let origin = Self.id(Int.random(in: 0..<3, using: &random))
                guard index != other, origin != Self.id(index) else { break }
                let before = replicas[index].told
                replicas[index].pull(
                    origin, from: replicas[other].replica, pageByteCount: Int.random(in: 130...400, using: &random),
                    count: Int.random(in: 0...4, using: &random))
                check(index, before)
            case 15..<18:
                guard let delta = late.randomElement(using: &random) else { break }
                let index = Int.random(in: 0..<5, using: &random)
                guard delta.origin != Self.id(index) else { break }
                let before = replicas[index].told
                replicas[index].take(delta)
                check(index, before)
            case 18:
                let owner = Int.random(in: 0..<3, using: &random)
                guard step % 7 == 0 else { break }
                epochs[owner] += 1
                var fresh = Watched(owner, epoch: epochs[owner], configuration)
                fresh.now = replicas[owner].now
                for number in 0..<4 {
                    written += 1
                    fresh.write(Self.key(number), Self.value(written))
                }
                fresh.write(.node, try Self.node(UInt32(owner), settled: true))
                replicas[owner] = fresh
                newest[owner] = [:]
            default:
                for index in replicas.indices {
                    let before = replicas[index].told
                    replicas[index].pass(.zero)
                    check(index, before)
                }
            }
        }
        #expect(!isOld, "something older was told after something newer")
        for _ in 0..<4 {
            for index in replicas.indices {
                for other in replicas.indices where other != index {
                    for origin in replicas[other].replica.originIDs where origin != Self.id(index) {
                        replicas[index].pull(origin, from: replicas[other].replica)
                    }
                }
            }
        }
        for index in replicas.indices { replicas[index].pass(.seconds(31)) }
        for index in replicas.indices {
            for owner in 0..<3 {
                #expect(
                    replicas[index].replica.origin(Self.id(owner))?.entry == replicas[owner].replica.ownOrigin.entry
                        || replicas[owner].replica.ownOrigin.floor > 0)
                #expect(replicas[index].told[Self.id(owner)] ?? [:] == replicas[owner].told[Self.id(owner)] ?? [:])
            }
            #expect(replicas[index].isConsistent)
        }
    }

    @Test("sums are those of the entries, whatever was done", arguments: UInt64(0)..<20) func sums(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var replica = Watched(0)
        for number in 1...200 {
            var delta = Delta(
                origin: Self.id(Int.random(in: 1...40, using: &random)), epoch: UInt32.random(in: 1...3, using: &random),
                floor: 0,
                from: 0, to: UInt64.random(in: 0...9, using: &random))
            delta.records = [Record(key: Self.key(number % 5), version: max(1, delta.to), value: Self.value(1))]
            replica.take(delta)
            if number % 11 == 0 {
                let id = Self.id(number % 40 + 1)
                replica.run { replica, effects in replica.forget(id, epoch: 2, into: &effects) }
            }
        }
        let origins = replica.replica.originIDs.compactMap { replica.replica.origin($0) }
        #expect(replica.replica.root == origins.reduce(0) { $0 &+ $1.entry.fingerprint })
        #expect(replica.replica.sums.reduce(0, &+) == replica.replica.root)
        #expect(origins.map(\.id) == origins.map(\.id).sorted() && origins.count == replica.replica.originCount)
        #expect(replica.isConsistent)
    }
}
