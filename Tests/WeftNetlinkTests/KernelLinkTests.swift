import Glibc
import Testing
import WeftLinux
import WeftNetlink
import WeftTypes

/// Links made and read by us, and looked at by `ip`.
@Suite(.needsRoot) struct KernelLinkTests {
    @Test func bridge() throws {
        let kernel = try Kernel()
        let attributes = BridgeAttributes(
            ageingTime: .seconds(77), forwardDelay: .seconds(2), isSTPEnabled: false, isMulticastSnooping: false,
            groupForwardMask: 0x4008)
        let address = try mac("02:00:00:00:00:01")
        let index = try kernel.netlink.addLink(
            LinkSpec(
                name: "wfb-blue", kind: .bridge(attributes), mac: address, mtu: 9000, group: 0x7765_6674, txQueueLength: 55))
        let link = try #require(try kernel.netlink.link(index: index))
        #expect(link.name == "wfb-blue" && link.mac == address && link.mtu == 9000 && link.group == 0x7765_6674)
        #expect(link.txQueueLength == 55 && !link.isUp && link.alternativeNames == [])
        guard case .bridge(let read) = link.kind else {
            Issue.record("not a bridge: \(link.kind)")
            return
        }
        #expect(read.ageingTime == .seconds(77) && read.forwardDelay == .seconds(2) && read.groupForwardMask == 0x4008)
        #expect(read.isSTPEnabled == false && read.isMulticastSnooping == false)

        let shown = try #require(try kernel.ip("link show dev wfb-blue").first)
        #expect(shown["mtu"] as? Int == 9000)
        #expect(shown["address"] as? String == "02:00:00:00:00:01")
        #expect(shown["group"] as? String == "2003134068")
        let data = (shown["linkinfo"] as? [String: Any])?["info_data"] as? [String: Any]
        #expect(data?["ageing_time"] as? Int == 7700)
        #expect(data?["mcast_snooping"] as? Int == 0)
        #expect(data?["group_fwd_mask"] as? String == "0x4008")

        try kernel.netlink.setLink(index, LinkChange(bridge: BridgeAttributes(ageingTime: .seconds(5))))
        guard case .bridge(let changed)? = try kernel.netlink.link(index: index)?.kind else { return }
        #expect(changed.ageingTime == .seconds(5) && changed.forwardDelay == .seconds(2))
    }

    /// A bridge keeps the address it was made with, and the MTU that was set, whatever joins it.
    @Test func bridgeKeepsItsAddressAndMTU() throws {
        let kernel = try Kernel()
        let own = try mac("02:ff:ff:ff:ff:01")
        let bridge = try kernel.netlink.addLink(LinkSpec(name: "br", kind: .bridge(BridgeAttributes()), mac: own))
        try kernel.netlink.setLink(bridge, LinkChange(isUp: true, mtu: 65535))
        let (port, _) = try kernel.makePair()
        try kernel.netlink.setLink(port, LinkChange(mac: try mac("02:00:00:00:00:01"), mtu: 1400))
        try kernel.netlink.setMaster(port, to: bridge)
        let link = try #require(try kernel.netlink.link(index: bridge))
        #expect(link.mac == own && link.mtu == 65535)
        #expect(try kernel.netlink.bridgePorts(of: bridge).map(\.index) == [port])
        #expect(try kernel.netlink.link(index: port)?.masterIndex == bridge)
        #expect(try kernel.netlink.link(index: port)?.promiscuityCount == 1)
        try kernel.netlink.setMaster(port, to: nil)
        #expect(try kernel.netlink.bridgePorts(of: bridge) == [])
        #expect(try kernel.netlink.link(index: port)?.masterIndex == nil)
    }

    @Test func vethInTwoNamespaces() throws {
        let (here, there) = (try Kernel(), try Kernel())
        let descriptor = try there.namespace.open()
        let peer = VethPeer(
            name: "eth0", mac: try mac("02:00:00:00:00:0b"), mtu: 1450, group: 6, namespaceDescriptor: descriptor.rawValue)
        let index = try here.netlink.addLink(
            LinkSpec(name: "wfv-web", kind: .veth(peer: peer), mac: try mac("02:00:00:00:00:0a"), mtu: 9000, isUp: true))
        let first = try #require(try here.netlink.link(index: index))
        let second = try #require(try there.netlink.link(named: "eth0"))
        #expect(first.kind == .veth && first.peerIndex == second.index && first.linkNamespaceID != nil)
        #expect(first.isUp && !second.isUp && !first.hasCarrier)
        #expect(second.mtu == 1450 && second.group == 6 && second.mac == peer.mac)
        #expect(second.peerIndex == index)
        try there.netlink.setLink(second.index, LinkChange(isUp: true))
        let joined = try #require(try here.netlink.link(index: index))
        #expect(joined.hasCarrier && joined.operationalState == .up && joined.flags.contains(.lowerUp))
        try here.netlink.deleteLink(index)
        #expect(try there.netlink.link(named: "eth0") == nil)
    }

