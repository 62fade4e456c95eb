import Glibc
import Testing
import WeftTypes

extension System {
    /// A host takes no part in its guests' segments (`DESIGN.md` §2), whatever a guest tries.
    @Suite(.needs("arping", "ping")) struct GuestIsolationTests {
        @Test("a guest that asks for its host's underlay address hears nothing, by ARP and by ND")
        func underlayAddresses() async throws {
            let site = try SmallSite.make()
            _ = try await site.startAll("alpha", "bravo")
            let guest = site["vm1"]
            for address in ["192.0.2.11", "192.0.2.12"] {
                let asked = try guest.attempt("arping -b -c 3 -w 2 -I eth0 \(address)".split(separator: " ").map(String.init))
                #expect(asked.standardOutput.contains("Received 0 response"), "\(asked)")
            }
            // The question works: a guest answers it.
            #expect(try guest.run("arping -b -c 1 -w 2 -I eth0 10.1.0.14").contains("Received 1 response"))

            try guest.run("ip address add 2001:db8::99/64 dev eth0 nodad")
            try site["vm4"].run("ip address add 2001:db8::98/64 dev eth0 nodad")
            for address in ["2001:db8::11", "2001:db8::12", "fe80::1"] {
                let device = address == "fe80::1" ? "%eth0" : ""
                _ = try guest.attempt(["ping", "-c1", "-W1", address + device])
                #expect(try !guest.run("ip neighbour show \(address) dev eth0").contains("lladdr"))
            }
            try guest.run("ping -c1 -W2 2001:db8::98")
        }

        @Test("a guest's own VXLAN datagram to its host goes nowhere and is counted, from the next bridge and from afar")
        func spoofedDatagrams() async throws {
            let site = try SmallSite.make()
            let alpha = try await site.startAll("alpha", "bravo")[0]
            let bridge = try #require(try Self.mac(of: "wfb-blue", in: site["alpha"]))
            let victim = try Sniffer(in: site["vm4"])
            let inner = MACAddress(rawValue: 0x0277_0000_0001)
            for sender in ["vm1", "vm2"] {
                let before = alpha.kernelCounter("TcpExt", "IPReversePathFilter", in: "netstat")
                let guest = try Sniffer(in: site[sender])
                let own = try #require(try Self.mac(of: "eth0", in: site[sender]))
                for _ in 0..<10 { try guest.send(Self.spoof(to: bridge, from: own, inner: inner)) }
                // The host's route to bravo is not by the bridge, and so the kernel drops and counts it.
                try await alpha.wait("IPReversePathFilter", within: .seconds(3)) {
                    alpha.kernelCounter("TcpExt", "IPReversePathFilter", in: "netstat") == before + 10
                }
            }
            let discards = alpha.kernelCounter("", "Ip6InDiscards", in: "snmp6")
            let own = try #require(try Self.mac(of: "eth0", in: site["vm1"]))
            for _ in 0..<10 { try Sniffer(in: site["vm1"]).send(Self.spoof6(to: bridge, from: own)) }
            try await alpha.wait("Ip6InDiscards", within: .seconds(3)) {
                alpha.kernelCounter("", "Ip6InDiscards", in: "snmp6") >= discards + 10
            }
            #expect(victim.frames().allSatisfy { $0.source != inner })

            // Were the kernel to let it through, the agent would see where it came from.
            try site["alpha"].run(["sh", "-c", "echo 0 > /proc/sys/net/ipv4/conf/wfb-blue/rp_filter"])
            for _ in 0..<10 { try Sniffer(in: site["vm1"]).send(Self.spoof(to: bridge, from: own, inner: inner)) }
            try await alpha.wait("underlay-from-overlay", within: .seconds(3)) {
                try await alpha.client.peers().first?.drops["underlay-from-overlay"] == 10
            }
            #expect(victim.frames().allSatisfy { $0.source != inner })
        }

        @Test("nothing but guests is heard on a segment, from before the agents start") func silence() async throws {
            let site = try SmallSite.make()
            let sniffers = try SmallSite.guests.map { try Sniffer(in: site[$0]) }
            _ = try await site.startAll("alpha", "bravo")
            let guests = try Set(SmallSite.guests.compactMap { try Self.mac(of: "eth0", in: site[$0]) })
            #expect(guests.count == 3)
            try await Task.sleep(for: .seconds(4))
            for sniffer in sniffers {
                let strangers = sniffer.frames().filter { !guests.contains($0.source) && $0.source != .zero }
                #expect(strangers.isEmpty)
            }
        }

        @Test("a guest that makes up addresses fills the FDB to its limit; its neighbours and the agent do not suffer")
        func inventedSources() async throws {
            let site = try SmallSite.make()
            let alpha = try await site.startAll("alpha", "bravo")[0]
            let neighbour = try #require(try Self.mac(of: "eth0", in: site["vm4"]))
            let memory = alpha.residentByteCount
            let ping = try Pinger(from: site["vm4"], to: "10.1.0.12")
            let guest = try Sniffer(in: site["vm1"])
            var frame = neighbour.bytes + [0x02, 0xBB, 0, 0, 0, 0] + Datagram.experimental + [UInt8](repeating: 0, count: 46)
            for number in 0..<150_000 {
                for byte in 0..<3 { frame[9 + byte] = UInt8(truncatingIfNeeded: number >> (16 - 8 * byte)) }
                try guest.send(frame)
            }
            let summary = try ping.stop()
            #expect(summary.lost == 0 && summary.duplicates == 0, "\(summary)")
            try await alpha.wait("the FDB is full", within: .seconds(20)) {
                (124_000...131_072 + 16).contains(try await alpha.client.segments().first?.fdbEntryCount ?? 0)
            }
            let growth = alpha.residentByteCount - memory
            #expect(growth < 96 << 20, "the agent grew by \(growth) bytes")
            try site["vm1"].run("ping -c2 -i0.1 -W2 10.1.0.12")
        }

        // MARK: Helpers

        static func mac(of device: String, in place: Place) throws -> MACAddress? {
            let words = try place.run("ip -o link show dev \(device)").split(separator: " ")
            return words.firstIndex(of: "link/ether").flatMap { MACAddress(words[$0 + 1]) }
        }

        /// An Ethernet frame with a VXLAN datagram that says it is from bravo to alpha.
        static func spoof(to bridge: MACAddress, from guest: MACAddress, inner: MACAddress) -> [UInt8] {
            var random = SeededRandom(seed: 9)
            let vxlan = Datagram.vxlan(from: inner, byteCount: 100, &random)
            var header: [UInt8] = [
                0x45, 0, 0, UInt8(28 + vxlan.count), 0, 1, 0x40, 0, 64, 17, 0, 0, 192, 0, 2, 12, 192, 0, 2, 11,
            ]
            let sum = stride(from: 0, to: 20, by: 2).reduce(0) { $0 + Int(header[$1]) << 8 + Int(header[$1 + 1]) }
            let checksum = ~UInt16(truncatingIfNeeded: sum + sum >> 16)
            (header[10], header[11]) = (UInt8(checksum >> 8), UInt8(checksum & 0xFF))
            return bridge.bytes + guest.bytes + [0x08, 0x00] + header + udp(vxlan)
        }

        private static func spoof6(to bridge: MACAddress, from guest: MACAddress) -> [UInt8] {
            var random = SeededRandom(seed: 9)
            let datagram = udp(Datagram.vxlan(from: guest, byteCount: 100, &random))
            func address(_ last: UInt8) -> [UInt8] { [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [last] }
            let header = [0x60, 0, 0, 0, 0, UInt8(datagram.count), 17, 64] + address(0x12) + address(0x11)
            return bridge.bytes + guest.bytes + [0x86, 0xDD] + header + datagram
        }

        private static func udp(_ payload: [UInt8]) -> [UInt8] {
            [50000, 4789, UInt16(8 + payload.count), 0].flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] } + payload
        }
    }
}
