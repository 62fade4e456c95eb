import Glibc
import Testing
import WeftNetlink
import WeftTypes

/// Addresses, routes and neighbours made and read by us, and looked at by `ip`.
@Suite(.needsRoot) struct KernelAddressTests {
    @Test func addresses() throws {
        let kernel = try Kernel()
        let (index, _) = try kernel.makePair()
        var v4 = InterfaceAddress(linkIndex: index, prefix: try prefix("192.0.2.11/24"))
        v4.broadcast = IPv4Address("192.0.2.255")
        let v6 = InterfaceAddress(linkIndex: index, prefix: try prefix("2001:db8::11/64"), flags: .noDuplicateDetection)
        let local = InterfaceAddress(linkIndex: index, prefix: try prefix("169.254.7.1/32"), scope: .link)
        for address in [v4, v6, local] { try kernel.netlink.addAddress(address) }

        let read = try kernel.netlink.addresses(of: index)
        #expect(read.map(\.prefix) == [local, v4, v6].map(\.prefix))
        #expect(read.map(\.scope) == [.link, .universe, .universe])
        #expect(read.map(\.broadcast) == [nil, v4.broadcast, nil])
        #expect(read.map(\.isUsable) == [true, true, true])
        #expect(read[1].label == "a" && read[2].flags.contains([.permanent, .noDuplicateDetection]))
        let shown = try #require(try kernel.ip("address show dev a").first)["addr_info"] as? [[String: Any]]
        #expect(shown?.compactMap { $0["local"] as? String }.sorted() == ["169.254.7.1", "192.0.2.11", "2001:db8::11"])

        let again = #expect(throws: NetlinkError.self) { try kernel.netlink.addAddress(v4) }
        #expect(again?.errno == EEXIST)
        for address in [v4, v6, local] { try kernel.netlink.removeAddress(address) }
        #expect(try kernel.netlink.addresses(of: index) == [])
        let gone = #expect(throws: NetlinkError.self) { try kernel.netlink.removeAddress(v4) }
        #expect(gone?.errno == EADDRNOTAVAIL && gone?.object == "a (192.0.2.11/24)")
    }

    @Test func tentativeAddress() throws {
        let kernel = try Kernel()
        let (index, _) = try kernel.makePair()
        try kernel.netlink.addAddress(InterfaceAddress(linkIndex: index, prefix: try prefix("2001:db8::11/64")))
        let fresh = try #require(try kernel.netlink.addresses(of: index).first)
        #expect(fresh.flags.contains(.tentative) && !fresh.isUsable)
        for _ in 0..<100 {
            if try kernel.netlink.addresses(of: index).first?.isUsable == true { return }
            usleep(100_000)
        }
        Issue.record("still tentative after ten seconds")
    }

    @Test func pointToPoint() throws {
        let kernel = try Kernel()
        let (index, _) = try kernel.makePair()
        let own = InterfaceAddress(linkIndex: index, prefix: try prefix("10.0.0.1/32"), peer: try address("10.0.0.2"))
        try kernel.netlink.addAddress(own)
        let read = try #require(try kernel.netlink.addresses(of: index).first)
        #expect(read.prefix == own.prefix && read.peer == own.peer)
    }

