import Testing
import WeftTypes

extension System {
    /// Wireshark's judgement of what hosts with agents put on the wire.
    ///
    /// Checksum offload and segmentation are off on the underlay device, so that what is captured is what a wire would carry.
    @Suite("Frames on the wire", .needs("dumpcap", "tshark", "ping", "arping", "ethtool", "iperf3")) struct WirePacketTests {
        @Test(
            "nothing malformed, all checksums good, outer headers by the rules (X1, X3, X4, X5)",
            arguments: [IPAddress.Family.v4, .v6], [GuestPair.Bravo.agent, .vtep])
        func frames(underlay: IPAddress.Family, bravo: GuestPair.Bravo) throws {
            try GuestPair.run(underlay, bravo: bravo) { pair in
                for host in ["alpha", "bravo"] { try pair.lab.host(host).setOffloads(false, ["tx", "tso", "gso"]) }
                // Each sender where its packets leave its host: the router is the first to change anything.
                let senders = [("alpha", GuestPair.alphaAddress(underlay)), ("bravo", GuestPair.bravoAddress(underlay))]
                    .prefix(bravo == .agent ? 2 : 1)
                let captures = try senders.map { host, sender in
                    try Capture(
                        of: pair.lab.host(host), to: "\(pair.lab.folder)/\(host).pcapng",
                        filter: "src host \(sender) and udp port 4789")
                }
                try exchangeOfEverything(pair)
                for capture in captures { try capture.stop() }

                for ((_, sender), capture) in zip(senders, captures) {
                    let frames = try WireFrame.all(in: capture.path, from: sender, underlay)
                    // Between agents that gossip, what is asked by ARP is known and answered before the wire.
                    try expectVariety(frames, kinds: ["icmp", "icmpv6", "tcp", "udp"] + (bravo == .vtep ? ["arp"] : []))
                    let wrong = frames.flatMap { frame in frame.faults().map { "frame \(frame.number): \($0)" } }
                    #expect(wrong.isEmpty, "\(wrong.count) faults from \(sender): \(wrong.prefix(5))")
                    let split = WireFrame.flowsWithSeveralPorts(frames)
                    #expect(split.isEmpty, "\(split.prefix(5))")
                }
            }
        }

        private func exchangeOfEverything(_ pair: GuestPair) throws {
            for traffic in pair.bothWays(.v4) + pair.bothWays(.v6) {
                try traffic.ping(count: 3)
                try traffic.ping(count: 2, "-s", "4000")
                try traffic.tcp(Array(Payload.megabyte.prefix(300_000)))
                try traffic.udp(byteCounts: [0, 1, 17, 18, 1200, 3000, 9000])
                try traffic.udp(byteCounts: [20_000], cut: 1200)
            }
            for traffic in pair.bothWays() { try traffic.arping(count: 1) }
            _ = try pair.bothWays()[0].udpStream(seconds: 1)
        }

        /// A capture of nothing would be faultless too.
        private func expectVariety(_ frames: [WireFrame], kinds: [String]) throws {
            #expect(frames.count > 400)
            for kind in kinds {
                #expect(frames.contains { $0.innerProtocols.contains(kind[...]) }, "no \(kind)")
            }
            #expect(frames.contains { $0.fragment != nil }, "no fragments")
            #expect(frames.filter { $0.hasVerifiedTCP }.count > 200, "tshark verified no checksums")
        }
    }
}

/// A VXLAN packet as tshark takes it apart.
struct WireFrame {
    private let packet: Dissector.Packet
    private let underlay: IPAddress.Family

    private static let fields = [
        "frame.number", "frame.protocols", "ip.src", "ip.dst", "ip.flags.df", "ip.flags.mf", "ip.frag_offset", "ip.id", "ip.ttl",
        "ip.proto", "ipv6.src", "ipv6.dst", "ipv6.hlim", "ipv6.nxt", "ipv6.fraghdr.ident", "udp.srcport", "udp.dstport",
        "tcp.srcport", "tcp.dstport", "eth.src", "eth.dst", "vxlan.flags", "vxlan.gbp", "vxlan.reserved8", "vxlan.vni",
        "ip.checksum.status", "udp.checksum.status", "tcp.checksum.status", "icmp.checksum.status", "icmpv6.checksum.status",
    ]

    /// What a probe of the path between two agents has in place of a VNI, so that tshark takes it for VXLAN without the I flag.
    static let probe = "vxlan.vni == 0x57504d"

