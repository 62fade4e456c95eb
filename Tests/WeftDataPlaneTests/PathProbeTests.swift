import Glibc
import Synchronization
import Testing
import WeftDataPlane
import WeftForwarding
import WeftLinux
import WeftTypes

/// Two data planes of ours and a router between them, whose second link shrinks.
@Suite(.serialized, .enabled(if: Rig.isPossible, Rig.reason)) struct PathProbeTests {
    /// alpha and bravo with guests, on two underlay networks that a router of the rig's joins.
    final class Routed {
        let rig: Rig
        let alpha: DataPlane
        let bravo: DataPlane
        let changes: Changes

        final class Changes: Sendable {
            private let all = Mutex<[(at: Instant, event: PathEvent)]>([])
            func append(_ event: PathEvent) { all.withLock { $0.append((MonotonicClock.now(), event)) } }
            var list: [(at: Instant, event: PathEvent)] { all.withLock { $0 } }
        }

        init(
            _ family: IPAddress.Family = .v4, peer: PeerDescription.Kind = .staticAgent, line: Int = #line,
            adjust: (inout DataPlaneConfiguration) -> Void = { _ in }
        ) throws {
            rig = try Rig(family, isWire: true, line: line)
            try rig.insertRouter()
            let stations = { (host: String) in
                ["alpha", "bravo"].map { name in
                    Directory.Station(
                        key: FDBKey(Rig.segment, Rig.mac(name)),
                        location: name == host ? .port(PortIndex(0)) : .peer(PeerIndex(0)))
                }
            }
            let changes = Changes()
            self.changes = changes
            alpha = try rig.start(
                "alpha", peer: peer, stations: stations("alpha"), adjust: adjust, onPathEvent: { changes.append($0) })
            bravo = try rig.start("bravo", peer: peer, stations: stations("bravo"), adjust: adjust)
        }

        var report: PathReport { alpha.pathReports()[PeerIndex(0)] ?? PathReport() }

        /// Waits for the MTU that alpha knows to be `mtu`.
        func wait(for mtu: Int, seconds: Int) throws {
            try rig.poll(seconds: seconds) { report.mtu == mtu }
        }
    }

    @Test("P1: the path is known soon after the start, without traffic", arguments: [IPAddress.Family.v4, .v6])
    func starts(family: IPAddress.Family) throws {
        let routed = try Routed(family) { $0.pathDiscovery?.idleTime = .seconds(1) }
        try routed.wait(for: 1500, seconds: 3)
        #expect(routed.report.rtt.map { $0 > .zero && $0 < .milliseconds(100) } == true && routed.report.lossRatio == 0)
        // What the guests say by themselves when they come up is traffic; then it is quiet.
        var (count, changed) = (probesAnswered(by: routed.bravo), MonotonicClock.now())
        try routed.rig.poll(seconds: 40) {
            let now = MonotonicClock.now()
            if probesAnswered(by: routed.bravo) != count { (count, changed) = (probesAnswered(by: routed.bravo), now) }
            return changed.duration(to: now) > .seconds(3)
        }
        #expect(try routed.rig.settled(routed.bravo).total.drops.isEmpty)
        #expect(routed.changes.list.map(\.event) == [.mtuChanged(PeerIndex(0), from: nil, to: 1500)])
    }

    private func probesAnswered(by plane: DataPlane) -> UInt64 { plane.counters().peers[PeerIndex(0)]?.answeredProbes ?? 0 }

    @Test(
        "P3: a silent shrink under bulk TCP is followed within 4 s, and up again", arguments: [IPAddress.Family.v4, .v6])
    func blackHole(family: IPAddress.Family) throws {
        let routed = try Routed(family) { $0.pathDiscovery?.raiseInterval = .seconds(5) }
        let rig = routed.rig
        try routed.wait(for: 1500, seconds: 3)
        try rig.silenceRouter()
        let flow = try Transfer.stream(rig, from: "alpha")
        defer { flow.stop() }
        try rig.poll(seconds: 5) { flow.byteCount > 20 << 20 }
        let shrink = MonotonicClock.now()
        try rig.setRouterMTU(1400)
        // The bytes stop, and go on.
        usleep(300_000)
        var last = (flow.byteCount, MonotonicClock.now())
        var longest = Duration.zero
        while shrink.duration(to: MonotonicClock.now()) < .seconds(8) {
            usleep(10_000)
            let count = flow.byteCount
            if count - last.0 > 64 << 10 {
                longest = max(longest, last.1.duration(to: MonotonicClock.now()))
                last = (count, MonotonicClock.now())
            }
        }
        longest = max(longest, last.1.duration(to: MonotonicClock.now()))
        let fall = try #require(routed.changes.list.first { $0.at > shrink })
        #expect(longest < .seconds(4), "TCP stood still for \(longest)")
        #expect(shrink.duration(to: fall.at) < .seconds(4))
        try routed.wait(for: 1400, seconds: 40)
        #expect(routed.report.mtu == 1400)
        // Nothing above the router's new size is sent any more, and nothing we dropped was not counted.
        for plane in [routed.alpha, routed.bravo] {
            let counters = plane.counters()
            #expect(Set(counters.total.drops.keys).isSubset(of: [.tooBigAnswerLimited]), "\(counters.total.drops)")
        }
        try rig.setRouterMTU(1500)
        try routed.wait(for: 1500, seconds: 60)
        flow.stop()
        #expect(flow.failure == nil, "\(flow.failure ?? "")")
        _ = try rig.settled(routed.alpha)
    }

    @Test("a router that speaks is heard sooner", arguments: [IPAddress.Family.v4, .v6])
    func tooBig(family: IPAddress.Family) throws {
        let routed = try Routed(family)
        try routed.wait(for: 1500, seconds: 3)
        _ = try routed.rig.ping(from: "alpha")
        let shrink = MonotonicClock.now()
        try routed.rig.setRouterMTU(1400)
        let pinging = try ChildProcess(
            Command("ping", ["-c", "40", "-i", "0.1", "10.1.0.2"], in: .named(routed.rig.namespace("guest-alpha"))))
        defer { _ = try? pinging.terminate() }
        try routed.wait(for: 1400, seconds: 6)
        let fall = try #require(routed.changes.list.first { $0.at > shrink })
        #expect(fall.event == .mtuChanged(PeerIndex(0), from: 1500, to: 1400), "the router said 1400")
        #expect(shrink.duration(to: fall.at) < .seconds(3), "\(shrink.duration(to: fall.at))")
        // P6: the guest is told what fits inside.
        let inner = 1400 - family.overheadByteCount
        _ = try? routed.rig.ping(from: "alpha", "-Mdo", "-s\(inner - 27)")
        #expect(try routed.rig.run("guest-alpha", "ip", "route", "get", "10.1.0.2").contains("mtu \(inner)"))
        // Nobody tells bravo: its way back is a black hole, which it finds by itself.
        try routed.rig.poll(seconds: 6) { routed.bravo.pathReports()[PeerIndex(0)]?.mtu.map { $0 <= 1404 } == true }
        #expect(try routed.rig.ping(from: "alpha", "-Mdont", "-s1400").contains(" 0% packet loss"))
    }

    @Test("P4: a forged message that quotes what we send changes nothing") func forged() throws {
        let routed = try Routed()
        try routed.wait(for: 1500, seconds: 3)
        let pinging = try ChildProcess(
            Command("ping", ["-q", "-c", "60", "-i", "0.1", "10.1.0.2"], in: .named(routed.rig.namespace("guest-alpha"))))
        defer { _ = try? pinging.terminate() }
        let forger = try Forger(routed.rig)
        for round in 0..<40 {
            for mtu in [1200, 1300, 1499, 600] as [UInt16] { try forger.sendToAllPorts(mtu: mtu) }
            usleep(100_000)
            #expect(routed.report.mtu == 1500, "round \(round)")
        }
        #expect(routed.changes.list.count == 1)
        #expect(try routed.rig.ping(from: "alpha", "-Mdo", "-s1422").contains(" 0% packet loss"))
        #expect(try routed.rig.settled(routed.alpha).total.drops.isEmpty)
    }

    @Test("a peer that is no agent is not probed, and one that never answers keeps what is configured") func silent() throws {
        let rig = try Rig()
        try rig.makeKernelPeer()
        let plain = try rig.start("alpha", peer: .plain)
        _ = try rig.ping(from: "alpha")
        #expect(plain.pathReports().isEmpty)
        plain.stop()
        let old = try Rig()
        try old.makeKernelPeer()
        let plane = try old.start("alpha", peer: .staticAgent)
        #expect(try old.ping(from: "alpha", "-Mdo", "-s1422").contains(" 0% packet loss"))
        sleep(2)
        #expect(plane.pathReports()[PeerIndex(0)]?.mtu == nil)
        #expect(try old.ping(from: "alpha", "-Mdo", "-s1422").contains(" 0% packet loss"))
    }
}
