import Testing
import WeftTypes

extension System {
    /// What becomes of packets that do not fit the tunnel, and of those that need not.
    @Suite("Sizes", .needs("ping")) struct GuestMTUTests {
        @Test(
            "a guest that sends too much is told the segment's MTU, or its packet is fragmented (P6)",
            arguments: [IPAddress.Family.v4, .v6])
        func tooBig(underlay: IPAddress.Family) throws {
            try GuestPair.run(underlay, bravo: .agent) { pair in
                let mtu = GuestPair.mtu(underlay)
                #expect(try pair.first.place.mtu() == mtu)
                // A virtual machine whose card was never told.
                let guest = try stranger("big", of: pair.lab, mtu: 1500, number: 21)
                let there = Traffic(source: guest, target: pair.second)
                let there6 = Traffic(source: guest, target: pair.second, family: .v6)

                // Without DF the packet is cut on the way and put together at the other guest. (1472 + 28 = 1500)
                let before = try pair.second.place.counter("Ip", "ReasmOKs")
                try there.ping(count: 3, "-M", "dont", "-s", "1472")
                #expect(try pair.second.place.counter("Ip", "ReasmOKs") == before + 3)

                for (traffic, byteCount, words) in [
                    (there, 1472, "From 10.1.0.12 icmp_seq=1 Frag needed and DF set (mtu = \(mtu))"),
                    (there6, 1452, "From 2001:db8:1::12 icmp_seq=1 Packet too big: mtu=\(mtu)"),
                ] {
                    let address = try traffic.target.address(traffic.family)
                    let refusal = try guest.place.attempt(
                        ["ping", "-n", "-c", "2", "-W", "2", "-M", "do", "-s", "\(byteCount)", "\(address)"])
                    #expect(refusal.status == .exited(1))
                    #expect(refusal.standardOutput.contains(words))
                    #expect(try guest.place.run("ip route get \(address)").contains("mtu \(mtu)"))
                    // The largest that fits goes through.
                    try traffic.ping(count: 3, "-M", "do", "-s", "\(byteCount - 1500 + mtu)")
                }

                // TCP finds its size by those answers, beginning with superframes that are too big.
                for family in ["-4", "-6"] { try guest.place.run("ip \(family) route flush cache") }
                try there.tcp()
                try there6.tcp()
            }
        }

        @Test("two guests of one bridge may send each other what they like") func sameBridge() throws {
            try GuestPair.run(.v4, bravo: .agent) { pair in
                for mtu in [1450, 1500, 9000] {
                    let guests = try [0, 1].map { try stranger("m\(mtu)-\($0)", of: pair.lab, mtu: mtu, number: mtu / 50 + $0) }
                    for (source, target) in [(0, 1), (1, 0)] {
                        let traffic = Traffic(source: guests[source], target: guests[target])
                        try traffic.ping(count: 5, "-M", "do", "-s", "\(mtu - 28)")
                        try traffic.tcp()
                    }
                }
            }
        }

        /// An undeclared guest beside the first one.
        private func stranger(_ name: String, of lab: LabFixture, mtu: Int, number: Int) throws -> Guest {
            let addresses = ["10.1.0.\(number)", "2001:db8:1::\(number)"]
            let prefixes = zip(addresses, [24, 64]).map { "\($0)/\($1)" }
            let place = try lab.addStranger(name, on: "alpha", bridge: "wfb-blue", mtu: mtu, addresses: prefixes)
            return Guest(place: place, addresses: addresses.compactMap { IPAddress($0) })
        }
    }
}
