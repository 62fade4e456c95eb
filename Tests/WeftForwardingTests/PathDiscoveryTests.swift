import Testing
import WeftForwarding
import WeftTypes

/// A path in virtual time: what it takes, what it loses, and how long it needs.
struct VirtualPath {
    var mtu: Int
    var linkMTU = 1500
    var lossPercent = 0
    var delay = Duration.milliseconds(1)
    /// Whether routers tell of what is too big.
    var tellsTooBig = false
    /// Whether the peer answers at all.
    var isAnswering = true

    var discovery: PathDiscovery
    var now = Instant(nanoseconds: 5_000_000_000)
    private(set) var changes: [(at: Instant, mtu: Int)] = []
    private(set) var probes: [(at: Instant, byteCount: Int)] = []
    private var arriving: [(at: Instant, input: PathDiscovery.Input)] = []
    private var random: SeededRandom

    init(
        mtu: Int, linkMTU: Int = 1500, seed: UInt64 = 1, configuration: PathDiscovery.Configuration = .init(),
        adjust: (inout VirtualPath) -> Void = { _ in }
    ) {
        (self.mtu, self.linkMTU) = (mtu, linkMTU)
        random = SeededRandom(seed: seed)
        discovery = PathDiscovery(configuration, linkMTU: linkMTU, seed: seed &+ 99, start: now)
        adjust(&self)
    }

    mutating func handle(_ input: PathDiscovery.Input) {
        var effects: [PathDiscovery.Effect] = []
        discovery.handle(input, now: now, into: &effects)
        for effect in effects {
            switch effect {
            case .mtuChanged(_, let to): changes.append((now, to))
            case .probe(let nonce, let byteCount):
                probes.append((now, byteCount))
                if byteCount > linkMTU {
                    arriving.append((now, .refused(nonce: nonce)))
                } else if byteCount > mtu {
                    if tellsTooBig { arriving.append((now.advanced(by: delay), .tooBig(byteCount: mtu))) }
                } else if isAnswering, !isLost(), !isLost() {
                    arriving.append((now.advanced(by: delay * 2), .acknowledged(nonce: nonce)))
                }
            }
        }
    }

    private mutating func isLost() -> Bool { Int.random(in: 0..<100, using: &random) < lossPercent }

    /// Lets time pass, with traffic or without.
    mutating func run(_ duration: Duration, traffic: Bool = true) {
        let end = now.advanced(by: duration)
        var nextTraffic = now
        var turns = 0
        while true {
            let arrival = arriving.map(\.at).min()
            let candidates = [arrival, discovery.wake, traffic ? nextTraffic : nil].compactMap { $0 }
            guard let next = candidates.min(), next <= end else { break }
            turns = next > now ? 0 : turns + 1
            #expect(turns < 1000, "time stands still at \(now)")
            guard turns < 1000 else { break }
            now = max(now, next)
            if traffic, now >= nextTraffic {
                nextTraffic = now.advanced(by: .seconds(1))
                handle(.traffic)
            }
            while let index = arriving.firstIndex(where: { $0.at <= now }) { handle(arriving.remove(at: index).input) }
            if let wake = discovery.wake, wake <= now { handle(.tick) }
        }
        now = end
    }
}

@Suite struct PathDiscoveryTests {
    @Test("P1: the base goes first, alone; then at once what the link takes") func starts() {
        var path = VirtualPath(mtu: 1500)
        path.run(.seconds(1), traffic: false)
        #expect(path.probes.map(\.byteCount).prefix(2) == [1200, 1500])
        #expect(path.probes[1].at > path.probes[0].at)
        #expect(path.changes.map(\.mtu) == [1500])
        #expect(path.probes.count <= 3 && path.discovery.wake == nil, "an idle path costs nothing")
        #expect(path.discovery.report.rtt == .milliseconds(2) && path.discovery.report.lossRatio == 0)
    }

    @Test("without the base nothing larger is tried; three probes, a second apart, then only with traffic") func unanswered() {
        var path = VirtualPath(mtu: 1500) { $0.isAnswering = false }
        path.run(.seconds(60), traffic: false)
        #expect(path.probes.map(\.byteCount) == [1200, 1200, 1200] && path.discovery.mtu == nil)
        #expect(zip(path.probes, path.probes.dropFirst()).allSatisfy { $0.at.duration(to: $1.at) >= .seconds(1) })
        path.run(.seconds(60))
        #expect((7...10).contains(path.probes.count) && path.probes.allSatisfy { $0.byteCount == 1200 })
        path.isAnswering = true
        path.run(.seconds(12))
        #expect(path.discovery.mtu == 1500)
    }

