import Glibc
import Testing
import WeftLinux
import WeftNetlink
import WeftTypes

/// FDBs, bridge ports and VLANs made and read by us, and looked at by `bridge`.
@Suite(.needsRoot) struct KernelBridgeTests {
    @Test func entriesOfABridge() throws {
        let (kernel, bridge, port) = try makeBridge()
        let fixed = FDBEntry(linkIndex: port, mac: try mac("02:00:00:00:00:10"))
        let external = FDBEntry(
            linkIndex: port, mac: try mac("02:00:00:00:00:11"), state: .reachable, flags: .externallyLearned)
        let sticky = FDBEntry(linkIndex: port, mac: try mac("02:00:00:00:00:12"), flags: .sticky)
        let learned = FDBEntry(linkIndex: port, mac: try mac("02:00:00:00:00:13"), state: .reachable)
        for entry in [fixed, external, sticky, learned] { try kernel.netlink.addFDB(entry) }
        let read = try kernel.netlink.fdb(ofBridge: bridge)
        for entry in [fixed, external, sticky, learned] {
            let got = try #require(read.first { $0.mac == entry.mac })
            #expect(got.linkIndex == port && got.table == .bridge && got.masterIndex == bridge && got.state == entry.state)
            #expect(got.flags.isSuperset(of: entry.flags) && !got.isLocal)
            #expect(got.isLearned == (entry == learned) && got.age != nil)
        }
        // The port's own address is local to the bridge.
        let own = try #require(try kernel.netlink.link(index: port)?.mac)
        #expect(read.contains { $0.mac == own && $0.isLocal })
        #expect(try kernel.netlink.fdb(of: port).filter { $0.table == .bridge }.map(\.mac).contains(fixed.mac))

        let shown = try kernel.bridge("fdb show dev a")
        let line = try #require(shown.first { $0["mac"] as? String == "02:00:00:00:00:11" })
        #expect((line["flags"] as? [String])?.contains("extern_learn") == true && line["master"] as? String == "br")
        #expect(shown.first { $0["mac"] as? String == "02:00:00:00:00:10" }?["state"] as? String == "static")

        let again = #expect(throws: NetlinkError.self) { try kernel.netlink.addFDB(fixed) }
        #expect(again?.errno == EEXIST)
        try kernel.netlink.addFDB(fixed, mode: .replace)
        for entry in [fixed, external, sticky, learned] { try kernel.netlink.removeFDB(entry) }
        #expect(
            Set(try kernel.netlink.fdb(ofBridge: bridge).map(\.mac)).isDisjoint(with: [fixed.mac, external.mac, learned.mac]))
        let gone = #expect(throws: NetlinkError.self) { try kernel.netlink.removeFDB(fixed) }
        #expect(gone?.errno == ENOENT)
    }

    @Test func bridgeLearnsFromFrames() throws {
        let (kernel, bridge, port) = try makeBridge()
        let peer = try #require(try kernel.netlink.link(named: "b"))
        try kernel.netlink.addAddress(InterfaceAddress(linkIndex: peer.index, prefix: try prefix("10.9.0.1/24")))
        _ = try Command("ping", ["-c1", "-W1", "10.9.0.2"], in: kernel.namespace).run(timeout: .seconds(20))
        let entry = try #require(try kernel.netlink.fdb(ofBridge: bridge).first { $0.mac == peer.mac })
        #expect(entry.isLearned && entry.linkIndex == port)
    }

    @Test func entriesOfAVXLANDevice() throws {
        let kernel = try Kernel()
        let device = try kernel.netlink.addLink(LinkSpec(name: "vx", kind: .vxlan(VXLANAttributes(vni: try vni(100)))))
        let peers = [try address("192.0.2.12"), try address("192.0.2.13")]
        for peer in peers {
            try kernel.netlink.addFDB(
                FDBEntry(linkIndex: device, mac: .zero, table: .own, destination: peer, state: .permanent), mode: .append)
        }
        let other = FDBEntry(
            linkIndex: device, mac: try mac("02:00:00:00:00:01"), table: .own, destination: peers[0], udpPort: 4790,
            vni: try vni(7), state: [.noARP, .reachable])
        try kernel.netlink.addFDB(other)
        let read = try kernel.netlink.fdb(of: device)
        #expect(Set(read.filter { $0.mac.isZero }.map(\.destination)) == Set(peers))
        let got = try #require(read.first { $0.mac == other.mac })
        #expect(got.udpPort == 4790 && got.vni == other.vni && got.table == .own && got.destination == peers[0])
        #expect(try kernel.bridge("fdb show dev vx").filter { $0["mac"] as? String == "00:00:00:00:00:00" }.count == 2)

        try kernel.netlink.removeFDB(
            FDBEntry(linkIndex: device, mac: .zero, table: .own, destination: peers[0], state: .permanent))
        #expect(try kernel.netlink.fdb(of: device).filter { $0.mac.isZero }.map(\.destination) == [peers[1]])
    }

    @Test func portAttributes() throws {
        let (kernel, bridge, port) = try makeBridge()
        let before = try #require(try kernel.netlink.bridgePorts(of: bridge).first?.bridgePort)
        #expect(before.isLearning == true && before.floodsUnicast == true && before.isIsolated == false)
        var change = BridgePort(
            isLearning: false, floodsUnicast: false, floodsMulticast: false, floodsBroadcast: false, isIsolated: true,
            isHairpin: true)
        change.cost = 77
        change.suppressesNeighbours = true
        try kernel.netlink.setBridgePort(port, change)
        let after = try #require(try kernel.netlink.link(index: port)?.bridgePort)
        #expect(after.isLearning == false && after.floodsUnicast == false && after.floodsMulticast == false)
        #expect(after.floodsBroadcast == false && after.isIsolated == true && after.isHairpin == true && after.cost == 77)
        #expect(after.suppressesNeighbours == true && after.guardsBPDU == before.guardsBPDU)
        let shown = try #require(try kernel.bridge("link show dev a").first)
        #expect(shown["learning"] as? Bool == false && shown["isolated"] as? Bool == true && shown["hairpin"] as? Bool == true)
        #expect(shown["flood"] as? Bool == false && shown["mcast_flood"] as? Bool == false)

        let outside = try #require(try kernel.netlink.link(named: "b"))
        #expect(outside.bridgePort == nil)
        #expect(throws: NetlinkError.self) { try kernel.netlink.setBridgePort(outside.index, BridgePort(isLearning: false)) }
    }

    @Test(.needsVLANFiltering) func vlans() throws {
        let kernel = try Kernel()
        let bridge = try kernel.netlink.addLink(
            LinkSpec(name: "br", kind: .bridge(BridgeAttributes(isVLANFiltering: true, defaultPVID: 0)), isUp: true))
        guard case .bridge(let attributes)? = try kernel.netlink.link(index: bridge)?.kind else { return }
        #expect(attributes.isVLANFiltering == true && attributes.defaultPVID == 0)
        let (port, _) = try kernel.makePair()
        try kernel.netlink.setMaster(port, to: bridge)
        #expect(try kernel.netlink.bridgeVLANs() == [])

        let access = BridgeVLAN(linkIndex: port, vlan: try vlanID(10), isPVID: true, isUntagged: true)
        let trunk = BridgeVLAN(linkIndex: port, vlans: try vlanID(100)...vlanID(200))
        let host = BridgeVLAN(linkIndex: bridge, vlan: try vlanID(10))
        try kernel.netlink.addVLAN(access)
        try kernel.netlink.addVLAN(trunk)
        try kernel.netlink.addVLAN(host, isBridgeItself: true)
        #expect(try kernel.netlink.bridgeVLANs() == [host, access, trunk])
        let shown = try kernel.bridge("vlan show dev a").first?["vlans"] as? [[String: Any]]
        #expect(shown?.count == 2 && shown?.first?["vlan"] as? Int == 10)
        #expect(shown?.first?["flags"] as? [String] == ["PVID", "Egress Untagged"])
        #expect(shown?.last?["vlan"] as? Int == 100 && shown?.last?["vlanEnd"] as? Int == 200)

        try kernel.netlink.removeVLAN(BridgeVLAN(linkIndex: port, vlans: try vlanID(101)...vlanID(200)))
        try kernel.netlink.removeVLAN(host, isBridgeItself: true)
        #expect(try kernel.netlink.bridgeVLANs() == [access, BridgeVLAN(linkIndex: port, vlan: try vlanID(100))])

        // All 4094 on one port still fit the message.
        let everything = BridgeVLAN(linkIndex: port, vlans: try vlanID(1)...vlanID(4094))
        try kernel.netlink.removeVLAN(everything)
        try kernel.netlink.addVLAN(everything)
        #expect(try kernel.netlink.bridgeVLANs() == [everything])

        let entry = FDBEntry(linkIndex: port, mac: try mac("02:00:00:00:00:20"), vlan: try vlanID(10))
        try kernel.netlink.addFDB(entry)
        #expect(try kernel.netlink.fdb(ofBridge: bridge).first { $0.mac == entry.mac }?.vlan == entry.vlan)
    }

    /// A bridge `br` with port `a`, both up, and the port's other end `b`.
    private func makeBridge() throws -> (Kernel, bridge: Int32, port: Int32) {
        let kernel = try Kernel()
        let bridge = try kernel.netlink.addLink(
            LinkSpec(
                name: "br", kind: .bridge(BridgeAttributes(forwardDelay: .seconds(0), isSTPEnabled: false)),
                mac: try mac("02:00:00:00:00:01"), isUp: true))
        let (port, _) = try kernel.makePair()
        try kernel.netlink.setMaster(port, to: bridge)
        // The kernel hears of the carrier a little later.
        for _ in 0..<500 where try kernel.netlink.link(index: port)?.bridgePort?.state != .forwarding { usleep(10000) }
        return (kernel, bridge, port)
    }
}
