extension TopologyGraph {
    /// The picture in the language of Graphviz: `weft graph --format dot | dot -Tsvg`.
    public var dot: String {
        let (hostIDs, portIDs) = (Self.identifiers("h", hosts.map(\.name)), Self.identifiers("p", ports.map(\.name)))
        let segmentIDs = Self.identifiers("s", segments.map(\.name))
        var lines = ["graph \(Self.quoted([fabric])) {", "  rankdir=LR;", "  node [shape=box];"]
        for host in hosts {
            let (id, own) = (hostIDs[host.name] ?? "", ports(on: host))
            let label = Self.quoted([host.name, host.isPlain ? "plain VTEP \(host.place)" : host.place])
            guard !own.isEmpty else {
                lines.append("  \(id) [label=\(label), shape=box3d];")
                continue
            }
            // A cluster can't have lines of its own: a plain VTEP with ports gets a node for them.
            lines += ["  subgraph cluster_\(id) {", "    label=\(label);"]
            if host.isPlain { lines.append("    \(id) [label=\(Self.quoted([host.name])), shape=box3d];") }
            lines += own.map { "    \(portIDs[$0.name] ?? "") [label=\(Self.quoted([$0.name, $0.facts] + $0.addresses))];" }
            lines.append("  }")
        }
        lines += segments.map {
            "  \(segmentIDs[$0.name] ?? "") [label=\(Self.quoted([$0.name, $0.facts])), shape=ellipse];"
        }
        lines += links.map { link in
            let segment = segmentIDs[link.segment] ?? ""
            guard let port = link.port else { return "  \(hostIDs[link.host] ?? "") -- \(segment) [style=dashed];" }
            let label = link.label.map { " [label=\(Self.quoted([$0]))]" } ?? ""
            return "  \(portIDs[port] ?? "") -- \(segment)\(label);"
        }
        return lines.joined(separator: "\n") + "\n}\n"
    }

    /// A quoted string of several lines, centred.
    private static func quoted(_ lines: [String]) -> String {
        "\"" + lines.map { $0.replacingEach(["\"": "\\\"", "\\": "\\\\"]) }.joined(separator: "\\n") + "\""
    }
}

extension String {
    fileprivate func replacingEach(_ replacements: [Unicode.Scalar: String]) -> String {
        unicodeScalars.map { replacements[$0] ?? String($0) }.joined()
    }
}
