/// A site with two guests on alpha and one on bravo, all in one segment.
enum SmallSite {
    static func topology(ports: String = "", segments: String = "") -> String {
        """
        weft: 1
        name: small
        hosts:
          alpha: { underlay: [192.0.2.11, "2001:db8::11"] }
          bravo: { underlay: [192.0.2.12, "2001:db8::12"] }
        segments:
          blue: { vni: 100, subnet: 10.1.0.0/24 }
        \(segments)
        defaults:
          port: { kind: veth }
        ports:
          vm1: { host: alpha, segment: blue, address: 10.1.0.11, netns: "@vm1" }
          vm2: { host: bravo, segment: blue, address: 10.1.0.12, netns: "@vm2" }
          vm4: { host: alpha, segment: blue, address: 10.1.0.14, netns: "@vm4" }
        \(ports)
        """
    }

    static let guests = ["vm1", "vm2", "vm4"]

    /// Makes the namespaces and the file; no agent runs yet.
    static func make(moreGuests: [String] = []) throws -> Site {
        let site = try Site(guests: guests + moreGuests)
        try site.write(topology())
        return site
    }
}
