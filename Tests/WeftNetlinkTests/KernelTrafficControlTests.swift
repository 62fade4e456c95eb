import Glibc
import Testing
import WeftLinux
import WeftNetlink

/// Qdiscs and filters made and read by us, looked at by `tc`, and what they do to frames.
@Suite(.needsRoot) struct KernelTrafficControlTests {
    static func dropAll(on link: Int32) -> TrafficFilter {
        TrafficFilter(linkIndex: link, hook: .ingress, priority: 1, handle: 0x7765_6674, program: [.drop])
    }

    @Test func qdiscsComeAndGo() throws {
        let kernel = try Kernel()
        let (link, other) = try kernel.makePair("left", "right")
        #expect(try kernel.netlink.qdiscs().allSatisfy { $0.kind != "clsact" })
        try kernel.netlink.addQdisc(.clsact(on: link))
        let qdiscs = try kernel.netlink.qdiscs()
        #expect(qdiscs.contains(.clsact(on: link)))
        #expect(!qdiscs.contains { $0.linkIndex == other && $0.kind == "clsact" })
        #expect(try kernel.tc("qdisc show dev left").contains { $0["kind"] as? String == "clsact" })
        let again = #expect(throws: NetlinkError.self) { try kernel.netlink.addQdisc(.clsact(on: link)) }
        #expect(again?.errno == EEXIST)
        #expect(again?.description.hasPrefix("cannot add qdisc on left (clsact): File exists") == true)
        try kernel.netlink.removeQdisc(.clsact(on: link))
        #expect(try !kernel.netlink.qdiscs().contains(.clsact(on: link)))
        #expect(throws: NetlinkError.self) { try kernel.netlink.removeQdisc(.clsact(on: link)) }
        let unknown = Qdisc(linkIndex: link, kind: "weft", handle: 0, parent: 0xFFFF_FFFF)
        let refused = #expect(throws: NetlinkError.self) { try kernel.netlink.addQdisc(unknown) }
        #expect(refused?.description.hasSuffix("use a kernel with this feature, or load its module") == true)
    }

    @Test func filtersAreReadAsTheyWereWritten() throws {
        let kernel = try Kernel()
        let (link, _) = try kernel.makePair("left", "right")
        #expect(try kernel.netlink.filters(of: link, at: .ingress) == [])
        try kernel.netlink.addQdisc(.clsact(on: link))
        #expect(try kernel.netlink.filters(of: link, at: .ingress) == [])
        let filter = Self.dropAll(on: link)
        // A second time it is put in its own place.
        for _ in 0..<2 {
            try kernel.netlink.setFilter(filter)
            #expect(try kernel.netlink.filters(of: link, at: .ingress) == [filter])
        }
        #expect(try kernel.netlink.filters(of: link, at: .egress) == [])
        let shown = try kernel.tc("filter show dev left ingress").compactMap { $0["options"] as? [String: Any] }.last
        #expect(shown?["handle"] as? String == "0x77656674")
        #expect(shown?["direct-action"] != nil)
        let bytecode = shown?["bytecode"] as? [String: Any]
        #expect(bytecode?["insns"] as? [[String: Int]] == [["code": 6, "jt": 0, "jf": 0, "k": 2]])

        // What somebody else changed under its number is seen and can be set back.
        var changed = filter
        changed.program = [BPFInstruction(code: 6, operand: 0)]
        try kernel.netlink.setFilter(changed)
        #expect(try kernel.netlink.filters(of: link, at: .ingress) == [changed])
        try kernel.netlink.setFilter(filter)
        #expect(try kernel.netlink.filters(of: link, at: .ingress) == [filter])

        // Others' filters are others' when ours goes.
        _ = try kernel.tc("filter add dev left ingress prio 7 protocol ip bpf da bytecode 1,6@0@0@0")
        try kernel.netlink.removeFilter(filter)
        let left = try kernel.netlink.filters(of: link, at: .ingress)
        #expect(left.map(\.priority) == [7] && left.map(\.protocolNumber) == [0x0800], "\(left)")
        #expect(throws: NetlinkError.self) { try kernel.netlink.removeFilter(filter) }
    }

    @Test func theHostHearsNothingThroughIt() throws {
        let kernel = try Kernel()
        let (link, peer) = try kernel.makePair("left", "right")
        let guest = try Kernel()
        try kernel.runIP("link set right netns \(guest.name)")
        for (kernel, index, text) in [(kernel, link, "10.9.0.1/24"), (guest, peer, "10.9.0.2/24")] {
            try kernel.netlink.setLink(index, LinkChange(isUp: true))
            try kernel.netlink.addAddress(InterfaceAddress(linkIndex: index, prefix: try prefix(text)))
        }
        func hears() throws -> Bool {
            try guest.runIP("neighbour flush dev right")
            return try Command("ping", ["-c1", "-W1", "10.9.0.1"], in: guest.namespace).run(timeout: .seconds(20)).isSuccess
        }
        #expect(try hears())
        try kernel.netlink.addQdisc(.clsact(on: link))
        try kernel.netlink.setFilter(Self.dropAll(on: link))
        #expect(try !hears())
        try kernel.netlink.removeFilter(Self.dropAll(on: link))
        #expect(try hears())
    }

    @Test func changesAreTold() throws {
        let kernel = try Kernel()
        let (link, _) = try kernel.makePair("left", "right")
        let monitor = try kernel.namespace.run { try NetlinkMonitor.open([.trafficControl]) }
        try kernel.netlink.addQdisc(.clsact(on: link))
        #expect(Set(try monitor.receive()) == [.trafficControl(linkIndex: link)])
        try kernel.netlink.setFilter(Self.dropAll(on: link))
        #expect(Set(try monitor.receive()) == [.trafficControl(linkIndex: link)])
        try kernel.netlink.removeFilter(Self.dropAll(on: link))
        #expect(Set(try monitor.receive()) == [.trafficControl(linkIndex: link)])
    }
}
