import Synchronization
import Testing
import WeftGossip
import WeftGossipShell
import WeftLinux
import WeftSealing
import WeftTypes

/// Real sockets on the loopback interface, real sealing, real time.
@Suite(.serialized) struct GossipServiceTests {
    @Test("nodes find each other from one address and tell each other of themselves") func findEachOther() async throws {
        let fabric = try Fabric(count: 4)
        defer { fabric.stop() }
        try fabric.start()
        let vni = try #require(VNI(100))
        for node in fabric.nodes { try node.say(vni) }
        try await fabric.wait("all know all") { node in
            node.service.view.nodes.values.filter { $0.state == .alive && $0.record != nil }.count == 3
                && node.service.view.segments[vni]?.count == 3
        }
        let view = fabric.nodes[0].service.view
        #expect(view.nodes[fabric.nodes[2].service.identity]?.record?.name == "node3")
        #expect(view.segments[vni]?[fabric.nodes[3].service.identity]?.mtu == 1450)
        fabric.nodes[2].service.publish([:])
        try await fabric.wait("a withdrawal is known") { node in
            node === fabric.nodes[2] || node.service.view.segments[vni]?[fabric.nodes[2].service.identity] == nil
        }
    }

    @Test("what strangers send changes nothing and is counted by reason") func strangers() async throws {
        let fabric = try Fabric(count: 2)
        defer { fabric.stop() }
        try fabric.start()
        try await fabric.wait("both know each other") { $0.service.view.nodes.values.contains { $0.state == .alive } }
        let target = fabric.nodes[0]
        let before = target.service.view
        let socket = try UDPSocket.open(UDPSocketOptions(address: target.address, port: .ephemeral))
        var random = SeededRandom(seed: 9)
        let stranger = Fabric.channel(fabric: "loom", ring: KeyRing(freshKey()))
        let otherName = Fabric.channel(fabric: "other", ring: fabric.ring)
        var (foreignKey, foreignFabric) = (stranger, otherName)
        let destination = VTEP(address: target.address, udpPort: fabric.udpPort)
        for _ in 0..<100 {
            let bytes = (0..<200).map { _ in UInt8.random(in: 0...255, using: &random) }
            for datagram in [
                [UInt8](repeating: 0, count: 3), [UInt8](repeating: 0x10, count: 1201), foreignKey.seal(bytes),
                foreignFabric.seal(bytes),
            ] {
                let outcome = unsafe socket.transmit(datagram.span.bytes, to: destination)
                #expect(outcome == .transferred(datagram.count))
            }
        }
        try await fabric.wait("all are counted") { node in
            guard node === target else { return true }
            let refused = node.service.counters.sealing
            return refused[.truncated] == 100 && refused[.oversized] == 100 && refused[.unknownKey] == 100
                && refused[.forged] == 100
        }
        #expect(target.service.view == before)
    }

    @Test("a key is changed on a live fabric and no datagram is refused") func rotation() async throws {
        let fabric = try Fabric(count: 3)
        defer { fabric.stop() }
        try fabric.start()
        try await fabric.wait("all know all") { $0.service.view.nodes.values.filter { $0.state == .alive }.count == 2 }
        let refusedBefore = fabric.nodes.map(\.service.counters.sealing.refusedCount)
        let (old, new) = (fabric.ring.primaryID, freshKey())
        var ring = fabric.ring
        for step in 0..<3 {
            switch step {
            case 0: try ring.add(new)
            case 1: try ring.use(new.id)
            default: try ring.remove(old)
            }
            for node in fabric.nodes {
                node.service.use(ring)
                try await Task.sleep(for: .milliseconds(300))
            }
        }
        #expect(fabric.nodes.map(\.service.counters.sealing.refusedCount) == refusedBefore)
        #expect(fabric.nodes.allSatisfy { $0.service.view.nodes.values.allSatisfy { $0.state == .alive } })
    }