    @Test func routes() throws {
        let kernel = try Kernel()
        let (index, _) = try kernel.makePair()
        try kernel.netlink.addAddress(InterfaceAddress(linkIndex: index, prefix: try prefix("10.9.0.1/24")))
        try kernel.netlink.addAddress(
            InterfaceAddress(linkIndex: index, prefix: try prefix("2001:db8::1/64"), flags: .noDuplicateDetection))
        var multipath = Route(destination: try prefix("10.20.0.0/16"))
        multipath.scope = .universe
        multipath.nextHops = [
            Route.NextHop(gateway: try address("10.9.0.2"), linkIndex: index),
            Route.NextHop(gateway: try address("10.9.0.3"), linkIndex: index),
        ]
        var routes = [
            Route(destination: try prefix("0.0.0.0/0"), gateway: try address("172.16.0.1"), linkIndex: index, isOnLink: true),
            Route(destination: try prefix("10.10.0.0/16"), gateway: try address("10.9.0.2"), linkIndex: index, mtu: 1200),
            Route(destination: try prefix("10.11.0.0/16"), linkIndex: index, origin: 0x77, priority: 50),
            Route(destination: try prefix("10.12.0.0/16"), gateway: try address("2001:db8::9"), linkIndex: index),
            Route(
                destination: try prefix("10.13.0.0/16"), gateway: try address("10.9.0.2"), linkIndex: index,
                preferredSource: try address("10.9.0.1")),
            multipath,
            Route(
                destination: try prefix("2001:db8:7::/48"), gateway: try address("2001:db8::2"), linkIndex: index, priority: 1024),
        ]
        for route in routes { try kernel.netlink.addRoute(route) }
        let read = try kernel.netlink.routes(table: Route.mainTable)
        for route in routes { #expect(read.contains(route), "\(route)") }

        let shown = try kernel.ip("route show")
        #expect(shown.contains { $0["dst"] as? String == "default" && ($0["flags"] as? [String]) == ["onlink"] })
        #expect(shown.contains { $0["dst"] as? String == "10.11.0.0/16" && $0["metric"] as? Int == 50 })
        #expect(shown.contains { $0["dst"] as? String == "10.20.0.0/16" && ($0["nexthops"] as? [Any])?.count == 2 })
        #expect(shown.contains { ($0["via"] as? [String: Any])?["host"] as? String == "2001:db8::9" })

        let elsewhere = Route(destination: try prefix("10.11.0.0/16"), linkIndex: index, table: 1000)
        let refusal = Route(destination: try prefix("10.66.0.0/16"), action: .unreachable, table: 1000)
        try kernel.netlink.addRoute(elsewhere)
        try kernel.netlink.addRoute(refusal)
        #expect(try kernel.netlink.routes(table: 1000).map(\.destination) == [elsewhere, refusal].map(\.destination))

        let again = #expect(throws: NetlinkError.self) { try kernel.netlink.addRoute(routes[1]) }
        #expect(again?.errno == EEXIST)
        routes[1].mtu = 1300
        try kernel.netlink.replaceRoute(routes[1])
        #expect(try kernel.netlink.routes().contains(routes[1]))
        for route in routes { try kernel.netlink.removeRoute(route) }
        #expect(Set(try kernel.netlink.routes(table: Route.mainTable)).isDisjoint(with: routes))
    }

    @Test func neighbours() throws {
        let kernel = try Kernel()
        let (index, _) = try kernel.makePair()
        let first = Neighbour(linkIndex: index, address: try address("10.9.0.2"), mac: try mac("02:00:00:00:00:02"))
        let second = Neighbour(linkIndex: index, address: try address("2001:db8::2"), mac: try mac("02:00:00:00:00:03"))
        try kernel.netlink.addNeighbour(first)
        try kernel.netlink.addNeighbour(second)
        #expect(try kernel.netlink.neighbours(of: index).filter { $0.state.contains(.permanent) } == [first, second])
        #expect(try kernel.ip("neighbour show dev a").contains { $0["lladdr"] as? String == "02:00:00:00:00:02" })
        #expect(throws: NetlinkError.self) { try kernel.netlink.addNeighbour(first) }
        var moved = first
        moved.mac = try mac("02:00:00:00:00:99")
        try kernel.netlink.addNeighbour(moved, replacing: true)
        #expect(try kernel.netlink.neighbours().contains(moved))
        try kernel.netlink.removeNeighbour(moved)
        #expect(try kernel.netlink.neighbours(of: index).filter { $0.state.contains(.permanent) } == [second])
    }
}
