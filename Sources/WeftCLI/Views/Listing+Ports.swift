import WeftAPI
import WeftTypes

extension Listing where Item == PortReport {
    /// `weft ports`.
    package static var ports: Listing {
        Listing(
            noun: "ports", name: \.name,
            columns: [
                Column("PORT") { Table.Cell($0.name) },
                Column("HOST") { Table.Cell($0.host) },
                Column("SEGMENT") { Table.Cell($0.segment ?? $0.trunkText(limit: 3)) },
                Column("VNI", isWide: true) { Table.Cell($0.vni?.description) },
                Column("KIND") { Table.Cell($0.kind) },
                Column("ATTACH", isWide: true) { Table.Cell($0.attach) },
                Column("DEVICE") { Table.Cell($0.device) },
                Column("MAC") { Table.Cell($0.mac?.description) },
                Column("ADDRESS") { Table.Cell($0.addresses.first?.description) },
                Column("MORE", isWide: true) { port in
                    Table.Cell(port.addresses.dropFirst().map(\.description).joined(separator: " "))
                },
                Column("STATE") { $0.state.map { Table.Cell($0.rawValue, $0.tone) } ?? Table.Cell(nil) },
                Column("MTU", isWide: true) { "\($0.mtu)" },
                Column("QUEUES", isWide: true) { "\($0.queueCount)" },
                Column("RX/s") { Table.Cell($0.rxFramesPerSecond.map { Quantity.count($0) }) },
                Column("TX/s") { Table.Cell($0.txFramesPerSecond.map { Quantity.count($0) }) },
                Column("RX", isWide: true) { Table.Cell($0.isObserved ? Quantity.bytes($0.rxBytes) : nil) },
                Column("TX", isWide: true) { Table.Cell($0.isObserved ? Quantity.bytes($0.txBytes) : nil) },
                Column("DROPS") {
                    $0.isObserved ? Table.Cell(Quantity.count($0.dropCount), $0.dropCount > 0 ? .warning : nil) : Table.Cell(nil)
                },
                Column("REASON", isWide: true) { Table.Cell($0.detail ?? $0.drops.mostFrequent) },
            ],
            fetch: { client, query throws(APIError) in try await client.ports(query) })
    }
}

extension PortReport {
    /// The segments of a trunk with their VLANs, at most `limit` of them; nil for an access port.
    func trunkText(limit: Int) -> String? {
        guard let trunk else { return nil }
        let members = trunk.prefix(limit).map { "\($0.segment):\($0.vlan)" + ($0.isNative ? "*" : "") }
        return members.joined(separator: " ") + (trunk.count > limit ? " +\(trunk.count - limit)" : "")
    }

    /// Whether the counters mean something: not those of another host's port.
    fileprivate var isObserved: Bool { state != nil }
}

extension PortReport.State {
    /// The look of a state.
    var tone: Paint.Tone {
        switch self {
        case .up: .good
        case .down, .waiting: .warning
        case .error, .blocked: .bad
        }
    }
}

extension [String: UInt64] {
    /// The reason with the most drops and their number, for a cell: `inner-vlan 3`; nil where nothing was dropped.
    var mostFrequent: String? {
        self.filter { $0.value > 0 }.max { ($0.value, $1.key) < ($1.value, $0.key) }
            .map { "\($0.key) \(Quantity.count($0.value))" }
    }
}
