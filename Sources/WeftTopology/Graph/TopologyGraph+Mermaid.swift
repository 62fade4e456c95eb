extension TopologyGraph {
    /// The picture as a Mermaid flowchart, as Markdown viewers draw it.
    public var mermaid: String {
        let (hostIDs, portIDs) = (Self.identifiers("h", hosts.map(\.name)), Self.identifiers("p", ports.map(\.name)))
        let segmentIDs = Self.identifiers("s", segments.map(\.name))
        var lines = ["flowchart LR"]
        for host in hosts {
            let (id, own) = (hostIDs[host.name] ?? "", ports(on: host))
            let label = Self.label([host.name, host.isPlain ? "plain VTEP \(host.place)" : host.place])
            guard !own.isEmpty else {
                lines.append("  \(id)[[\(label)]]")
                continue
            }
            lines.append("  subgraph \(id)[\(label)]")
            lines += own.map { "    \(portIDs[$0.name] ?? "")[\(Self.label([$0.name, $0.facts] + $0.addresses))]" }
            lines.append("  end")
        }
        lines += segments.map { "  \(segmentIDs[$0.name] ?? "")([\(Self.label([$0.name, $0.facts]))])" }
        lines += links.map { link in
            let segment = segmentIDs[link.segment] ?? ""
            guard let port = link.port else { return "  \(hostIDs[link.host] ?? "") -.- \(segment)" }
            return "  \(portIDs[port] ?? "") ---" + (link.label.map { "|\(Self.label([$0]))|" } ?? "") + " \(segment)"
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// A quoted label of several lines; whatever could end it or be taken for markup is written by its number.
    private static func label(_ lines: [String]) -> String {
        let escaped = lines.map { line in
            line.unicodeScalars.map { scalar in
                let isPlain = scalar.properties.isAlphabetic || "0123456789 .,:/_-".unicodeScalars.contains(scalar)
                return isPlain ? String(scalar) : "#\(scalar.value);"
            }.joined()
        }
        return "\"" + escaped.joined(separator: "<br/>") + "\""
    }
}
