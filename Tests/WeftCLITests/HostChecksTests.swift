import Testing
import WeftAPI
import WeftLinux
import WeftTypes

@testable import WeftCLI

@Suite struct HostChecksTests {
    /// A host with nothing to complain about.
    static var healthy: HostSurvey {
        var survey = HostSurvey(udpPort: 4789)
        survey.kernelRelease = "6.1.0-18-amd64"
        (survey.canAdministerNetwork, survey.canEnterNamespaces, survey.tun) = (true, true, .granted)
        (survey.tapOffloads, survey.udpSegmentCount, survey.hasUDPGRO) = (.all, 64, true)
        survey.deviceKinds = ["bridge": true, "veth": true, "vlan": true]
        (survey.canDeafen, survey.canOpenPacketSockets) = (true, true)
        survey.firewall = FirewallRules()
        survey.reversePathFilters = ["eth1": 2]
        return survey
    }

    private func finding(_ code: Finding.Code, status: StatusReport? = nil, _ change: (inout HostSurvey) -> Void) -> Finding? {
        var survey = Self.healthy
        change(&survey)
        return HostChecks(survey: survey, status: status).findings().first { $0.code == code }
    }

    @Test func findsNothingOnAHealthyHost() {
        let findings = HostChecks(survey: Self.healthy, status: nil).findings()
        #expect(findings.allSatisfy { $0.status == .ok && $0.fix == nil })
        #expect(findings.first?.text == "kernel 6.1.0-18-amd64: TAP, vnet headers, UDP GSO, UDP GRO")
        #expect(findings.map(\.code.rawValue) == findings.map(\.code.rawValue).sorted())
    }

    @Test func tellsWhatIsWrong() {
        let missing = finding(.tun) { $0.tun = .missing }
        #expect(missing?.status == .fail)
        #expect(missing?.fix?.hasPrefix("modprobe tun") == true)
        #expect(finding(.tun) { $0.tun = .refused(errno: 13) }?.text == "/dev/net/tun: Permission denied")

        #expect(finding(.privileges) { $0.canAdministerNetwork = false }?.status == .fail)
        #expect(finding(.privileges, status: Sample.status) { $0.canAdministerNetwork = false }?.status == .warn)

        #expect(finding(.devices) { $0.deviceKinds["vlan"] = false }?.status == .warn)
        #expect(finding(.devices) { $0.deviceKinds["bridge"] = false }?.text == "this kernel makes no bridge")
        #expect(finding(.directPorts) { $0.canDeafen = false }?.fix?.hasPrefix("modprobe sch_ingress cls_bpf") == true)
        #expect(finding(.directPorts) { $0.canDeafen = nil }?.status == .ok)
        #expect(finding(.directPorts) { $0.canOpenPacketSockets = false }?.text.hasPrefix("no CAP_NET_RAW") == true)
        #expect(finding(.tapOffloads) { $0.tapOffloads = [.checksum] }?.status == .warn)
        #expect(finding(.udpOffloads) { $0.udpSegmentCount = 0 }?.text == "UDP offloads: no UDP_SEGMENT, UDP_GRO")
        #expect(finding(.reversePathFilter) { $0.reversePathFilters["eth1"] = 1 }?.fix == "sysctl net.ipv4.conf.eth1.rp_filter=2")

        let gone = finding(.underlayAddress, status: Sample.status) { $0.missingUnderlay = [Sample.ip("192.0.2.11")] }
        #expect(gone?.status == .fail)
        #expect(gone?.text == "no interface has the underlay address 192.0.2.11")
    }

