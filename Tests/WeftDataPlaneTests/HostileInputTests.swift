import Glibc
import Testing
import WeftDataPlane
import WeftForwarding
import WeftLinux
import WeftTypes

/// Everything that can be wrong with a datagram, sent at the real port, each to be found in its counter.
@Suite(.serialized, .enabled(if: Rig.isPossible, Rig.reason)) struct HostileInputTests {
    static let inner = Rig.mac("alpha").bytes + Rig.mac("bravo").bytes + [0x08, 0x06] + [UInt8](repeating: 0, count: 28)
    static let header: [UInt8] = [8, 0, 0, 0, 0, 0, 100, 0]

    static func frame(source: MACAddress = Rig.mac("bravo"), destination: MACAddress = Rig.mac("alpha"), type: [UInt8] = [8, 6])
        -> [UInt8]
    {
        header + destination.bytes + source.bytes + type + [UInt8](repeating: 0, count: 28)
    }

    /// What is sent from the member's address, and what must be counted at the peer; nil is delivered.
    static let cases: [([UInt8], DropReason?)] = [
        (header, .truncated), (Array(header.prefix(3)), .truncated), (header + inner.prefix(13), .truncated),
        ([0xF7] + header.dropFirst() + inner, .badVXLANFlags), ([8, 0, 0, 0, 0, 0, 101, 0] + inner, .unknownVNI),
        ([8, 0, 0, 0, 0, 1, 100, 0] + inner, .unknownVNI), (frame(source: .broadcast), .badSourceMAC),
        (frame(source: .zero), .badSourceMAC), (frame(source: Rig.mac("alpha")), .sourceMACIsLocal),
        (frame(type: [0x81, 0, 0, 5]), .innerVLAN), (frame(type: [0x81, 0]).prefix(22) + [], .truncated),
        (frame(destination: MACAddress(rawValue: 0x0180_C200_0000)), .linkLocalMulticast),
        (frame(destination: Rig.mac("bravo")), .splitHorizon),
        (frame(type: [0x88, 0xB5]) + [UInt8](repeating: 7, count: 9000), .oversize),
        (frame(), nil), ([0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 100, 0xFF] + inner, nil), (frame(type: [0x81, 0, 0xE0, 0, 8, 6]), nil),
    ]

    @Test("X1, X6, X7, X8, X9: each lands in its counter, and traffic beside it goes on") func counters() throws {
        let rig = try Rig()
        let alpha = try rig.start(
            "alpha", peer: .staticAgent,
            stations: [
                Directory.Station(key: FDBKey(Rig.segment, Rig.mac("alpha")), location: .port(PortIndex(0))),
                Directory.Station(key: FDBKey(Rig.segment, Rig.mac("bravo")), location: .peer(PeerIndex(0))),
            ])
        try rig.ip("bravo", "address add 192.0.2.99/24 dev under")
        let member = try Sender(rig, host: "bravo", address: 0xC000_020C)
        let foreign = try Sender(rig, host: "bravo", address: 0xC000_0263)
        var expected: [DropReason: UInt64] = [:]
        for round in 0..<20 {
            for (bytes, reason) in Self.cases {
                try member.send(bytes)
                if let reason { expected[reason, default: 0] += 1 }
            }
            try foreign.send(Self.frame())
            if round % 5 == 0 { usleep(1000) }
        }
        try rig.poll(seconds: 5) { Self.fromUnderlay(alpha.counters()).receivedFrames >= UInt64(20 * (Self.cases.count + 1)) }
        let counters = try rig.settled(alpha)
        #expect(counters.peers[PeerIndex(0)]?.drops == expected)
        #expect(counters.peers[PeerIndex(0)]?.delivered == 60)
        #expect(counters.unknownPeers.drops == [.foreignVTEP: 20])
    }

    @Test("H8: random bytes change nothing: no crash, no growth, every one counted", arguments: [UInt64(1)])
    func randomDatagrams(seed: UInt64) throws {
        let rig = try Rig()
        let alpha = try rig.start("alpha", peer: .staticAgent)
        let member = try Sender(rig, host: "bravo", address: 0xC000_020C)
        var random = SeededRandom(seed: seed)
        var sent: UInt64 = 0
        var before = 0
        let rounds = Self.rounds
        for round in 0..<rounds {
            for _ in 0..<64 {
                var bytes = pattern(.random(in: 0...200, using: &random), seed: random.next())
                if Bool.random(using: &random), bytes.count > 30 {
                    bytes.replaceSubrange(0..<8, with: Self.header)
                    bytes[14] &= 0xFE
                    if Bool.random(using: &random) { bytes.replaceSubrange(20..<22, with: [8, 0]) }
                }
                try member.send(bytes)
                sent += 1
            }
            try rig.poll(seconds: 5) {
                Self.fromUnderlay(alpha.counters()).receivedFrames + UInt64(alpha.kernelDropCount) + 256 >= sent
            }
            if round == rounds / 4 { before = Self.residentPages() }
        }
        try rig.poll(seconds: 5) { Self.fromUnderlay(alpha.counters()).receivedFrames + UInt64(alpha.kernelDropCount) >= sent }
        let counters = try rig.settled(alpha)
        #expect(Self.fromUnderlay(counters).receivedFrames + UInt64(alpha.kernelDropCount) == sent)
        #expect(Self.residentPages() - before < 2048, "grew by \(Self.residentPages() - before) pages")
    }

    /// 64 datagrams a round; `WEFT_HOSTILE_ROUNDS=15625` makes 10⁶ of them.
    static var rounds: Int {
        guard let text = unsafe getenv("WEFT_HOSTILE_ROUNDS") else { return 400 }
        return unsafe Int(String(cString: text)) ?? 400
    }

    @Test("X8: a guest that imitates a VTEP is counted and gets nowhere") func spoof() throws {
        let rig = try Rig()
        let alpha = try rig.start("alpha", peer: .staticAgent)
        // A guest on a device of the host itself, whose datagrams claim to be bravo's.
        try rig.make("spoofer")
        try rig.ip("alpha", "link add guest type veth peer name eth0 netns \(rig.namespace("spoofer"))")
        try rig.ip("alpha", "link set guest up")
        try rig.run("alpha", "ip", "address", "add", "198.51.100.1/24", "dev", "guest")
        try rig.ip("spoofer", "address add 192.0.2.12/32 dev lo")
        try rig.ip("spoofer", "link set eth0 up")
        try rig.ip("spoofer", "address add 198.51.100.2/24 dev eth0")
        try rig.ip("spoofer", "route add 192.0.2.11/32 via 198.51.100.1 src 192.0.2.12")
        for device in ["all", "guest"] {
            _ = try rig.run(
                "alpha", "sh", "-c",
                "echo 0 > /proc/sys/net/ipv4/conf/\(device)/rp_filter; echo 1 > /proc/sys/net/ipv4/conf/\(device)/accept_local")
        }
        let link = try rig.run("alpha", "ip", "-o", "link", "show", "guest")
        let index = try #require(Int32(link.prefix { $0 != ":" }))
        var fabric = rig.fabric("alpha", peer: .staticAgent)
        let spoofer = try Sender(rig, host: "spoofer", address: 0xC000_020C)
        try spoofer.send(Self.frame())
        try rig.poll(seconds: 5) { Self.fromUnderlay(alpha.counters()).receivedFrames == 1 }
        let unguarded = Self.fromUnderlay(try rig.settled(alpha))
        #expect(unguarded.delivered + unguarded.flooded == 1, "without the list of devices it gets through")
        fabric.overlayInterfaces = [index]
        alpha.configure(fabric, stations: [])
        try spoofer.send(Self.frame())
        try rig.poll(seconds: 5) { Self.fromUnderlay(alpha.counters()).receivedFrames == 2 }
        #expect(Self.fromUnderlay(try rig.settled(alpha)).drops == [.underlayFromOverlay: 1])
    }

    /// What came from the underlay, without what the guest itself says.
    static func fromUnderlay(_ counters: CounterSnapshot) -> TrafficCounters {
        var sum = counters.unknownPeers
        for peer in counters.peers.values { sum.add(peer) }
        return sum
    }

    static func residentPages() -> Int {
        guard let file = unsafe fopen("/proc/self/statm", "r") else { return 0 }
        defer { unsafe fclose(file) }
        var buffer = [CChar](repeating: 0, count: 128)
        guard unsafe fgets(&buffer, 128, file) != nil else { return 0 }
        let words = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self).split(separator: " ")
        return words.count > 1 ? Int(words[1]) ?? 0 : 0
    }
}

