import Testing
import WeftTypes

extension System {
    /// Segments share hosts, and nothing else.
    @Suite("Segments apart", .needs("dumpcap", "tshark", "ping", "arping")) struct SegmentIsolationTests {
        @Test("no frame of one segment appears in another, whatever its address; a broadcast arrives once")
        func segmentsStayApart() throws {
            try LabFixture.run(try WeftBinary.topology("three-hosts-two-segments.weft.yaml")) { lab in
                let blue = ["web1", "web2", "web3", "web4"]
                let green = ["db1", "db2"]
                let captures = try Dictionary(
                    uniqueKeysWithValues: (blue + green).map { name in
                        (name, try Capture(of: lab.guest(name), to: "\(lab.folder)/\(name).pcapng"))
                    })
                let wire = try Capture(of: lab.host("alpha"), to: "\(lab.folder)/alpha.pcapng", filter: "udp port 4789")
                let talks = try [
                    ("web1", "10.1.0.14", "10.1.0.77", "db2"), ("web2", "10.1.0.13", "10.1.0.78", "db1"),
                    ("db1", "10.2.0.12", "10.2.0.77", "web4"), ("db2", "10.2.0.11", "10.2.0.78", "web2"),
                ].map { source, address, nobody, stranger in
                    let (guest, mac) = (lab.guest(source), try lab.guest(stranger).mac())
                    return try JoinedThread { try Self.chatter(of: guest, to: address, nobody: nobody, stranger: mac) }
                }
                for talk in talks { try talk.join() }
                for capture in captures.values { try capture.stop() }
                try wire.stop()

                for (members, others, questions) in [
                    (blue, green, [("web1", "10.1.0.77"), ("web2", "10.1.0.78")]),
                    (green, blue, [("db1", "10.2.0.77"), ("db2", "10.2.0.78")]),
                ] {
                    let strangers = try Set(others.map { try lab.guest($0).mac() })
                    for member in members {
                        let path = try #require(captures[member]).path
                        let sources = Set(
                            try Dissector(path: path).packets("eth", fields: ["eth.src"]).map { "\($0["eth.src"] ?? [])" })
                        #expect(!sources.isEmpty && sources.allSatisfy { source in !strangers.contains { source.contains($0) } })
                        for (asker, nobody) in questions where asker != member {
                            let requests = try Dissector(path: path).packets(
                                "arp.dst.proto_ipv4 == \(nobody) && eth.dst == ff:ff:ff:ff:ff:ff", fields: ["frame.number"])
                            #expect(requests.count == 3, "\(member) of \(asker)'s 3 broadcasts")
                        }
                    }
                }
                // Alpha has nobody in green, so nothing of green goes there at all.
                let numbers = try Dissector(path: wire.path).packets("vxlan && !(\(WireFrame.probe))", fields: ["vxlan.vni"])
                    .map { $0["vxlan.vni"] ?? [] }
                #expect(!numbers.isEmpty && numbers.allSatisfy { $0 == ["100"] })
            }
        }

        /// Everything that could stray: unicast, three broadcasts, unicast to nobody, and unicast to a guest of another segment.
        private static func chatter(of guest: Place, to address: String, nobody: String, stranger: String) throws {
            #expect(try guest.run("ping -n -c 5 -i 0.05 -W 5 \(address)").contains(" 0% packet loss"))
            #expect(try guest.attempt(["arping", "-b", "-c", "3", "-w", "4", "-I", "eth0", nobody]).status == .exited(1))
            for mac in ["52:54:00:99:99:99", stranger] {
                try guest.run("ip neigh replace \(nobody) lladdr \(mac) dev eth0")
                #expect(try guest.attempt(["ping", "-n", "-c", "3", "-i", "0.05", "-W", "1", nobody]).status == .exited(1))
            }
            try guest.run("ip neigh del \(nobody) dev eth0")
        }
    }
}