    /// The packets of a capture that come from `sender` on the underlay, without probes of the path.
    static func all(in path: String, from sender: String, _ underlay: IPAddress.Family) throws -> [WireFrame] {
        let source = underlay == .v4 ? "ip.src" : "ipv6.src"
        return try Dissector(path: path).packets("udp.dstport == 4789 && \(source) == \(sender) && !(\(probe))", fields: fields)
            .map { WireFrame(packet: $0, underlay: underlay) }
    }

    private subscript(field: String) -> [Substring] { packet[field] ?? [] }

    /// The number of the packet in the capture, for looking it up.
    var number: Substring { self["frame.number"].first ?? "?" }

    /// The protocols inside the tunnel, as tshark names them.
    var innerProtocols: ArraySlice<Substring> {
        let all = (self["frame.protocols"].first ?? "").split(separator: ":")
        return all[(all.firstIndex(of: "vxlan") ?? all.endIndex)...].dropFirst()
    }

    /// Which datagram the frame is a piece of; nil for a whole one.
    var fragment: String? {
        if let identification = self["ipv6.fraghdr.ident"].first { return "\(inner("ipv6.src")) \(identification)" }
        guard let more = self["ip.flags.mf"].last, let offset = self["ip.frag_offset"].last else { return nil }
        // tshark writes a flag as 0, 1, False or True by version.
        return ["1", "True"].contains(more) || offset != "0" ? "\(inner("ip.src")) \(self["ip.id"].last ?? "")" : nil
    }

    /// Whether tshark found the checksum of the TCP segment inside good.
    var hasVerifiedTCP: Bool { self["tcp.checksum.status"] == ["1"] }

    /// What is wrong with it.
    func faults() -> [String] {
        var faults: [String] = []
        func expect(_ holds: Bool, _ what: String) { if !holds { faults.append(what) } }
        expect(!(self["frame.protocols"].first ?? "").contains("malformed"), "malformed")
        for kind in ["ip", "udp", "tcp", "icmp", "icmpv6"] {
            expect(!self["\(kind).checksum.status"].contains("0"), "a wrong \(kind) checksum")
        }
        expect(self["udp.checksum.status"].first == "1", "outer UDP checksum \(self["udp.checksum.status"])")
        switch underlay {
        case .v4:
            expect(["1", "True"].contains(self["ip.flags.df"].first), "DF is not set outside")
            expect(self["ip.ttl"].first == "64", "TTL \(self["ip.ttl"])")
        case .v6: expect(self["ipv6.hlim"].first == "64", "hop limit \(self["ipv6.hlim"])")
        }
        let sourcePort = self["udp.srcport"].first.flatMap { Int($0) } ?? 0
        expect((49152...65535).contains(sourcePort), "source port \(sourcePort)")
        expect(self["vxlan.flags"] == ["0x0800"], "flags \(self["vxlan.flags"])")
        expect(self["vxlan.gbp"] == ["0"] && self["vxlan.reserved8"] == ["0"], "reserved bits")
        expect(self["vxlan.vni"] == ["100"], "VNI \(self["vxlan.vni"])")
        return faults
    }

    private func inner(_ field: String) -> Substring {
        let isOutside = field.hasPrefix(underlay == .v4 ? "ip." : "ipv6.")
        return self[field].dropFirst(isOutside ? 1 : 0).first ?? ""
    }

    /// What all frames of a flow have in common. The pieces of one datagram are a flow too: only the first shows its ports.
    private var flow: String {
        if let fragment { return "fragments of \(fragment)" }
        let addresses = ["eth.src", "eth.dst", "ip.src", "ip.dst", "ip.proto", "ipv6.src", "ipv6.dst", "ipv6.nxt"].map {
            self[$0]
        }
        let ports =
            [self["tcp.srcport"], self["tcp.dstport"]] + ["udp.srcport", "udp.dstport"].map { Array(self[$0].dropFirst()) }
        return (addresses + ports).map { $0.joined(separator: ",") }.joined(separator: " ")
    }

    /// The flows that did not keep to one source port, which would let the network reorder them.
    static func flowsWithSeveralPorts(_ frames: [WireFrame]) -> [String] {
        Dictionary(grouping: frames, by: \.flow).mapValues { Set($0.map { $0["udp.srcport"].first ?? "" }).sorted() }
            .filter { $0.value.count > 1 }.map { "\($0.key): \($0.value)" }.sorted()
    }
}