/// A plain UDP socket that sends any bytes to alpha's port 4789.
final class Sender {
    private let descriptor: Int32

    init(_ rig: Rig, host: String, address: UInt32) throws {
        descriptor = try NetworkNamespace.named(rig.namespace(host)).run { socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0) }
        var local = sockaddr_in()
        local.sin_family = sa_family_t(AF_INET)
        local.sin_addr.s_addr = address.bigEndian
        var remote = local
        remote.sin_port = UInt16(4789).bigEndian
        remote.sin_addr.s_addr = UInt32(0xC000_020B).bigEndian
        let number = descriptor
        let isReady =
            unsafe withUnsafePointer(to: &local) { local in
                unsafe local.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe bind(number, $0, 16) } == 0
            }
            && withUnsafePointer(to: &remote) { remote in
                unsafe remote.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe connect(number, $0, 16) } == 0
            }
        guard isReady else { throw Rig.Failure(description: "no socket in \(host): errno \(errno)") }
    }

    deinit { close(descriptor) }

    func send(_ bytes: [UInt8]) throws {
        let result = unsafe bytes.withUnsafeBytes { unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, 0) }
        guard result == bytes.count else { throw Rig.Failure(description: "cannot send \(bytes.count) bytes: errno \(errno)") }
    }
}
