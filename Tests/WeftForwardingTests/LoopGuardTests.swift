import Testing
import WeftTypes
import WeftWire

@testable import WeftForwarding

@Suite struct LoopGuardTests {
    private static let vni = VNI(headerWord: 100 << 8)

    /// A wire that carries what each host's ports send to all others on it, and says who is blocked.
    private struct Wire {
        var now = Instant(nanoseconds: 1_000_000_000)
        /// Hosts by name, each with its ports.
        var guards: [String: LoopGuard] = [:]
        var ports: [LoopGuard.Place]
        /// Who does not hear whom.
        var deaf: Set<[String]> = []
        /// The wire brings everybody's frames back.
        var echoes = false
        var history: [(at: Instant, effect: LoopGuard.Effect)] = []

        init(_ ports: [String]) {
            self.ports = ports.map { text in
                let parts = text.split(separator: ".")
                return LoopGuard.Place(host: String(parts[0]), port: String(parts[1]))
            }
            for host in Set(self.ports.map(\.host)) { guards[host] = LoopGuard(host: host) }
            rewatch()
        }

        mutating func rewatch() {
            for host in guards.keys {
                let lanes = ports.filter { $0.host == host }.map { LoopGuard.Lane(port: $0.port, vni: LoopGuardTests.vni) }
                guards[host]?.watch(Set(lanes), now: now)
            }
        }

        func isBlocked(_ place: LoopGuard.Place) -> Bool {
            guards[place.host]?.cause(of: LoopGuard.Lane(port: place.port, vni: LoopGuardTests.vni)) != nil
        }

        var blocked: [String] { ports.filter(isBlocked).map { "\($0.host).\($0.port)" } }

        mutating func send(from place: LoopGuard.Place) {
            let probe = LoopProbe(
                isBlocked: isBlocked(place), vni: LoopGuardTests.vni, fabric: 1, run: 1, host: place.host, port: place.port)
            for other in ports where other != place || echoes {
                guard !deaf.contains([other.host + "." + other.port, place.host + "." + place.port]) else { continue }
                note(
                    guards[other.host]?.hear(probe, on: LoopGuard.Lane(port: other.port, vni: LoopGuardTests.vni), now: now)
                        ?? [],
                    on: other.host)
            }
        }

        /// What changes is told at once, as the shell does.
        private mutating func note(_ effects: [LoopGuard.Effect], on host: String) {
            for effect in effects {
                history.append((now, effect))
                switch effect {
                case .block(let lane, _), .unblock(let lane): send(from: LoopGuard.Place(host: host, port: lane.port))
                }
            }
        }

        mutating func run(_ duration: Duration) {
            let end = now.advanced(by: duration)
            while now < end {
                for host in guards.keys.sorted() { note(guards[host]?.tick(now: now) ?? [], on: host) }
                for port in ports { send(from: port) }
                now = now.advanced(by: .milliseconds(300))
            }
        }
    }

    @Test("of any number of ports on a wire one forwards, the least, within a probe", arguments: [2, 3, 5]) func election(
        count: Int
    ) {
        let ports = ["alpha.p1", "alpha.p2", "bravo.p0", "carol.p1", "carol.p9"].prefix(count)
        var wire = Wire(ports.reversed())
        wire.run(.milliseconds(300))
        #expect(Set(wire.blocked) == Set(ports.dropFirst()))
        wire.run(.seconds(60))
        #expect(Set(wire.blocked) == Set(ports.dropFirst()))
        #expect(wire.history.count == count - 1)
    }

    @Test("when the one that forwards is gone, another does, and only one") func successor() {
        var wire = Wire(["alpha.p1", "bravo.p1", "carol.p1"])
        wire.run(.seconds(1))
        wire.ports.removeFirst()
        wire.rewatch()
        wire.run(.seconds(10))
        #expect(wire.blocked == ["carol.p1"])
        // The other stayed blocked all the time.
        #expect(wire.history.count == 3)
    }

