/// The small site with ports that the agents read themselves.
enum DirectSite {
    /// `vm1` and `vm2` are direct, `vm4`, on alpha as `vm1` is, on the bridge, unless told otherwise.
    static func topology(direct: Set<String> = ["vm1", "vm2"]) -> String {
        direct.reduce(SmallSite.topology()) { text, port in
            text.replacing("  \(port): { ", with: "  \(port): { attach: direct, ")
        }
    }

    /// Makes the namespaces and the file; no agent runs yet.
    static func make(direct: Set<String> = ["vm1", "vm2"]) throws -> Site {
        let site = try SmallSite.make()
        try site.write(topology(direct: direct))
        return site
    }

    /// The numbers of the filters at a device's ingress, as `tc` prints them.
    static func filters(of device: String, in place: Place) throws -> [String] {
        try place.run("tc filter show dev \(device) ingress").split(separator: " ").filter { $0.hasPrefix("0x") }.map(String.init)
    }
}