    @Test func tellsWhoHasTheUDPPort() {
        let qemu = finding(.udpPort) { $0.udpPortHolder = .process(id: 12, name: "other") }
        #expect(qemu?.status == .fail)
        #expect(qemu?.text == "udp/4789 is taken by other (process 12)")
        #expect(finding(.udpPort, status: Sample.status) { $0.udpPortHolder = .process(id: 4711, name: "weft") }?.status == .ok)
        #expect(finding(.udpPort, status: Sample.status) { $0.udpPortHolder = .process(id: 12, name: "x") }?.status == .fail)
        #expect(finding(.udpPort) { $0.udpPortHolder = .unknown }?.text.hasSuffix("by a VXLAN device of the kernel") == true)
        #expect(finding(.udpPort, status: Sample.status) { $0.udpPortHolder = .nobody }?.status == .warn)
    }

    @Test func findsDockersForwardChain() throws {
        let rules = try FirewallRules(json: FirewallRulesTests.docker)
        let found = finding(.bridgeFilter) { ($0.bridgeCallsIPTables, $0.firewall) = (true, rules) }
        #expect(found?.status == .fail)
        #expect(found?.text.contains("'ip filter FORWARD', which drops") == true)
        #expect(finding(.bridgeFilter) { ($0.bridgeCallsIPTables, $0.firewall) = (false, rules) }?.status == .ok)
        #expect(finding(.bridgeFilter) { ($0.bridgeCallsIPTables, $0.firewall) = (nil, rules) }?.status == .ok)
        #expect(finding(.bridgeFilter) { $0.bridgeCallsIPTables = true }?.status == .ok)
        #expect(finding(.bridgeFilter) { ($0.bridgeCallsIPTables, $0.firewall) = (true, nil) }?.status == .warn)
    }

    @Test func findsAFirewallBeforeTheTunnel() throws {
        let rules = try FirewallRules(json: FirewallRulesTests.strictInput)
        let found = finding(.firewall) { $0.firewall = rules }
        #expect(found?.status == .warn)
        #expect(found?.text == "'inet filter input' drops by default and accepts no udp/4789")
        let other = finding(.firewall) { ($0.firewall, $0.udpPort) = (rules, 8472) }
        #expect(other?.status == .ok)
    }

    @Test func readsTheKernelsTableOfSockets() {
        let table = """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
              47: 00000000:12B5 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 31337 2 0000 0
             200: 0100007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000   101        0 42 2 0000 0
            broken
            """
        #expect(HostSurvey.inodes(ofPort: 4789, table: table) == ["31337"])
        #expect(HostSurvey.inodes(ofPort: 53, table: table) == ["42"])
        #expect(HostSurvey.inodes(ofPort: 54, table: table).isEmpty)
    }

    /// The real thing: whatever this machine is, the survey ends, and what it tried left nothing behind.
    @Test func surveysThisHost() throws {
        let before = try SmallFile.names(in: "/sys/class/net")
        let survey = HostSurvey.gather(udpPort: 1, underlay: [Sample.ip("203.0.113.77")])
        #expect(!survey.kernelRelease.isEmpty)
        #expect(survey.udpPortHolder == .nobody)
        if survey.canAdministerNetwork, survey.canEnterNamespaces, survey.tun == .granted {
            #expect(survey.deviceKinds["bridge"] == true)
            #expect(survey.tapOffloads != nil)
            #expect(survey.udpSegmentCount ?? 0 >= 0)
        }
        #expect(survey.missingUnderlay == [Sample.ip("203.0.113.77")])
        #expect(try SmallFile.names(in: "/sys/class/net") == before)
    }

    @Test func prefersWhatTheAgentTells() {
        let seen = [Finding(.kernel, .ok, "seen"), Finding(.tapOffloads, .ok, "seen"), Finding(.firewall, .ok, "seen")]
        let told = [
            Finding(.convergence, .ok, "told"), Finding(.mtu, .ok, "1"), Finding(.mtu, .warn, "2"),
            Finding(.tapOffloads, .ok, "told"),
        ]
        #expect(
            Session.merge(seen, told).map { "\($0.code.rawValue) \($0.text)" } == [
                "D01 seen", "D05 told", "D07 1", "D07 2", "D10 seen", "D14 told",
            ])
    }
}