    @Test("a path that takes less than the link is found, to the byte", arguments: [1200, 1201, 1280, 1400, 1451, 1499])
    func narrow(mtu: Int) throws {
        var path = VirtualPath(mtu: mtu)
        path.run(.seconds(60))
        #expect(path.discovery.mtu == mtu)
        let first = try #require(path.changes.first)
        #expect(Instant(nanoseconds: 5_000_000_000).duration(to: first.at) < .seconds(2))
        #expect(path.changes.allSatisfy { $0.mtu <= mtu })
        // Nothing above the base before the base, each size of the search at most three times, a second apart.
        var last: [Int: Instant] = [:]
        for probe in path.probes where probe.byteCount > mtu && probe.byteCount < 1500 {
            if let former = last[probe.byteCount] { #expect(former.duration(to: probe.at) >= .seconds(1)) }
            last[probe.byteCount] = probe.at
        }
    }

    @Test("jumbo frames, and a link smaller than the base", arguments: [(9000, 9000), (9000, 1500), (1000, 1000), (65535, 9000)])
    func sizes(link: Int, mtu: Int) {
        var path = VirtualPath(mtu: mtu, linkMTU: link)
        path.run(.seconds(90))
        #expect(path.discovery.mtu == mtu)
    }

    @Test("P3: a silent shrink is followed in less than 3 s, to what gets through", arguments: UInt64(0)..<20)
    func blackHole(seed: UInt64) throws {
        var path = VirtualPath(mtu: 1500, seed: seed)
        path.run(.seconds(5) + .milliseconds(Int(seed) * 37))
        let shrink = path.now
        path.mtu = 1400
        path.run(.seconds(60))
        let fall = try #require(path.changes.first { $0.at >= shrink })
        #expect(shrink.duration(to: fall.at) < .seconds(3), "\(shrink.duration(to: fall.at))")
        #expect((1370...1400).contains(fall.mtu), "\(fall.mtu)")
        #expect(path.discovery.mtu == 1400)
        #expect(path.discovery.report.lossRatio == 0)
    }

    @Test("what routers say makes it quicker", arguments: UInt64(0)..<10) func tooBig(seed: UInt64) throws {
        var path = VirtualPath(mtu: 1500, seed: seed) { $0.tellsTooBig = true }
        path.run(.seconds(5) + .milliseconds(Int(seed) * 61))
        let shrink = path.now
        path.mtu = 1400
        path.run(.seconds(30))
        let fall = try #require(path.changes.first { $0.at >= shrink })
        #expect(shrink.duration(to: fall.at) < .milliseconds(1500) && fall.mtu == 1400)
        #expect(path.discovery.mtu == 1400)
    }

    @Test("P4: a forged message changes nothing", arguments: [1199, 1200, 1300, 1499, 1500, 1501, 0, -1, 70000])
    func forged(byteCount: Int) {
        var path = VirtualPath(mtu: 1500)
        path.run(.seconds(5))
        let count = path.probes.count
        for _ in 0..<1000 {
            path.handle(.tooBig(byteCount: byteCount))
            path.run(.milliseconds(10))
        }
        #expect(path.discovery.mtu == 1500 && path.changes.count == 1)
        #expect(path.probes.count - count < 60, "ten seconds with \(path.probes.count - count) probes")
    }

    @Test("after the raise timer more is tried, and found") func raises() throws {
        var path = VirtualPath(mtu: 1400)
        path.run(.seconds(30))
        path.mtu = 1500
        path.run(.seconds(500))
        #expect(path.discovery.mtu == 1400)
        path.run(.seconds(120))
        #expect(path.discovery.mtu == 1500)
    }

    @Test("a detour that is over is noticed soon; one that stays is asked about ever more seldom", arguments: UInt64(0)..<8)
    func detour(seed: UInt64) {
        var path = VirtualPath(mtu: 1500, seed: seed)
        path.run(.seconds(5))
        path.mtu = 1400
        path.run(.seconds(10))
        path.mtu = 1500
        path.run(.seconds(30))
        #expect(path.discovery.mtu == 1500)
        path.mtu = 1400
        path.run(.seconds(3600))
        #expect(path.discovery.mtu == 1400)
        let large = path.probes.count { $0.byteCount > 1400 }
        path.run(.seconds(3600))
        #expect(
            path.probes.count { $0.byteCount > 1400 } - large <= 8 * 3 * 6, "\(path.probes.count { $0.byteCount > 1400 } - large)"
        )
        #expect(path.discovery.mtu == 1400 && path.discovery.report.lossRatio == 0)
    }

