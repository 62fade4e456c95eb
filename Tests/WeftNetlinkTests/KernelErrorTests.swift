import Glibc
import Testing
import WeftNetlink
import WeftTypes

/// What an error says, with the real kernel's part in it.
@Suite(.needsRoot) struct KernelErrorTests {
    @Test func nameThatIsTaken() throws {
        let kernel = try Kernel()
        _ = try kernel.makePair()
        try expect("cannot add link on a: File exists; remove what is there first, or choose another name") {
            try kernel.netlink.addLink(LinkSpec(name: "a", kind: .bridge(BridgeAttributes())))
        }
    }

    @Test func kindThatIsUnknown() throws {
        let kernel = try Kernel()
        try expect(
            "cannot add link on x: Operation not supported (Unknown device type); "
                + "use a kernel with this feature, or load its module"
        ) { try kernel.netlink.addLink(LinkSpec(name: "x", kind: .other("nosuchkind"))) }
    }

    @Test func mtuOutOfRange() throws {
        let kernel = try Kernel()
        let (index, _) = try kernel.makePair()
        try expect("cannot configure link on a: Invalid argument (mtu less than device minimum); check the values given") {
            try kernel.netlink.setLink(index, LinkChange(mtu: 10))
        }
        try expect("cannot configure link on a: Invalid argument (mtu greater than device maximum); check the values given") {
            try kernel.netlink.setLink(index, LinkChange(mtu: 100_000))
        }
    }

    @Test func gatewayOutOfReach() throws {
        let kernel = try Kernel()
        _ = try kernel.makePair()
        let route = Route(destination: try prefix("10.0.0.0/8"), gateway: try address("192.0.2.1"))
        try expect(
            "cannot add route on 10.0.0.0/8 via 192.0.2.1: Network is unreachable (Nexthop has invalid gateway); "
                + "add an address that reaches the gateway first, or say on-link"
        ) { try kernel.netlink.addRoute(route) }
    }

    @Test func linkThatIsGone() throws {
        let kernel = try Kernel()
        let (index, _) = try kernel.makePair()
        try kernel.netlink.deleteLink(index)
        try expect(
            "cannot delete link on link \(index): No such device; check that the device exists in this network namespace"
        ) { try kernel.netlink.deleteLink(index) }
    }

    @Test func withoutPrivileges() throws {
        let error = NetlinkError(verb: .addLink, object: "wfb-blue", errno: EPERM)
        #expect(
            error.description
                == "cannot add link on wfb-blue: Operation not permitted; run as root or with CAP_NET_ADMIN")
    }

    @Test func namesThatAreNone() throws {
        let kernel = try Kernel()
        for name in ["", ".", "..", "a/b", "a b", "sixteen-letters-", "a\u{0}b", "a\nb"] {
            let error = #expect(throws: NetlinkError.self) {
                try kernel.netlink.addLink(LinkSpec(name: name, kind: .bridge(BridgeAttributes())))
            }
            #expect(error?.errno == EINVAL && error?.object.contains("\n") == false)
        }
        #expect(try kernel.netlink.links().map(\.name) == ["lo"])
    }

    /// Number 0 is refused by us: the kernel would go by the name instead.
    @Test func linkZero() throws {
        let kernel = try Kernel()
        let error = #expect(throws: NetlinkError.self) { try kernel.netlink.setLink(0, LinkChange(name: "lo", isUp: true)) }
        #expect(error?.errno == ENODEV)
        #expect(try kernel.netlink.link(named: "lo")?.isUp == false)
    }

    private func expect(_ text: String, _ body: () throws -> Void) throws {
        let error = #expect(throws: NetlinkError.self) { try body() }
        #expect(error?.description == text)
    }
}