    @Test func linkMovesToAnotherNamespace() throws {
        let (here, there) = (try Kernel(), try Kernel())
        let (index, peer) = try here.makePair()
        let descriptor = try there.namespace.open()
        try here.netlink.setLink(index, LinkChange(name: "eth0", namespaceDescriptor: descriptor.rawValue))
        #expect(try here.netlink.link(index: index) == nil)
        #expect(try there.netlink.link(named: "eth0")?.linkIndex == peer)
        #expect(try there.ip("link show dev eth0").count == 1)
    }

    @Test func everythingThatCanBeSet() throws {
        let kernel = try Kernel()
        let (index, _) = try kernel.makePair()
        try kernel.netlink.setLink(index, LinkChange(isUp: false))
        var change = LinkChange(
            name: "renamed", isUp: true, isPromiscuous: true, mac: try mac("02:00:00:00:00:77"), mtu: 1300, group: 9,
            alias: "weft:lab/port/vm1", addressGeneration: IPv6AddressGeneration.none,
            ipv4: [.rpFilter: 1, .arpIgnore: 8, .forwarding: 0, .arpAnnounce: 2])
        change.isAllMulticast = true
        change.txQueueLength = 321
        change.gsoMaxSize = 32768
        try kernel.netlink.setLink(index, change)
        let link = try #require(try kernel.netlink.link(named: "renamed"))
        #expect(link.isUp && link.flags.isSuperset(of: [.promiscuous, .allMulticast]) && link.promiscuityCount == 1)
        #expect(link.mac == change.mac && link.mtu == 1300 && link.group == 9 && link.alias == "weft:lab/port/vm1")
        #expect(link.txQueueLength == 321 && link.gsoMaxSize == 32768)
        #expect(link.addressGeneration == IPv6AddressGeneration.none)
        #expect(link.ipv4[.rpFilter] == 1 && link.ipv4[.arpIgnore] == 8 && link.ipv4[.forwarding] == 0)
        #expect(link.ipv4[.arpAnnounce] == 2 && link.ipv4[.proxyARP] == 0)
        for (file, value) in [("rp_filter", "1"), ("arp_ignore", "8"), ("forwarding", "0")] {
            let path = "/proc/sys/net/ipv4/conf/renamed/\(file)"
            let outcome = try Command("cat", [path], in: kernel.namespace).run(timeout: .seconds(20))
            #expect(outcome.standardOutput == value + "\n")
        }
        let shown = try #require(try kernel.ip("link show dev renamed").first)
        #expect(shown["ifalias"] as? String == "weft:lab/port/vm1")
        #expect(shown["inet6_addr_gen_mode"] as? String == "none")
        #expect(shown["gso_max_size"] as? Int == 32768)
        #expect((shown["flags"] as? [String])?.contains("PROMISC") == true)

        try kernel.netlink.setLink(index, LinkChange(isPromiscuous: false, alias: ""))
        let after = try #require(try kernel.netlink.link(index: index))
        #expect(!after.flags.contains(.promiscuous) && after.alias == nil && after.isUp && after.mtu == 1300)
    }

    @Test func alternativeNames() throws {
        let kernel = try Kernel()
        let (index, _) = try kernel.makePair()
        let long = "a-name-that-is-longer-than-fifteen-bytes"
        try kernel.netlink.addAlternativeName(long, to: index)
        try kernel.netlink.addAlternativeName("short", to: index)
        #expect(try kernel.netlink.link(index: index)?.alternativeNames.sorted() == [long, "short"])
        #expect(try kernel.netlink.link(named: long)?.index == index)
        #expect(try kernel.netlink.link(named: "short")?.index == index)
        try kernel.netlink.removeAlternativeName(long, from: index)
        #expect(try kernel.netlink.link(named: long) == nil)
        #expect(throws: NetlinkError.self) { try kernel.netlink.removeAlternativeName(long, from: index) }
    }

