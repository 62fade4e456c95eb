import WeftAPI

/// How a list of one kind of object is asked for and shown.
package struct Listing<Item: Codable & Sendable>: Sendable {
    /// One column of the table.
    package struct Column: Sendable {
        let title: String
        /// Whether only `-o wide` has it.
        let isWide: Bool
        let cell: @Sendable (Item) -> Table.Cell

        init(_ title: String, isWide: Bool = false, _ cell: @escaping @Sendable (Item) -> Table.Cell) {
            (self.title, self.isWide, self.cell) = (title, isWide, cell)
        }
    }

    /// What the objects are called, in the plural.
    package let noun: String
    /// What `-o name` prints of each.
    let name: @Sendable (Item) -> String
    let columns: [Column]
    /// What people are shown in place of the items, such as names that tell two of them apart.
    var forPeople: @Sendable ([Item]) -> [Item] = { $0 }
    /// Asks the agent.
    let fetch: @Sendable (AgentClient, ListQuery) async throws(APIError) -> [Item]

    /// The list in the asked form, each line ended.
    ///
    /// - Throws: ``APIError`` only where JSON can't say a value, such as an infinite number.
    package func text(_ items: [Item], format: OutputFormat, paint: Paint = .plain) throws(APIError) -> String {
        switch format {
        case .json: return String(decoding: try JSON.encode(items, isPretty: true), as: UTF8.self) + "\n"
        case .jsonl:
            var text = ""
            for item in items { text += String(decoding: try JSON.encode(item), as: UTF8.self) + "\n" }
            return text
        case .name: return forPeople(items).map { name($0) + "\n" }.joined()
        case .table, .wide:
            let shown = columns.filter { format == .wide || !$0.isWide }
            return Table(titles: shown.map(\.title), rows: forPeople(items).map { item in shown.map { $0.cell(item) } }).text(
                paint)
        }
    }
}
