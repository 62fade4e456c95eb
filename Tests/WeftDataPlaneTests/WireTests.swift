import Glibc
import Testing
import WeftDataPlane
import WeftForwarding
import WeftLinux
import WeftTypes

/// What we send, read by a decoder that nobody here wrote.
@Suite(.serialized, .enabled(if: Rig.isPossible && Rig.hasDecoder, "needs root, tcpdump and tshark")) struct WireTests {
    @Test(
        "X1–X5: no malformed packet, no wrong checksum inside or outside, DF and TTL set", arguments: [IPAddress.Family.v4, .v6])
    func decodes(family: IPAddress.Family) throws {
        let rig = try Rig(family, isWire: true)
        // Checksums are finished before the packet is seen, and nothing is left to hardware that is not there.
        for host in ["alpha", "bravo"] { try rig.run(host, "ethtool", "-K", "under", "tx", "off") }
        try rig.makeKernelPeer()
        let plane = try rig.start("alpha", peer: .plain)
        let file = "/tmp/\(rig.name).pcap"
        defer { unsafe unlink(file) }
        let words = ["-i", "under", "-Q", "in", "-w", file, "-U", "-Z", "root", "-B", "16384", "udp port 4789"]
        var command = Command("tcpdump", words, in: .named(rig.namespace("bravo")))
        command.standardError = .null
        let capture = try ChildProcess(command)
        defer { _ = try? capture.terminate() }
        try rig.poll(seconds: 5) { unsafe access(file, R_OK) == 0 }
        usleep(300_000)
        for ipv6 in [false, true] {
            try Transfer.tcp(rig, from: "alpha", count: 300_000, ipv6: ipv6)
            _ = try Transfer.udp(rig, from: "alpha", sizes: [0, 1, 17, 1400, 4000], ipv6: ipv6)
            _ = try Transfer.udp(rig, from: "alpha", sizes: [20_001], ipv6: ipv6, segmentSize: 1300)
        }
        _ = try rig.ping(from: "alpha", "-s", "4000")
        usleep(300_000)
        _ = try capture.terminate()

        let sourcePorts = Set(try #require(plane.offloads.underlays.first?.sourcePorts))
        let wrong = """
            _ws.malformed || ip.checksum.status == 0 || udp.checksum.status == 0 || tcp.checksum.status == 0 || \
            icmp.checksum.status == 0 || icmpv6.checksum.status == 0 || vxlan.flag_i == 0 || vxlan.reserved8 != 0 || vxlan.vni != 100
            """
        #expect(try decode(rig, file, ["-Y", wrong]).isEmpty)
        let outer = family == .v4 ? "ip.flags.df == 1 && ip.ttl == 64" : "ipv6.hlim == 64"
        let all = try decode(rig, file, [])
        #expect(all.count > 400)
        #expect(try decode(rig, file, ["-Y", outer]).count == all.count)
        let ports = try decode(rig, file, ["-T", "fields", "-E", "occurrence=f", "-e", "udp.srcport"])
        #expect(ports.count == all.count && ports.allSatisfy { UInt16($0).map(sourcePorts.contains) ?? false })
        // X3: one flow, one port.
        let flows = try decode(
            rig, file, ["-Y", "tcp", "-T", "fields", "-E", "occurrence=f", "-e", "tcp.stream", "-e", "udp.srcport"])
        #expect(Set(flows).count == Set(flows.map { $0.split(separator: "\t").first }).count)
    }

    private func decode(_ rig: Rig, _ file: String, _ arguments: [String]) throws -> [Substring] {
        let checks = ["ip", "udp", "tcp"].flatMap { ["-o", "\($0).check_checksum:TRUE"] }
        return try rig.run(
            "bravo", "tshark", ["-r", file, "-d", "udp.port==4789,vxlan"] + checks + arguments
        ).split(separator: "\n")
    }
}
