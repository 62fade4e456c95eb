import WeftAPI

extension Session {
    /// Prints a list once, or again and again.
    ///
    /// - Throws: ``APIError``: what the agent answered, or `notFound` for a filter that names nothing.
    package func list<Item>(
        _ listing: Listing<Item>, query: ListQuery, isWatching: Bool = false
    ) async throws(APIError) -> ExitStatus {
        let client = try client()
        if isWatching {
            guard format != .json else {
                throw APIError(
                    .usage, cannot: "watch", on: listing.noun, cause: "one JSON document has an end", help: "use -o jsonl")
            }
            return try await watch { () async throws(APIError) in
                try listing.text(try await listing.fetch(client, query), format: format, paint: console.paint)
            }
        }
        let items = try await listing.fetch(client, query)
        if items.isEmpty {
            try await checkNames(in: query, client)
            if format == .table || format == .wide {
                note("no \(listing.noun)")
                return .done
            }
        }
        console.write(try listing.text(items, format: format, paint: console.paint))
        return .done
    }

    /// Prints anew once a second until Ctrl-C, which is not a failure.
    ///
    /// On a terminal each picture replaces the one before; elsewhere it follows it, and only when something changed.
    func watch(_ picture: () async throws(APIError) -> String) async throws(APIError) -> ExitStatus {
        Interrupts.endWithSuccess()
        var last: String?
        while !Task.isCancelled {
            let text = try await picture()
            if text != last {
                console.clear()
                console.write(text)
            }
            last = text
            try? await Task.sleep(for: .seconds(1))
        }
        return .done
    }

    /// An empty list may come from a mistyped filter: says so, with the nearest name.
    private func checkNames(in query: ListQuery, _ client: AgentClient) async throws(APIError) {
        if let name = query.segment {
            let names = try await client.segments(ListQuery(scope: .fabric)).map(\.name)
            if !names.contains(name) { throw Self.unknown("segment", name, among: names) }
        }
        if let name = query.host {
            let names = try await client.hosts(ListQuery(scope: .fabric)).map(\.name)
            if !names.contains(name) { throw Self.unknown("host", name, among: names) }
        }
    }
}
