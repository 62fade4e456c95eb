import Glibc
import WeftAPI
import WeftTypes

/// The site of the hostile datagrams: alpha is hit, bravo shares `blue` with it, charlie only `green`, mallory nothing.
///
/// alpha and bravo have agents; charlie and mallory are namespaces with sockets.
struct HostileSite {
    static let vm1 = MACAddress(rawValue: 0x5254_0000_0001)
    static let vm2 = MACAddress(rawValue: 0x5254_0000_0002)
    static let pinned = MACAddress(rawValue: 0x5254_0000_0003)
    static let topology = """
        weft: 1
        name: hostile
        hosts:
          alpha: { underlay: [192.0.2.11, "2001:db8::11"] }
          bravo: { underlay: [192.0.2.12, "2001:db8::12"] }
          charlie: { underlay: [192.0.2.13, "2001:db8::13"] }
        segments:
          blue: { vni: 100, subnet: 10.1.0.0/24 }
          green: { vni: 200, subnet: 10.2.0.0/24 }
          red: { vni: 300, subnet: 10.3.0.0/24 }
        defaults:
          port: { kind: veth }
        ports:
          vm1: { host: alpha, segment: blue, mac: "\(vm1)", address: 10.1.0.11, netns: "@vm1" }
          vm2: { host: bravo, segment: blue, mac: "\(vm2)", address: 10.1.0.12, netns: "@vm2" }
          pin: { host: alpha, segment: blue, mac: "\(pinned)", address: 10.1.0.13, netns: "@pin", sticky: true }
          vm3: { host: alpha, segment: green, address: 10.2.0.11, netns: "@vm3" }
          far: { host: charlie, segment: green, address: 10.2.0.12, netns: "@far" }
          r1: { host: bravo, segment: red, address: 10.3.0.11, netns: "@r1" }
          r2: { host: charlie, segment: red, address: 10.3.0.12, netns: "@r2" }

        """

    let site: Site
    let alpha: SiteAgent
    private let injectors: [HostileDatagram.Sender: Injector]

    /// Makes the site and waits for its agents.
    init() async throws {
        site = try Site(
            hosts: ["alpha": 11, "bravo": 12, "charlie": 13, "mallory": 66],
            guests: ["vm1", "vm2", "pin", "vm3", "far", "r1", "r2"])
        try site.write(Self.topology)
        alpha = try await site.startAll("alpha", "bravo")[0]
        injectors = [
            .bravo: try Injector(in: site["bravo"], from: "192.0.2.12", to: "192.0.2.11"),
            .charlie: try Injector(in: site["charlie"], from: "192.0.2.13", to: "192.0.2.11"),
            .mallory: try Injector(in: site["mallory"], from: "192.0.2.66", to: "192.0.2.11"),
        ]
    }

    /// What alpha's agent has counted as dropped from a sender, by reason.
    func drops(_ sender: HostileDatagram.Sender) async throws -> [String: UInt64] {
        switch sender {
        case .mallory: try await alpha.client.status().unknownSenderDrops
        case .bravo, .charlie: try await alpha.client.peers().first { $0.name == sender.rawValue }?.drops ?? [:]
        }
    }

    /// Sends `count` datagrams of one kind, one by one or in runs, no faster than the agent takes them.
    func send(_ kind: HostileDatagram, count: Int, seed: UInt64, inRuns: Bool) throws {
        guard let injector = injectors[kind.sender] else { return }
        var random = SeededRandom(seed: seed)
        // Some batches, sent again and again: making a datagram takes longer than sending it.
        let batches = (0..<min(8, (count + 63) / 64)).map { _ in
            let size = Int.random(in: 22...700, using: &random)
            return (0..<64).map { _ in kind.make(size, &random) }
        }
        var sent = 0
        for round in 0... where sent < count {
            let batch = batches[round % batches.count].prefix(count - sent)
            sent += batch.count
            // A run is of one size, and the kernel takes at most 64 KiB of it.
            let length = batch.first?.count ?? 0
            if inRuns, length > 0, batch.allSatisfy({ $0.count == length }) {
                try injector.send(run: batch.flatMap { $0 }, size: length)
            } else {
                for datagram in batch { try injector.send(datagram) }
            }
            while alpha.waitingByteCount > 512 << 10 { usleep(200) }
            if sent == count { return }
        }
    }
}
