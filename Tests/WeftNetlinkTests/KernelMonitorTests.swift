import Glibc
import Testing
import WeftLinux
import WeftNetlink
import WeftTypes

/// Notifications from the real kernel, and dumps while everything changes.
@Suite(.needsRoot) struct KernelMonitorTests {
    @Test func changesAreTold() throws {
        let kernel = try Kernel()
        let monitor = try kernel.namespace.run { try NetlinkMonitor.open() }
        #expect(try monitor.receive() == [])
        let bridge = try kernel.netlink.addLink(LinkSpec(name: "br", kind: .bridge(BridgeAttributes()), isUp: true))
        let (port, peer) = try kernel.makePair()
        let own = InterfaceAddress(linkIndex: peer, prefix: try prefix("10.9.0.1/24"))
        let route = Route(destination: try prefix("10.10.0.0/16"), gateway: try address("10.9.0.2"), linkIndex: peer)
        let neighbour = Neighbour(linkIndex: peer, address: try address("10.9.0.2"), mac: try mac("02:00:00:00:00:02"))
        let entry = FDBEntry(linkIndex: port, mac: try mac("02:00:00:00:00:10"))
        try kernel.netlink.setMaster(port, to: bridge)
        try kernel.netlink.addAddress(own)
        try kernel.netlink.addRoute(route)
        try kernel.netlink.addNeighbour(neighbour)
        try kernel.netlink.addFDB(entry)
        let made = try monitor.receive()
        #expect(
            made.contains { if case .link(let link) = $0 { link.index == bridge && link.kind.name == "bridge" } else { false } })
        #expect(
            made.contains { if case .bridgePort(let link) = $0 { link.index == port && link.bridgePort != nil } else { false } })
        #expect(made.contains { if case .address(let address) = $0 { address.prefix == own.prefix } else { false } })
        #expect(made.contains(.route(route)))
        #expect(made.contains(.neighbour(neighbour)))
        #expect(made.contains { if case .fdb(let told) = $0 { told.mac == entry.mac && told.table == .bridge } else { false } })

        try kernel.netlink.removeFDB(entry)
        try kernel.netlink.removeNeighbour(neighbour)
        try kernel.netlink.removeRoute(route)
        try kernel.netlink.removeAddress(own)
        try kernel.netlink.setMaster(port, to: nil)
        let undone = try monitor.receive()
        #expect(undone.contains { if case .fdbRemoved(let told) = $0 { told.mac == entry.mac } else { false } })
        #expect(undone.contains { if case .neighbourRemoved(let told) = $0 { told.address == neighbour.address } else { false } })
        #expect(undone.contains(.routeRemoved(route)))
        #expect(undone.contains { if case .addressRemoved(let address) = $0 { address.prefix == own.prefix } else { false } })
        #expect(undone.contains { if case .bridgePortRemoved(let link) = $0 { link.index == port } else { false } })
        #expect(!undone.contains { if case .linkRemoved = $0 { true } else { false } })

        try kernel.netlink.deleteLink(bridge)
        let last = try monitor.receive()
        #expect(
            last.contains { if case .linkRemoved(let link) = $0 { link.index == bridge && link.name == "br" } else { false } })
    }

    @Test func topicsAreChosen() throws {
        let kernel = try Kernel()
        let monitor = try kernel.namespace.run { try NetlinkMonitor.open([.addresses]) }
        let (index, _) = try kernel.makePair()
        try kernel.netlink.addAddress(InterfaceAddress(linkIndex: index, prefix: try prefix("10.9.0.1/24")))
        let events = try monitor.receive()
        #expect(events.count == 1)
        if case .address? = events.first {} else { Issue.record("\(events)") }
    }

    @Test func descriptorBecomesReadable() throws {
        let kernel = try Kernel()
        let monitor = try kernel.namespace.run { try NetlinkMonitor.open([.links]) }
        var waiting = pollfd(fd: monitor.rawValue, events: Int16(POLLIN), revents: 0)
        #expect(unsafe poll(&waiting, 1, 0) == 0)
        _ = try kernel.makePair()
        #expect(unsafe poll(&waiting, 1, 5000) == 1)
        #expect(try monitor.receive().isEmpty == false)
        #expect(unsafe poll(&waiting, 1, 0) == 0)
    }

    /// More happens than the buffer holds: that is told, and afterwards nothing is missed again.
    @Test func realOverrun() throws {
        let kernel = try Kernel()
        let monitor = try kernel.namespace.run { try NetlinkMonitor.open([.links], receiveByteCount: 4096) }
        let (index, _) = try kernel.makePair()
        for mtu in 1300..<1400 { try kernel.netlink.setLink(index, LinkChange(mtu: mtu)) }
        #expect(try monitor.receive() == [.overrun])
        #expect(try monitor.receive() == [])
        try kernel.netlink.setLink(index, LinkChange(mtu: 1500))
        let events = try monitor.receive()
        #expect(events.contains { if case .link(let link) = $0 { link.mtu == 1500 } else { false } })
    }

    /// Dumps are consistent while links come and go: whoever is there all the time is in each, once.
    @Test func dumpsWhileLinksComeAndGo() async throws {
        let kernel = try Kernel()
        var steady: Set<String> = ["lo"]
        for number in 0..<150 {
            try kernel.netlink.addLink(LinkSpec(name: "steady\(number)", kind: .bridge(BridgeAttributes())))
            steady.insert("steady\(number)")
        }
        let meddler = try kernel.namespace.run { try RouteNetlink.open() }
        async let meddling: Void = Task.detached {
            for _ in 0..<100 {
                let link = try meddler.addLink(LinkSpec(name: "passing", kind: .bridge(BridgeAttributes())))
                try meddler.deleteLink(link)
            }
        }.value
        for _ in 0..<50 {
            let names = try kernel.netlink.links().map(\.name)
            #expect(Set(names).isSuperset(of: steady))
            #expect(Set(names).count == names.count)
        }
        try await meddling
    }

    /// Any thread may call; answers do not get mixed up.
    @Test func manyThreads() async throws {
        let kernel = try Kernel()
        let (index, peer) = try kernel.makePair()
        let mistakes = try await withThrowingTaskGroup(of: Int.self) { group in
            for wanted in [index, peer, index, peer] {
                group.addTask {
                    var mistakes = 0
                    for _ in 0..<200 where try kernel.netlink.link(index: wanted)?.index != wanted { mistakes += 1 }
                    return mistakes
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(mistakes == 0)
    }
}
