import WeftTypes

/// A lab of two hosts with a guest each on one segment, which every test of this folder begins with.
struct GuestPair {
    /// The lab.
    let lab: LabFixture
    /// The guest on alpha, a host with an agent.
    let first: Guest
    /// The guest on bravo.
    let second: Guest

    /// Where the guests are reached inside.
    static let firstAddresses = ["10.1.0.11", "2001:db8:1::11"].compactMap { IPAddress($0) }
    static let secondAddresses = ["10.1.0.12", "2001:db8:1::12"].compactMap { IPAddress($0) }

    /// What bravo is.
    enum Bravo: String {
        case agent
        /// The kernel's VXLAN device and a bridge.
        case vtep
    }

    /// Where alpha is on the underlay.
    static func alphaAddress(_ family: IPAddress.Family) -> String { family == .v4 ? "192.0.2.11" : "2001:db8::11" }
    /// Where bravo is on the underlay.
    static func bravoAddress(_ family: IPAddress.Family) -> String { family == .v4 ? "192.0.2.12" : "2001:db8::12" }
    /// The MTU of the guests.
    static func mtu(_ family: IPAddress.Family) -> Int { 1500 - family.overheadByteCount }

    /// Makes the lab for `body`; `attach` is how the guests' ports are attached.
    ///
    /// With `leavesChecksums` each of the two may leave transport checksums to the other.
    static func run(
        _ family: IPAddress.Family, bravo: Bravo, attach: (first: String, second: String) = ("bridge", "bridge"),
        leavesChecksums: Bool = false, _ body: (GuestPair) throws -> Void
    ) throws {
        let topology = """
            weft: 1
            name: interop
            hosts:
              alpha: { underlay: "\(alphaAddress(family))", remcsum: \(leavesChecksums) }
              bravo: { underlay: "\(bravoAddress(family))", kind: \(bravo.rawValue), remcsum: \(leavesChecksums) }
            segments:
              blue: { vni: 100, subnet: [10.1.0.0/24, "2001:db8:1::/64"] }
            ports:
              vm1: { host: alpha, segment: blue, attach: \(attach.first), address: [10.1.0.11, "2001:db8:1::11"] }
              vm2: { host: bravo, segment: blue, attach: \(attach.second), address: [10.1.0.12, "2001:db8:1::12"] }
            """
        try LabFixture.run(topology) { lab in
            try body(
                GuestPair(
                    lab: lab, first: Guest(place: lab.guest("vm1"), addresses: firstAddresses),
                    second: Guest(place: lab.guest("vm2"), addresses: secondAddresses)))
        }
    }

    /// What goes over the pair: there and back.
    func bothWays(_ family: IPAddress.Family = .v4) -> [Traffic] {
        [Traffic(source: first, target: second, family: family), Traffic(source: second, target: first, family: family)]
    }

    /// Ping both ways with both families inside, small and in fragments, and broadcast ARP both ways.
    func expectReachable() throws {
        for traffic in bothWays(.v4) + bothWays(.v6) {
            try traffic.ping()
            try traffic.ping(count: 5, "-s", "4000")
        }
        for traffic in bothWays() { try traffic.arping(count: 2) }
        try expectBroadcast(from: first, to: second)
        try expectBroadcast(from: second, to: first)
    }

    /// A datagram to the segment's broadcast address arrives once.
    private func expectBroadcast(from source: Guest, to target: Guest) throws {
        guard let everybody = IPAddress("10.1.0.255") else { throw Failure("not an address") }
        let receiver = try GuestSocket(.udp, .v4, in: target.place, patience: .seconds(5))
        try receiver.listen(VTEP(address: everybody, udpPort: 5998), isStream: false)
        let sender = try GuestSocket(.udp, .v4, in: source.place)
        try sender.connect(to: VTEP(address: everybody, udpPort: 5998))
        let bytes = Payload.random(200, seed: 7)
        try sender.send(bytes)
        guard receiver.receive() == bytes else { throw Failure("no broadcast from \(source) to \(target)") }
        receiver.setPatience(.milliseconds(100))
        if receiver.receive() != nil { throw Failure("a broadcast from \(source) came to \(target) twice") }
    }

    /// A megabyte each way for every combination of offloads at the guests; `families` are those inside.
    func expectTransfers(_ families: [IPAddress.Family]) throws {
        for (isFirstOn, isSecondOn) in [(true, true), (false, true), (true, false), (false, false)] {
            try first.place.setOffloads(isFirstOn)
            try second.place.setOffloads(isSecondOn)
            for traffic in families.flatMap(bothWays) {
                do {
                    try traffic.tcp()
                } catch {
                    throw Failure("offloads \(isFirstOn ? "on" : "off") at vm1, \(isSecondOn ? "on" : "off") at vm2: \(error)")
                }
            }
        }
    }

    /// Datagrams both ways: of all sizes, below and above the MTU, as superframes, and as a stream at a modest rate.
    func expectDatagrams(_ families: [IPAddress.Family]) throws {
        let mtu = try first.place.mtu()
        for traffic in families.flatMap(bothWays) {
            // The largest that go whole are 28 (48) bytes below the MTU.
            try traffic.udp(byteCounts: [0, 1, 17, 18, 100, 1200, mtu - 48, mtu - 28, mtu - 27, 3000, 9000, 20_000])
            try traffic.udp(byteCounts: [20_000], cut: 1200)
        }
        for (traffic, byteCount) in zip(bothWays() + bothWays(), [1200, 4000, 4000, 1200]) {
            let lostPercent = try traffic.udpStream(byteCount: byteCount)
            guard lostPercent <= 0.5 else {
                throw Failure("\(lostPercent) % lost of \(byteCount)-byte datagrams from \(traffic.source)")
            }
        }
    }
}