    @Test("a node that is started again is the same node, and one that stops is found dead and kept") func restart() async throws
    {
        let fabric = try Fabric(count: 3)
        defer { fabric.stop() }
        try fabric.start()
        let vni = try #require(VNI(7))
        for node in fabric.nodes { try node.say(vni) }
        try await fabric.wait("all know all") { $0.service.view.segments[vni]?.count == 2 }
        let last = fabric.nodes[2]
        let identity = last.service.identity
        last.service.stop()
        try await fabric.wait("its death is known", within: .seconds(10)) { node in
            node === last || node.service.view.nodes[identity]?.state == .dead
        }
        #expect(fabric.nodes[0].service.view.segments[vni]?[identity] != nil)
        try last.restart(joining: fabric.joinAddress)
        try last.say(vni)
        #expect(last.service.identity == identity)
        try await fabric.wait("it is back", within: .seconds(10)) { node in
            node === last || node.service.view.nodes[identity]?.state == .alive
        }
        try await fabric.wait("it knows all again", within: .seconds(10)) { $0.service.view.segments[vni]?.count == 2 }
    }
}

/// Some nodes on addresses of the loopback interface.
private final class Fabric: Sendable {
    final class Node: Sendable {
        let address: IPAddress
        private let number: Int
        private let folder: String
        private let configuration: GossipService.Configuration
        private let ring: KeyRing
        private let running: Mutex<GossipService>
        var service: GossipService { running.withLock { $0 } }

        init(_ number: Int, in folder: String, udpPort: UInt16, ring: KeyRing) throws {
            let address = IPAddress.v4(IPv4Address(rawValue: 0x7F00_0A00 + UInt32(number)))
            self.number = number
            self.address = address
            self.folder = "\(folder)/\(number)"
            self.ring = ring
            configuration = GossipService.Configuration(fabric: "loom", addresses: [address], udpPort: udpPort)
            running = Mutex(try Self.make(configuration, "\(folder)/\(number)", ring))
        }

        private static func make(
            _ configuration: GossipService.Configuration, _ folder: String, _ ring: KeyRing
        ) throws -> GossipService {
            try GossipService(configuration, nodeState: NodeState.start(in: folder), ring: ring) { _ in }
        }

        func restart(joining address: GossipAddress) throws {
            // The one before must have closed its sockets.
            let next = try Self.make(configuration.moved(by: 100), folder, ring)
            running.withLock { $0 = next }
            try next.start(joining: [address])
        }

        func say(_ vni: VNI) throws {
            let node = NodeRecord(name: "node\(number)", vtepAddresses: configuration.addresses, isSettled: true)
            service.publish([
                .node: try node.encoded(), .segment(vni): try SegmentRecord(mtu: 1450, specHash: 1).encoded(),
            ])
        }
    }

    let nodes: [Node]
    let ring: KeyRing
    let udpPort: UInt16
    private let folder: String

    init(count: Int) throws {
        var random = SystemRandomNumberGenerator()
        let ring = KeyRing(freshKey())
        let port = UInt16.random(in: 20000...30000, using: &random)
        let folder = "/tmp/weft-gossip-\(UInt64.random(in: 0 ... .max, using: &random))"
        _ = try Command("mkdir", [folder]).run(timeout: .seconds(20))
        self.ring = ring
        self.folder = folder
        udpPort = port
        nodes = try (0..<count).map { try Node($0 + 1, in: folder, udpPort: port, ring: ring) }
    }

    var joinAddress: GossipAddress { GossipAddress(address: nodes[0].address, udpPort: udpPort) }

    func start() throws {
        for (number, node) in nodes.enumerated() { try node.service.start(joining: number == 0 ? [] : [joinAddress]) }
    }

    func stop() {
        for node in nodes { node.service.stop() }
        _ = try? Command("rm", ["-rf", folder]).run(timeout: .seconds(20))
    }

    func wait(
        _ what: Comment, within limit: Duration = .seconds(5), until isSo: (Node) -> Bool
    ) async throws {
        let deadline = ContinuousClock.now.advanced(by: limit)
        while !nodes.allSatisfy(isSo) {
            try #require(ContinuousClock.now < deadline, what)
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    static func channel(fabric: String, ring: KeyRing) -> SealedChannel<SystemRandomNumberGenerator> {
        SealedChannel(fabric: fabric, node: NodeID(rawValue: 77), ring: ring)
    }
}

extension GossipService.Configuration {
    /// The same on other addresses: a node that was stopped may still hold its sockets for a moment.
    fileprivate func moved(by number: UInt32) -> Self {
        var moved = self
        moved.addresses = addresses.map { address in
            guard case .v4(let v4) = address else { return address }
            return .v4(IPv4Address(rawValue: v4.rawValue + number))
        }
        return moved
    }
}

private func freshKey() -> RingKey {
    var random = SystemRandomNumberGenerator()
    return RingKey(using: &random)
}
