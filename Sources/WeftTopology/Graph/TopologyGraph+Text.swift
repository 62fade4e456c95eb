extension TopologyGraph {
    /// The picture for a terminal: what each host has, then who is in each segment.
    ///
    ///     host alpha (192.0.2.11)
    ///     ├─ fw   tap wft-fw  blue VLAN 10, native; green VLAN 20
    ///     └─ vm1  tap wft-vm1  blue
    public var text: String {
        let counts = [(hosts.count, "host"), (segments.count, "segment"), (ports.count, "port")]
        let summary = counts.map { "\($0.0) \($0.1)\($0.0 == 1 ? "" : "s")" }.joined(separator: ", ")
        let parts =
            ["fabric \(fabric): \(summary)\n"] + [hosts.map(tree(of:)).joined(), segments.map(tree(of:)).joined()]
        return DiagnosticRenderer.printableLines(parts.filter { !$0.isEmpty }.joined(separator: "\n"))
    }

    private func tree(of host: Host) -> String {
        let title = "\(host.isPlain ? "plain VTEP" : "host") \(host.name) (\(host.place))"
        let own = ports(on: host).map { port in
            let places = links.filter { $0.port == port.name }.map { [$0.segment, $0.label].compactMap { $0 } }
            let columns = [port.name, port.facts, places.map { $0.joined(separator: " ") }.joined(separator: "; ")]
            return columns + (port.addresses.isEmpty ? [] : [port.addresses.joined(separator: " ")])
        }
        let segments = links.filter { $0.port == nil && $0.host == host.name }.map { [$0.segment] }
        return Self.tree(title, own + segments)
    }

    private func tree(of segment: Segment) -> String {
        let members = links.filter { $0.segment == segment.name }.map { link in
            [link.port ?? link.host, link.port == nil ? "plain VTEP" : "on \(link.host)"] + (link.label.map { [$0] } ?? [])
        }
        return Self.tree("segment \(segment.name) (\(segment.facts))", members)
    }

    /// A title with rows below it, their columns aligned.
    private static func tree(_ title: String, _ rows: [[String]]) -> String {
        let widths = rows.reduce(into: [Int]()) { widths, row in
            for (column, cell) in row.dropLast().enumerated() {
                if column == widths.count { widths.append(0) }
                widths[column] = max(widths[column], cell.count)
            }
        }
        let lines = rows.enumerated().map { number, row in
            let cells = row.enumerated().map { column, cell in
                column == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[column] - cell.count)
            }
            return (number == rows.count - 1 ? "└─ " : "├─ ") + cells.joined(separator: "  ") + "\n"
        }
        return title + "\n" + lines.joined()
    }
}