    @Test("a wire that is cut is forwarded on again after five seconds, later when it does not last") func backoff() {
        var wire = Wire(["alpha.p1", "bravo.p1"])
        var waits: [Int64] = []
        for _ in 0..<6 {
            wire.deaf = []
            wire.run(.seconds(1))
            #expect(wire.blocked == ["bravo.p1"])
            wire.deaf = [["bravo.p1", "alpha.p1"], ["alpha.p1", "bravo.p1"]]
            let cut = wire.now
            while wire.blocked != [] { wire.run(.milliseconds(300)) }
            waits.append(cut.duration(to: wire.now).components.seconds)
        }
        #expect(waits.map { ($0 + 1) / 5 * 5 } == [5, 10, 20, 40, 60, 60])
        wire.run(.seconds(100))
        wire.deaf = []
        wire.run(.seconds(1))
        wire.deaf = [["bravo.p1", "alpha.p1"], ["alpha.p1", "bravo.p1"]]
        wire.run(.seconds(6))
        #expect(wire.blocked == [])
    }

    @Test("on a wire of one direction the lesser gives way, if it is the one that hears") func oneWay() {
        var wire = Wire(["alpha.p1", "bravo.p1"])
        wire.deaf = [["bravo.p1", "alpha.p1"]]
        wire.run(.milliseconds(600))
        #expect(wire.blocked == [])
        wire.run(.milliseconds(600))
        #expect(wire.blocked == ["alpha.p1"])
        wire.run(.seconds(30))
        #expect(wire.blocked == ["alpha.p1"])
    }

    @Test("a port that hears itself is blocked within a second, and as long as it does") func echo() {
        var wire = Wire(["alpha.p1"])
        wire.echoes = true
        wire.run(.seconds(1))
        #expect(wire.blocked == ["alpha.p1"])
        #expect(wire.history.first.map { $0.at < Instant(nanoseconds: 1_900_000_000) } == true)
        wire.run(.seconds(60))
        #expect(wire.history.count == 1)
        wire.echoes = false
        wire.run(.seconds(6))
        #expect(wire.blocked == [])
    }

    @Test("echoes that end once others have given way block nobody else") func passingEcho() {
        var wire = Wire(["alpha.p1", "alpha.p2", "alpha.p3"])
        wire.echoes = true
        wire.send(from: wire.ports[0])
        wire.echoes = false
        wire.run(.seconds(3))
        #expect(wire.blocked == ["alpha.p2", "alpha.p3"])
    }

    @Test("other segments, unknown ports and lanes that have gone matter not") func foreign() {
        let lane = LoopGuard.Lane(port: "p2", vni: Self.vni)
        var keeper = LoopGuard(host: "alpha")
        var now = Instant(nanoseconds: 0)
        keeper.watch([lane], now: now)
        var probe = LoopProbe(isBlocked: false, vni: Self.vni, fabric: 1, run: 1, host: "alpha", port: "p1")
        #expect(keeper.hear(probe, on: LoopGuard.Lane(port: "p7", vni: Self.vni), now: now) == [])
        probe.vni = VNI(headerWord: 200 << 8)
        #expect(keeper.hear(probe, on: lane, now: now) == [])
        probe.vni = Self.vni
        probe.isBlocked = true
        #expect(keeper.hear(probe, on: lane, now: now) == [])
        probe.isBlocked = false
        #expect(keeper.hear(probe, on: lane, now: now) == [.block(lane, because: .init(host: "alpha", port: "p1"))])
        #expect(keeper.hear(probe, on: lane, now: now) == [])
        now = now.advanced(by: .seconds(4))
        #expect(keeper.tick(now: now) == [])
        keeper.watch([], now: now)
        #expect(keeper.blocked.isEmpty && keeper.tick(now: now.advanced(by: .seconds(9))) == [])
    }
}
