import Foundation
import Testing
import WeftTypes

@testable import WeftAPI

/// The JSON of every list: a change here is a change of the API and must only add.
@Suite struct ReportTests {
    @Test func portJSON() throws {
        #expect(
            try json(Sample.ports[0]) == """
                {"addresses":["10.1.0.11"],"attach":"bridge","device":"wft-vm1","drops":{"inner-vlan":3,"too-big":1},\
                "host":"alpha","kind":"tap","mac":"52:54:00:00:01:01","mtu":1450,"name":"vm1","queues":1,\
                "rx_bytes":1960,"rx_frames":20,"segment":"blue","state":"up","tx_bytes":1764,"tx_frames":18,"vni":100}
                """)
        #expect(
            try json(Sample.ports[2]) == """
                {"addresses":["10.2.0.11","2001:db8:2::b"],"attach":"bridge",\
                "detail":"namespace web is not there yet","device":"wfv-web","drops":{},"host":"alpha","kind":"veth",\
                "mac":"52:54:00:00:02:01","mtu":1400,"name":"web","queues":1,"rx_bytes":0,"rx_frames":0,\
                "segment":"green","state":"waiting","tx_bytes":0,"tx_frames":0,"vni":200}
                """)
    }

    @Test func portJSONOfOtherKinds() throws {
        var port = PortReport(name: "vm1", host: "alpha", segment: "blue", vni: nil, kind: "socket", mtu: 1450)
        port.socket = .init(path: "/run/vm1.sock", mode: "stream", isListening: true)
        (port.owner, port.namespace, port.bridge) = ("ann", "web", "br0")
        #expect(
            try json(port) == """
                {"addresses":[],"attach":"bridge","bridge":"br0","drops":{},"host":"alpha","kind":"socket","mtu":1450,"name":"vm1",\
                "netns":"web","owner":"ann","queues":1,"rx_bytes":0,"rx_frames":0,"segment":"blue",\
                "socket":{"listen":true,"mode":"stream","path":"/run/vm1.sock"},"tx_bytes":0,"tx_frames":0}
                """)
        #expect(try again(port) == port)
    }

    @Test func peerJSON() throws {
        #expect(
            try json(Sample.peers) == """
                [{"changed_seconds":273000,"drops":{},"incarnation":"3.1","kind":"agent","loss_ratio":0,"name":"bravo",\
                "node_id":"00000000000000000000000000000007","path_mtu_bytes":1500,"rtt_seconds":0.0003,\
                "rx_bytes":801000000,"rx_frames":700000,"segments":["blue"],"state":"alive","tx_bytes":1200000000,\
                "tx_frames":900000,"udp_port":4789,"underlay":"192.0.2.12"},\
                {"drops":{},"kind":"vtep","name":"leaf7","rx_bytes":0,"rx_frames":0,"segments":["green"],\
                "state":"static","tx_bytes":0,"tx_frames":0,"udp_port":4789,"underlay":"2001:db8::70"}]
                """)
    }

    @Test func segmentJSON() throws {
        #expect(
            try json(Sample.segments[0]) == """
                {"bridge":"wfb-blue","drops":{},"fdb_entry_count":2,"hosts":["alpha","bravo"],"mtu":1450,"name":"blue",\
                "peer_count":1,"port_count":1,"subnets":["10.1.0.0/24"],"uplink":"wfu-blue","vni":100}
                """)
    }

    @Test func fdbJSON() throws {
        #expect(
            try json(Sample.fdb) == """
                [{"addresses":["10.1.0.11"],"host":"alpha","mac":"52:54:00:00:01:01","port":"vm1","segment":"blue",\
                "sequence":0,"source":"declared","vni":100,"where":"vm1"},\
                {"addresses":["10.1.0.12"],"age_seconds":185,"host":"bravo","mac":"52:54:00:00:01:02","port":"vm2",\
                "segment":"blue","sequence":0,"source":"gossip","vni":100,"vtep":"192.0.2.12:4789","where":"bravo (vm2)"},\
                {"addresses":[],"age_seconds":2.25,"mac":"02:00:00:00:00:01","segment":"green","sequence":0,\
                "source":"frame","vni":200,"vtep":"[2001:db8::70]:4789","where":"[2001:db8::70]:4789"}]
                """)
    }

    @Test func hostJSON() throws {
        #expect(
            try json(Sample.hosts[0]) == """
                {"kind":"agent","labels":{"role":"edge"},"name":"alpha","port_count":2,"segments":["blue","green"],\
                "state":"local","udp_port":4789,"underlay":["192.0.2.11"]}
                """)
    }

    @Test func findingJSON() throws {
        #expect(
            try json(Sample.findings[1]) == """
                {"code":"D07","fix":"segments.blue.mtu: auto","status":"warn",\
                "text":"underlay eth1 has MTU 1450: blue can carry 1400"}
                """)
    }

    @Test func statusJSON() throws {
        var status = Sample.status
        status.peers = []
        #expect(
            try json(status) == """
                {"alerts":[{"command":"weft port show web","object":"web","text":"namespace web is not there yet"}],\
                "converged":true,"fabric":"first","features":[{"in_force":true,"name":"udp-gso"}],"host":"alpha",\
                "peers":[],"port_count":2,"process_id":4711,"ready":true,"receive_buffer_drops":0,\
                "segment_count":2,"udp_port":4789,"underlay":["192.0.2.11"],"unknown_sender_drops":{},\
                "up_port_count":1,"uptime_seconds":273845.5,"version":"0.1.0",\
                "waiting_for":[]}
                """)
    }

    @Test func errorJSON() throws {
        let error = APIError(
            .notFound, cannot: "show port", on: "vm9", cause: "no port has that name", help: "did you mean 'vm1'?")
        #expect(
            try json(APIError.Envelope(error: error)) == """
                {"error":{"action":"show port","cause":"no port has that name","changed":false,"code":"not_found",\
                "help":"did you mean 'vm1'?","object":"vm9"}}
                """)
        #expect(error.description == "cannot show port on vm9: no port has that name; did you mean 'vm1'?")
    }

    @Test func readsWhatItWrites() throws {
        #expect(try again(Sample.status) == Sample.status)
        #expect(try again(Sample.ports) == Sample.ports)
        #expect(try again(Sample.segments) == Sample.segments)
        #expect(try again(Sample.peers) == Sample.peers)
        #expect(try again(Sample.fdb) == Sample.fdb)
        #expect(try again(Sample.hosts) == Sample.hosts)
        #expect(try again(Sample.findings) == Sample.findings)
    }

    @Test func writesOpenMetrics() throws {
        let families = ReportMetrics.families(
            status: Sample.status, ports: [Sample.ports[0]], segments: Sample.segments)
        let text = OpenMetrics.text(families)
        for line in [
            "# TYPE weft_port_receive_bytes counter", "# UNIT weft_port_receive_bytes bytes",
            #"weft_port_receive_bytes_total{port="vm1",segment="blue"} 1960"#,
            #"weft_drops_total{port="vm1",reason="inner-vlan"} 3"#,
            #"weft_drops_total{segment="green",reason="unknown-unicast"} 5"#,
            #"weft_peer_rtt_seconds{peer="bravo"} 0.0003"#, #"weft_fdb_entries{segment="blue"} 2"#,
        ] {
            #expect(text.contains(line + "\n"), "\(line) is not in:\n\(text)")
        }
        #expect(text.hasSuffix("\n# EOF\n"))
        #expect(!text.contains("52:54"))
        #expect(!text.contains("192.0.2"))
    }

    @Test func escapesLabels() {
        let family = MetricFamily("x", .gauge, "A \"line\"\nbroken", samples: [.init(0.5, [("a", "\\\"\n")])])
        #expect(
            OpenMetrics.text([family]) == "# TYPE x gauge\n# HELP x A \\\"line\\\"\\nbroken\nx{a=\"\\\\\\\"\\n\"} 0.5\n# EOF\n")
    }

    private func json(_ value: some Encodable) throws -> String {
        String(decoding: try JSON.encode(value), as: UTF8.self)
    }

    private func again<Value: Codable>(_ value: Value) throws -> Value {
        try JSON.decode(Value.self, from: try JSON.encode(value))
    }
}