    @Test("10 % loss each way is no black hole, for an hour", arguments: UInt64(0)..<8) func lossy(seed: UInt64) throws {
        var path = VirtualPath(mtu: 1500, seed: seed) { $0.lossPercent = 10 }
        path.run(.seconds(3600))
        #expect(path.discovery.mtu == 1500 && path.changes.map(\.mtu) == [1500])
        let ratio = try #require(path.discovery.report.lossRatio)
        #expect((0.03...0.45).contains(ratio), "\(ratio)")
    }

    @Test("with 10 % loss a black hole is still found", arguments: UInt64(0)..<8) func lossyBlackHole(seed: UInt64) throws {
        var path = VirtualPath(mtu: 1500, seed: seed) { $0.lossPercent = 10 }
        path.run(.seconds(60))
        let shrink = path.now
        path.mtu = 1400
        path.run(.seconds(30))
        let fall = try #require(path.changes.first { $0.at >= shrink })
        #expect(shrink.duration(to: fall.at) < .seconds(4), "\(shrink.duration(to: fall.at))")
        #expect(try #require(path.discovery.mtu) <= 1400)
    }

    @Test("a peer that falls silent is no black hole") func silence() {
        var path = VirtualPath(mtu: 1500)
        path.run(.seconds(5))
        path.isAnswering = false
        path.run(.seconds(300))
        #expect(path.changes.map(\.mtu) == [1500])
        let count = path.probes.count
        path.run(.seconds(60))
        #expect(path.probes.count - count <= 240, "\(path.probes.count - count) probes a minute into the void")
        path.isAnswering = true
        path.run(.seconds(10))
        #expect(path.discovery.mtu == 1500 && path.changes.count == 1)
    }

    @Test("without traffic nothing is sent; with it what was known is looked at again") func idle() {
        var path = VirtualPath(mtu: 1500)
        path.run(.seconds(5))
        path.run(.seconds(11), traffic: false)
        let count = path.probes.count
        path.run(.seconds(3600), traffic: false)
        #expect(path.probes.count == count && path.discovery.wake == nil)
        path.mtu = 1300
        path.run(.seconds(3))
        #expect(path.discovery.mtu.map { (1270...1300).contains($0) } == true)
    }

    @Test("a pause in the middle of a search ends nothing for good") func interrupted() {
        var path = VirtualPath(mtu: 1333)
        path.run(.seconds(3))
        path.run(.seconds(100), traffic: false)
        path.run(.seconds(60))
        #expect(path.discovery.mtu == 1333)
    }

    @Test("the device's MTU is followed at once, down and up") func link() {
        var path = VirtualPath(mtu: 1500)
        path.run(.seconds(2))
        path.linkMTU = 1420
        path.handle(.linkMTU(1420))
        #expect(path.discovery.mtu == 1420)
        path.linkMTU = 1500
        path.handle(.linkMTU(1500))
        path.run(.seconds(1))
        #expect(path.discovery.mtu == 1500)
        // Seen by a refused probe first.
        path.linkMTU = 1400
        path.run(.seconds(10))
        #expect(path.discovery.mtu == 1400)
    }

    @Test("foreign nonces, and any input at any time, do no harm", arguments: UInt64(0)..<50) func anything(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var discovery = PathDiscovery(linkMTU: 1500, seed: seed, start: Instant(nanoseconds: 0))
        var now = Instant(nanoseconds: 0)
        var nonces: [UInt64] = [7]
        for _ in 0..<3000 {
            now = now.advanced(by: .milliseconds(Int.random(in: -5...400, using: &random)))
            let nonce = nonces.randomElement(using: &random) ?? 0
            let inputs: [PathDiscovery.Input] = [
                .tick, .traffic, .acknowledged(nonce: nonce), .acknowledged(nonce: random.next()), .refused(nonce: nonce),
                .tooBig(byteCount: .random(in: -1...70000, using: &random)),
                .linkMTU(.random(in: -1...3000, using: &random)),
            ]
            var effects: [PathDiscovery.Effect] = []
            discovery.handle(inputs.randomElement(using: &random) ?? .tick, now: now, into: &effects)
            #expect(effects.count < 64)
            for case .probe(let nonce, let byteCount) in effects {
                #expect((1...3000).contains(byteCount))
                nonces = nonces.suffix(100) + [nonce]
            }
            if let mtu = discovery.mtu { #expect((1...3000).contains(mtu)) }
        }
    }
}
