import Glibc
import Testing
import WeftLinux
import WeftNetlink
import WeftTypes

@testable import WeftCLI

/// The survey of a real host, as far as a network namespace is one.
@Suite(.enabled(if: canMakeNamespaces, "a network namespace needs root"), .serialized)
struct HostSurveyTests {
    @Test func seesAHealthyHost() throws {
        try inNamespace { _ in
            let survey = HostSurvey.gather(udpPort: 4789, underlay: [Self.address])
            #expect(survey.udpPortHolder == .nobody)
            #expect(survey.missingUnderlay.isEmpty)
            #expect(survey.reversePathFilters.keys.sorted() == ["under0"])
            #expect(survey.firewall?.chains.isEmpty ?? true)
            #expect(survey.deviceKinds["bridge"] == true && survey.deviceKinds["veth"] == true)
            #expect(survey.tapOffloads?.contains([.checksum, .tcp4, .tcp6]) == true)
            #expect(survey.udpSegmentCount ?? 0 >= 64)
            #expect(survey.hasUDPGRO == true)
        }
    }

    @Test func seesWhoHasTheUDPPort() throws {
        try inNamespace { netlink in
            let socket = try UDPSocket.open(UDPSocketOptions(address: Self.address, port: .fixed(4789)))
            let name = String(decoding: try SmallFile.read("/proc/self/comm") ?? [], as: UTF8.self).dropLast()
            #expect(HostSurvey.gather(udpPort: 4789, underlay: []).udpPortHolder == .process(id: getpid(), name: String(name)))
            withExtendedLifetime(socket.rawValue) {}
            // The kernel's own VXLAN device has a port that belongs to no process.
            let vni = VNI(headerWord: 7 << 8)
            let device = LinkSpec(name: "vx0", kind: .vxlan(VXLANAttributes(vni: vni, udpPort: 8472)), isUp: true)
            _ = try netlink.addLink(device)
            #expect(HostSurvey.gather(udpPort: 8472, underlay: []).udpPortHolder == .unknown)
        }
    }

    @Test(.enabled(if: hasNFT, "nft is not installed"))
    func seesTheFirewall() throws {
        try inNamespace { _ in
            let rules = """
                add table ip filter
                add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }
                add table inet own
                add chain inet own input { type filter hook input priority 0; policy drop; }
                add rule inet own input udp dport { 53, 8000-9000 } accept
                """
            try #require(try Command("nft", [rules]).run(timeout: .seconds(20)).isSuccess)
            let survey = HostSurvey.gather(udpPort: 4789, underlay: [])
            let firewall = try #require(survey.firewall)
            #expect(firewall.dropping(hook: "forward").map(\.text) == ["ip filter FORWARD"])
            #expect(firewall.blocking(udpPort: 4789).map(\.text) == ["inet own input"])
            #expect(firewall.blocking(udpPort: 8472).isEmpty)
            let findings = HostChecks(survey: survey, status: nil).findings()
            #expect(findings.first { $0.code == .firewall }?.status == .warn)
            // With br_netfilter loaded, and its switch on as it is at first, bridged frames meet that FORWARD chain.
            let isFiltering = survey.bridgeCallsIPTables == true
            #expect(findings.first { $0.code == .bridgeFilter }?.status == (isFiltering ? .fail : .ok))
        }
    }

    @Test func seesStrictReversePathFilteringAndAMissingAddress() throws {
        try inNamespace { _ in
            // The sysctls are this namespace's own.
            let file = try Descriptor.open("/proc/sys/net/ipv4/conf/under0/rp_filter", flags: O_WRONLY)
            try file.writeAll(Array("1".utf8), name: "rp_filter")
            let other = IPAddress.v4(IPv4Address(rawValue: 0xCB00_714D))
            let survey = HostSurvey.gather(udpPort: 4789, underlay: [Self.address, other])
            #expect(survey.reversePathFilters == ["under0": 1])
            #expect(survey.missingUnderlay == [other])
        }
    }

    // MARK: - Helpers

    private static let address = IPAddress.v4(IPv4Address(rawValue: 0xC000_020B))

    /// Runs `body` in a namespace of its own with one device, `under0`, that has ``address``.
    private func inNamespace(_ body: (RouteNetlink) throws -> Void) throws {
        let name = "wft\(getpid())-doctor"
        let namespace = try NetworkNamespace.create(name)
        defer { try? NetworkNamespace.delete(name) }
        try namespace.run {
            let netlink = try RouteNetlink.open()
            if let loopback = try netlink.link(named: "lo") { try netlink.setLink(loopback.index, LinkChange(isUp: true)) }
            let index = try netlink.addLink(LinkSpec(name: "under0", kind: .veth(peer: VethPeer(name: "under1")), isUp: true))
            let prefix = try #require(IPPrefix(address: Self.address, length: 24))
            try netlink.addAddress(InterfaceAddress(linkIndex: index, prefix: prefix))
            try body(netlink)
        }
    }
}

private var canMakeNamespaces: Bool { unsafe geteuid() == 0 && getenv("WEFT_TESTS_UNPRIVILEGED") == nil }
private var hasNFT: Bool { (try? Command("nft", ["--version"]).run(timeout: .seconds(20)).isSuccess) ?? false }
