import Glibc
import Synchronization
import Testing
import WeftDataPlane
import WeftForwarding
import WeftLinux
import WeftTypes

/// Everything that may be done to a data plane from other threads, done all the time, while traffic flows. `Scripts/test` runs
/// it under the thread sanitizer too, for which the work is enough to meet itself but not the machine's limit.
@Suite(.serialized, .enabled(if: Rig.isPossible, Rig.reason)) struct StressTests {
    static let workerCount = 2
    static let duration = Duration.seconds(6)

    @Test("tables swapped 1000 times a second, ports coming and going, counters read: traffic flows, nothing is lost of sight")
    func changesUnderTraffic() throws {
        let rig = try Rig()
        let stations = { (host: String) in
            ["alpha", "bravo"].map { name in
                Directory.Station(
                    key: FDBKey(Rig.segment, Rig.mac(name)), location: name == host ? .port(PortIndex(0)) : .peer(PeerIndex(0)))
            }
        }
        let planes = try ["alpha", "bravo"].map {
            try rig.start(
                $0, peer: .staticAgent, stations: stations($0), isMultiQueue: true,
                adjust: { $0.workerCount = Self.workerCount })
        }
        let isDone = Flag()
        defer { isDone.raise() }
        let swaps = Counter()
        let changes = Counter()
        let threads = try [
            Self.swapTables(planes, rig, stations, isDone, swaps),
            Self.movePorts(planes[0], rig.namespace("guest-alpha"), isDone, changes),
            Self.movePorts(planes[1], rig.namespace("guest-bravo"), isDone, changes),
            JoinedThread {
                var newest: UInt64 = 0
                while !isDone.isRaised {
                    for plane in planes {
                        _ = plane.stations()
                        _ = (plane.offloads, plane.kernelDropCount)
                    }
                    let now = planes[0].counters().total.receivedFrames
                    guard now >= newest else { return "a counter went back from \(newest) to \(now)" }
                    newest = now
                    usleep(2000)
                }
                return nil
            },
        ]
        let started = MonotonicClock.now()
        var round = 0
        while started.duration(to: MonotonicClock.now()) < Self.duration {
            let host = round % 2 == 0 ? "alpha" : "bravo"
            try Transfer.tcp(rig, from: host, count: 1 << 20, ipv6: round % 4 >= 2)
            let sizes = [0, 1, 100, 1200, 1422, 3000, 9000]
            let datagrams = try Transfer.udp(rig, from: host, sizes: sizes, ipv6: round % 4 >= 2)
            #expect(datagrams.count == sizes.count)
            round += 1
        }
        let seconds = started.duration(to: MonotonicClock.now()) / Duration.seconds(1)
        isDone.raise()
        for thread in threads { #expect(thread.result() == nil) }
        for plane in planes { #expect(try rig.settled(plane).conserves) }
        #expect(Double(swaps.value) / seconds > 500 && changes.value > 20, "\(swaps.value) swaps, \(changes.value) devices")
        // Stopped in the middle of it, and started again.
        for plane in planes { plane.stop() }
        for plane in planes { try plane.start() }
    }

    /// New tables for both data planes, a thousand times a second.
    private static func swapTables(
        _ planes: [DataPlane], _ rig: Rig, _ stations: (String) -> [Directory.Station], _ isDone: Flag, _ count: Counter
    ) throws -> JoinedThread {
        let known = ["alpha", "bravo"].map(stations)
        // With and without a second port and a second segment.
        let fabrics = ["alpha", "bravo"].map { host in
            [false, true].map { isLarger in
                var fabric = rig.fabric(host, peer: .staticAgent)
                fabric.ports.append(PortDescription(index: PortIndex(1), name: "other", segment: Rig.segment))
                if isLarger {
                    fabric.segments.append(
                        SegmentDescription(
                            index: SegmentIndex(1), vni: VNI(headerWord: 200 << 8), name: "green", mtu: 1450,
                            members: [PeerIndex(0)]))
                }
                return fabric
            }
        }
        return try JoinedThread {
            var random = SeededRandom(seed: 1)
            var next = MonotonicClock.now()
            while !isDone.isRaised {
                for index in planes.indices {
                    if Int.random(in: 0..<10, using: &random) == 0 {
                        planes[index].configure(fabrics[index][Int.random(in: 0...1, using: &random)], stations: known[index])
                    } else {
                        // A station that moves about behind the peer: each time the FDB is another one.
                        let mac = MACAddress(rawValue: 0x5254_0000_0300 | UInt64.random(in: 0..<64, using: &random))
                        let sequence = UInt32(truncatingIfNeeded: count.value + 1)
                        planes[index].handle([.announced(FDBKey(Rig.segment, mac), PeerIndex(0), sequence: sequence)])
                        planes[index].handle([.withdrawn(FDBKey(Rig.segment, mac), PeerIndex(0))])
                    }
                }
                count.add()
                next = next.advanced(by: .milliseconds(1))
                let pause = MonotonicClock.now().duration(to: next) / Duration.microseconds(1)
                if pause > 0 { usleep(UInt32(pause)) } else { next = MonotonicClock.now() }
            }
            return nil
        }
    }

    /// A second device of the guest's comes and goes.
    private static func movePorts(_ plane: DataPlane, _ namespace: String, _ isDone: Flag, _ count: Counter) throws
        -> JoinedThread
    {
        try JoinedThread {
            while !isDone.isRaised {
                do {
                    try NetworkNamespace.named(namespace).run {
                        let queue = try TapDevice.open(name: "eth1", options: TapOptions(isMultiQueue: count.value % 2 == 0))
                        try plane.attach(PortIndex(1), queue: queue)
                    }
                    usleep(5000)
                    try plane.detach(PortIndex(1))
                } catch {
                    return "\(error)"
                }
                count.add()
                usleep(2000)
            }
            return nil
        }
    }

    /// Whether the threads are to end.
    private final class Flag: Sendable {
        private let value = Atomic(false)
        var isRaised: Bool { value.load(ordering: .acquiring) }
        func raise() { value.store(true, ordering: .releasing) }
    }

    private final class Counter: Sendable {
        private let count = Atomic(0)
        var value: Int { count.load(ordering: .relaxed) }
        func add() { count.add(1, ordering: .relaxed) }
    }
}
