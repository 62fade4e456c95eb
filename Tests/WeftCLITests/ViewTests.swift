import Testing
import WeftAPI
import WeftTypes

@testable import WeftCLI

/// What people see, character by character.
@Suite struct ViewTests {
    @Test func ports() throws {
        var ports = Sample.ports
        (ports[0].rxFramesPerSecond, ports[0].txFramesPerSecond) = (1234, 1100)
        #expect(
            try Listing<PortReport>.ports.text(ports, format: .table) == """
                PORT  HOST   SEGMENT  KIND  DEVICE   MAC                ADDRESS    STATE    RX/s  TX/s  DROPS
                vm1   alpha  blue     tap   wft-vm1  52:54:00:00:01:01  10.1.0.11  up       1.2k  1.1k  4
                vm2   bravo  blue     tap   wft-vm2  52:54:00:00:01:02  10.1.0.12  –        –     –     –
                web   alpha  green    veth  wfv-web  52:54:00:00:02:01  10.2.0.11  waiting  –     –     0

                """)
        #expect(try Listing<PortReport>.ports.text(ports, format: .name) == "vm1\nvm2\nweb\n")
        let wide = try Listing<PortReport>.ports.text(ports, format: .wide)
        #expect(wide.hasPrefix("PORT  HOST   SEGMENT  VNI  KIND  ATTACH  DEVICE"))
        #expect(wide.contains("inner-vlan 3"))
        #expect(wide.contains("namespace web is not there yet"))
    }

    @Test func peers() throws {
        #expect(
            try Listing<PeerReport>.peers.text(Sample.peers, format: .table) == """
                PEER   UNDERLAY             STATE   RTT     LOSS   MTU   TX      RX      SEGMENTS
                bravo  192.0.2.12:4789      alive   0.3 ms  0.00%  1500  1.2 GB  801 MB  blue
                leaf7  [2001:db8::70]:4789  static  –       –      –     0 B     0 B     green

                """)
        let wide = try Listing<PeerReport>.peers.text(Sample.peers, format: .wide)
        #expect(wide.contains("00000000000000000000000000000007  3.1          3 d\n"), "\(wide)")
    }

    /// Two agents may have the same name; people and scripts that read names must tell them apart.
    @Test func peersOfTheSameName() throws {
        var peers = Sample.peers
        peers.append(peers[0])
        peers[0].nodeID = NodeID(rawValue: 0x1a2b << 112)
        peers[2].nodeID = NodeID(rawValue: 0xff01 << 112)
        let listing = Listing<PeerReport>.peers
        #expect(try listing.text(peers, format: .name) == "bravo#1a2b\nleaf7\nbravo#ff01\n")
        #expect(try listing.text(peers, format: .table).contains("\nbravo#ff01  192.0.2.12:4789"))
        #expect(try listing.text(peers, format: .jsonl).contains(#""name":"bravo","#))
    }

    @Test func events() throws {
        let event = EventReport(
            sequence: 18, time: "2026-11-23T12:00:00.123Z", kind: .peerJoined, object: "bravo", text: "joined\u{1B}",
            detail: ["node_id": "07", "address": "192.0.2.12:7948"])
        #expect(
            try EventView.text(event, format: .table) == "2026-11-23T12:00:00.123Z  peer-joined        bravo  joined\u{FFFD}\n")
        #expect(
            try EventView.text(event, format: .wide)
                == "18  2026-11-23T12:00:00.123Z  peer-joined        bravo  joined\u{FFFD}  address=192.0.2.12:7948  node_id=07\n"
        )
        #expect(
            try EventView.text(event, format: .jsonl)
                == #"{"detail":{"address":"192.0.2.12:7948","node_id":"07"},"kind":"peer-joined","object":"bravo","sequence":18,"#
                + #""text":"joined\u001b","time":"2026-11-23T12:00:00.123Z"}"# + "\n")
        #expect(try EventView.text(event, format: .name) == "bravo\n")
    }

    @Test func convergence() throws {
        #expect(
            try ConvergenceView.text(Sample.convergence, format: .table) == """
                not converged: 1 of 3 nodes differ

                NODE   ID                                STATE    WHY
                carol  00000000000000000000000000000008  suspect  no answer within 5 s

                """)
        #expect(try ConvergenceView.text(Sample.convergence, format: .wide).contains("alive    agrees\n"))
        #expect(try ConvergenceView.text(Sample.convergence, format: .name) == "carol\n")
        #expect(
            try ConvergenceView.text(Sample.convergence, format: .jsonl)
                == #"{"converged":false,"member_count":3,"nodes":[{"agrees":true,"name":"bravo","#
                + #""node_id":"00000000000000000000000000000007","state":"alive"},{"agrees":false,"#
                + #""cause":"no answer within 5 s","name":"carol","node_id":"00000000000000000000000000000008","#
                + #""state":"suspect"}]}"# + "\n")
        #expect(try ConvergenceView.text(.alone, format: .table) == "converged: there is no other node\n")
        let all = ConvergenceReport(isConverged: true, nodes: [], memberCount: 8)
        #expect(try ConvergenceView.text(all, format: .table) == "converged: 8 nodes have the same state\n")
        let others = ConvergenceReport(
            isConverged: true,
            nodes: [.init(name: "kilo", nodeID: NodeID(rawValue: 9), state: .dead, cause: "dead: it is not asked")],
            memberCount: 8)
        #expect(
            try ConvergenceView.text(others, format: .table) == "converged: 7 nodes have the same state; dead: kilo\n")
    }

    @Test func segments() throws {
        #expect(
            try Listing<SegmentReport>.segments.text(Sample.segments, format: .table) == """
                SEGMENT  VNI  SUBNET       MTU   BRIDGE    PORTS  PEERS  MACS  DROPS
                blue     100  10.1.0.0/24  1450  wfb-blue  1      1      2     0
                green    200  –            1400  –         1      1      0     5

                """)
    }

    @Test func fdb() throws {
        #expect(
            try Listing<FDBEntryReport>.fdb.text(Sample.fdb, format: .table) == """
                MAC                ADDRESS    WHERE                SOURCE    AGE  SEQ
                52:54:00:00:01:01  10.1.0.11  vm1                  declared  –    0
                52:54:00:00:01:02  10.1.0.12  bravo (vm2)          gossip    3 m  0
                02:00:00:00:00:01  –          [2001:db8::70]:4789  frame     2 s  0

                """)
        #expect(
            try Listing<FDBEntryReport>.fdbOfSegments.text([Sample.fdb[0]], format: .table) == """
                SEGMENT  MAC                ADDRESS    WHERE  SOURCE    AGE  SEQ
                blue     52:54:00:00:01:01  10.1.0.11  vm1    declared  –    0

                """)
    }

    @Test func hosts() throws {
        #expect(
            try Listing<HostReport>.hosts.text(Sample.hosts, format: .table) == """
                HOST   KIND   UNDERLAY    STATE  PORTS  SEGMENTS
                alpha  agent  192.0.2.11  local  2      blue green
                bravo  agent  192.0.2.12  alive  1      blue

                """)
        #expect(try Listing<HostReport>.hosts.text(Sample.hosts, format: .wide).contains("role=edge"))
    }

    @Test func status() throws {
        #expect(
            try StatusView.text(Sample.status) == """
                alpha  weft 0.1.0  up 3d04h  2 peers  2 segments  2 ports (1 up)
                ! web: namespace web is not there yet                           weft port show web

                PEER   UNDERLAY             STATE   RTT     LOSS   MTU   TX      RX
                bravo  192.0.2.12:4789      alive   0.3 ms  0.00%  1500  1.2 GB  801 MB
                leaf7  [2001:db8::70]:4789  static  –       –      –     0 B     0 B

                """)
        var status = Sample.status
        (status.isReady, status.waitingFor, status.peers, status.alerts) = (false, ["192.0.2.11 is tentative"], [], [])
        #expect(
            try StatusView.text(status) == """
                alpha  weft 0.1.0  up 3d04h  0 peers  2 segments  2 ports (1 up)  not ready
                ! not ready: 192.0.2.11 is tentative

                """)
    }

    @Test func doctor() {
        #expect(
            FindingsView.text(Sample.findings) == """
                ok    D05 TAP offloads in force: checksum, TSO, USO
                warn  D07 underlay eth1 has MTU 1450: blue can carry 1400               fix: segments.blue.mtu: auto
                FAIL  D14 bridge wfb-blue is foreign                                    fix: rename it or the segment

                """)
    }

    @Test func port() {
        #expect(
            PortView.text(Sample.ports[0]) == """
                port          vm1
                host          alpha
                state         up
                segment       blue, VNI 100
                kind          tap, attach bridge
                device        wft-vm1
                mac           52:54:00:00:01:01
                addresses     10.1.0.11
                mtu           1450
                queues        1
                from guest    20 frames, 2.0 kB
                to guest      18 frames, 1.8 kB
                drops         4
                  inner-vlan  3
                  too-big     1

                """)
    }

    @Test func jsonOfAList() throws {
        let listing = Listing<HostReport>.hosts
        #expect(try listing.text([], format: .json) == "[\n\n]\n")
        #expect(try listing.text([], format: .jsonl) == "")
        let lines = try listing.text(Sample.hosts, format: .jsonl).split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines[1].hasPrefix(#"{"kind":"agent","labels":{},"name":"bravo""#))
        #expect(try listing.text(Sample.hosts, format: .json).hasPrefix("[\n  {\n    \"kind\" : \"agent\","))
    }

    @Test func neverObeysControlCharacters() {
        #expect(Table.Cell("a\u{1B}[31mb\n").text == "a\u{FFFD}[31mb\u{FFFD}")
    }

    @Test func colours() throws {
        let text = try Listing<PortReport>.ports.text([Sample.ports[0]], format: .table, paint: Paint(isOn: true))
        #expect(text.contains("\u{1B}[1mPORT\u{1B}[0m"))
        #expect(text.contains("\u{1B}[32mup\u{1B}[0m"))
    }

    @Test(arguments: [
        (Paint.Mode.auto, ["TERM": "xterm"], true, true), (.auto, ["TERM": "xterm"], false, false),
        (.auto, ["TERM": "dumb"], true, false), (.auto, [:], true, false),
        (.auto, ["TERM": "xterm", "NO_COLOR": "1"], true, false), (.auto, ["TERM": "xterm", "NO_COLOR": ""], true, true),
        (.always, ["NO_COLOR": "1"], false, true), (.never, ["TERM": "xterm"], true, false),
    ])
    func decidesOnColour(mode: Paint.Mode, environment: [String: String], isTerminal: Bool, isOn: Bool) {
        #expect(Paint(mode: mode, environment: environment, isTerminal: isTerminal).isOn == isOn)
    }
}
