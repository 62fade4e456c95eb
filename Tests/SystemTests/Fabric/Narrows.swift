import WeftLinux
import WeftTypes

/// The wire of a site as a path that takes packets of some size only and drops larger ones without a word, and counts.
///
/// It sees packets as they are on the wire, so the hosts must not leave their cutting to the wire.
struct Narrows {
    private let site: Site

    /// What is counted of the tunnels' packets that come from `source`.
    enum Count: String, CaseIterable {
        /// Frames in VXLAN, before any is dropped.
        case frames
        /// What goes to the VXLAN port, agents' own probes too, after that.
        case passed
        /// What was too large, of both.
        case lost
    }

    /// Puts it in place, for IP packets of any size at first.
    init(_ site: Site, from source: IPAddress) throws {
        self.site = site
        let tunnel = "\(source.family == .v4 ? "ip" : "ip6") saddr \(source) udp dport 4789"
        // The I flag tells a frame from a probe.
        let rules = """
            table bridge narrows {
                counter frames {}
                counter passed {}
                counter lost {}
                chain narrow {}
                chain forward {
                    type filter hook forward priority 0;
                    \(tunnel) @th,64,8 0x08 counter name "frames"
                    jump narrow
                    \(tunnel) counter name "passed"
                }
            }

            """
        try SmallFile.write(Array(rules.utf8), to: site.path("narrows.nft"))
        try site["wire"].run(["nft", "-f", site.path("narrows.nft")])
        self.tunnel = tunnel
    }

    private let tunnel: String

    /// Sets the largest IP packet that passes; nil lets all pass.
    func limit(to byteCount: Int?) throws {
        try site["wire"].run("nft flush chain bridge narrows narrow")
        guard let byteCount else { return }
        for rule in ["\(tunnel) meta length > \(byteCount) counter name lost drop", "meta length > \(byteCount) drop"] {
            try site["wire"].run("nft add rule bridge narrows narrow \(rule)")
        }
    }

    /// The packets counted so far.
    func packets(_ count: Count) throws -> UInt64 {
        let said = try site["wire"].run("nft list counter bridge narrows \(count.rawValue)")
        let words = said.split(whereSeparator: \.isWhitespace)
        guard let place = words.firstIndex(of: "packets"), let number = words[words.index(after: place)...].first,
            let packets = UInt64(number)
        else { throw Failure("nft says \(said)") }
        return packets
    }
}