    @Test func vxlan() throws {
        let kernel = try Kernel()
        let (lower, _) = try kernel.makePair()
        var attributes = VXLANAttributes(vni: try vni(5001), local: try address("192.0.2.11"), udpPort: 4790)
        attributes.remote = try address("192.0.2.12")
        attributes.underlayIndex = lower
        attributes.sourcePorts = 40000...50000
        attributes.isLearning = false
        attributes.hasUDPChecksum = false
        attributes.ttl = 64
        attributes.dontFragment = .set
        attributes.ageingTime = .seconds(60)
        let index = try kernel.netlink.addLink(LinkSpec(name: "vx", kind: .vxlan(attributes)))
        guard case .vxlan(let read)? = try kernel.netlink.link(index: index)?.kind else {
            Issue.record("not a VXLAN device")
            return
        }
        attributes.sendsZeroChecksumOverIPv6 = false
        attributes.acceptsZeroChecksumOverIPv6 = false
        attributes.sendsRemoteChecksum = false
        attributes.acceptsRemoteChecksum = false
        #expect(read == attributes)
        let information = try #require(try kernel.ip("link show dev vx").first)["linkinfo"] as? [String: Any]
        let data = try #require(information?["info_data"] as? [String: Any])
        #expect(data["id"] as? Int == 5001 && data["port"] as? Int == 4790 && data["local"] as? String == "192.0.2.11")
        #expect(data["remote"] as? String == "192.0.2.12" && data["learning"] as? Bool == false && data["df"] as? String == "set")

        var overIPv6 = VXLANAttributes(vni: try vni(5002), local: try address("2001:db8::1"))
        overIPv6.acceptsZeroChecksumOverIPv6 = true
        let other = try kernel.netlink.addLink(LinkSpec(name: "vx6", kind: .vxlan(overIPv6)))
        guard case .vxlan(let read6)? = try kernel.netlink.link(index: other)?.kind else { return }
        #expect(read6.local == overIPv6.local && read6.acceptsZeroChecksumOverIPv6 == true && read6.udpPort == 4789)
    }

    @Test func tapIsRead() throws {
        let kernel = try Kernel()
        try kernel.runIP("tuntap add dev tap0 mode tap vnet_hdr multi_queue user 65534")
        guard case .tun(let tun)? = try kernel.netlink.link(named: "tap0")?.kind else {
            Issue.record("not a TAP")
            return
        }
        #expect(tun.mode == .tap && tun.isPersistent && tun.hasVirtioNetHeader && tun.isMultiQueue && tun.owner == 65534)
        #expect(!tun.hasPacketInformation && tun.group == nil && tun.queueCount == 0)
    }

    /// The whole list agrees with what ip prints.
    @Test func listAgreesWithIP() throws {
        let kernel = try Kernel()
        _ = try kernel.makePair()
        try kernel.netlink.addLink(LinkSpec(name: "br", kind: .bridge(BridgeAttributes())))
        let links = try kernel.netlink.links()
        let shown = try kernel.ip("link show")
        #expect(links.map { Int($0.index) } == shown.map { $0["ifindex"] as? Int })
        #expect(links.map(\.name) == shown.map { $0["ifname"] as? String })
        #expect(links.map(\.mtu) == shown.map { $0["mtu"] as? Int })
        #expect(links.map { $0.mac?.description } == shown.map { $0["address"] as? String })
        #expect(links.map { $0.kind.name } == shown.map { ($0["linkinfo"] as? [String: Any])?["info_kind"] as? String })
    }

    @Test func statisticsCount() throws {
        let kernel = try Kernel()
        let loopback = try #require(try kernel.netlink.link(named: "lo"))
        try kernel.netlink.setLink(loopback.index, LinkChange(isUp: true))
        let outcome = try Command("ping", ["-c1", "-W5", "127.0.0.1"], in: kernel.namespace).run(timeout: .seconds(20))
        #expect(outcome.isSuccess)
        let after = try #require(try kernel.netlink.link(named: "lo")).statistics
        #expect(after.rxPackets == 2 && after.txPackets == 2 && after.rxBytes == 168 && after.rxDropped == 0)
    }

    @Test(.needsVLANDevices) func vlan() throws {
        let kernel = try Kernel()
        let (lower, _) = try kernel.makePair()
        for (name, attributes) in [
            ("a.100", VLANAttributes(id: try vlanID(100))), ("a.7", VLANAttributes(id: try vlanID(7), tagProtocol: .dot1AD)),
        ] {
            let index = try kernel.netlink.addLink(LinkSpec(name: name, kind: .vlan(attributes, on: lower), isUp: true))
            let link = try #require(try kernel.netlink.link(index: index))
            #expect(link.kind == .vlan(attributes) && link.linkIndex == lower && link.isUp)
            let information = try #require(try kernel.ip("link show dev \(name)").first)["linkinfo"] as? [String: Any]
            let data = try #require(information?["info_data"] as? [String: Any])
            #expect(data["id"] as? Int == Int(attributes.id.rawValue))
            #expect(data["protocol"] as? String == (attributes.tagProtocol == .dot1Q ? "802.1Q" : "802.1ad"))
        }
    }
}
