import Testing
import WeftAPI
import WeftTypes

extension System {
    /// A host takes no part in the segments of its direct ports either, even where nothing but the filter keeps it from that.
    @Suite(.needs("arping", "ping", "tc")) struct DirectIsolationTests {
        /// A site whose host would answer at once, were it to hear: every other precaution is taken back.
        private static func carelessSite() async throws -> (Site, SiteAgent) {
            let site = try DirectSite.make()
            let alpha = try await site.startAll("alpha", "bravo")[0]
            for setting in ["all/rp_filter", "wfv-vm1/rp_filter", "wfv-vm1/arp_ignore"] {
                try site["alpha"].run(["sh", "-c", "echo 0 > /proc/sys/net/ipv4/conf/\(setting)"])
            }
            return (site, alpha)
        }

        @Test("a guest that asks for a host's underlay address hears nothing") func underlayAddresses() async throws {
            let (site, _) = try await Self.carelessSite()
            let guest = site["vm1"]
            for address in ["192.0.2.11", "192.0.2.12"] {
                let asked = try guest.attempt("arping -b -c 3 -w 2 -I eth0 \(address)".split(separator: " ").map(String.init))
                #expect(asked.standardOutput.contains("Received 0 response"), "\(asked)")
            }
            for target in [12, 14] {
                #expect(try guest.run("arping -b -c 1 -w 2 -I eth0 10.1.0.\(target)").contains("Received 1 response"))
            }
        }

        @Test("a guest's own VXLAN datagram never reaches the host's stack") func spoofedDatagrams() async throws {
            let (site, alpha) = try await Self.carelessSite()
            let device = try #require(try GuestIsolationTests.mac(of: "wfv-vm1", in: site["alpha"]))
            let own = try #require(try GuestIsolationTests.mac(of: "eth0", in: site["vm1"]))
            let inner = MACAddress(rawValue: 0x0277_0000_0001)
            let victim = try Sniffer(in: site["vm4"])
            let guest = try Sniffer(in: site["vm1"])
            func heard() -> [Int] {
                [
                    alpha.kernelCounter("TcpExt", "IPReversePathFilter", in: "netstat"), alpha.kernelCounter("Udp", "NoPorts"),
                    alpha.kernelCounter("Ip", "InHdrErrors"), alpha.kernelCounter("Ip", "InAddrErrors"),
                ]
            }
            let (before, read) = (heard(), try await alpha.client.ports().first { $0.name == "vm1" }?.rxFrames ?? 0)
            for _ in 0..<10 { try guest.send(GuestIsolationTests.spoof(to: device, from: own, inner: inner)) }
            // They have come as far as the agent, for which they are a guest's frames like any others.
            try await alpha.wait("the agent reads them") {
                try await alpha.client.ports().first { $0.name == "vm1" }?.rxFrames ?? 0 >= read + 10
            }
            #expect(heard() == before)
            #expect(try await alpha.client.peers().allSatisfy { $0.drops["underlay-from-overlay"] == nil })
            #expect(victim.frames().allSatisfy { $0.source != inner })
        }

        @Test("nothing but guests is heard at a direct port, from before the agents start") func silence() async throws {
            let site = try DirectSite.make()
            let sniffers = try SmallSite.guests.map { try Sniffer(in: site[$0]) }
            _ = try await site.startAll("alpha", "bravo")
            let guests = try Set(SmallSite.guests.compactMap { try GuestIsolationTests.mac(of: "eth0", in: site[$0]) })
            try await Task.sleep(for: .seconds(3))
            for sniffer in sniffers {
                #expect(sniffer.frames().filter { !guests.contains($0.source) && $0.source != .zero }.isEmpty)
            }
        }

        @Test("a guest that takes the address of a neighbour on the bridge does not move it") func stolenAddress() async throws {
            let site = try DirectSite.make()
            let alpha = try await site.startAll("alpha", "bravo")[0]
            let neighbour = try #require(try GuestIsolationTests.mac(of: "eth0", in: site["vm4"]))
            let ping = try Pinger(from: site["vm4"], to: "10.1.0.12")
            let guest = try Sniffer(in: site["vm1"])
            let frame = MACAddress.broadcast.bytes + neighbour.bytes + Datagram.experimental + [UInt8](repeating: 1, count: 46)
            for _ in 0..<50 {
                try guest.send(frame)
                try await Task.sleep(for: .milliseconds(10))
            }
            let summary = try ping.stop()
            #expect(summary.lost == 0 && summary.sent > 10, "\(summary)")
            let port = try #require(try await alpha.client.ports().first { $0.name == "vm1" })
            #expect(port.drops["source-mac-is-local"] == 50, "\(port.drops)")
        }
    }
}
