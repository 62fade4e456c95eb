import WeftAPI
import WeftTopology

extension Session {
    /// `weft port show`: one port, as a page, as JSON or as a snippet for another program.
    ///
    /// - Throws: ``APIError`` `notFound` with the nearest name.
    package func showPort(_ name: String, as target: PortSnippet.Target?) async throws(APIError) -> ExitStatus {
        let client = try client()
        let ports = try await client.ports(ListQuery(scope: .fabric))
        guard let port = ports.first(where: { $0.name == name }) else {
            throw Self.unknown("port", name, among: ports.map(\.name))
        }
        if let target {
            let segments = try await client.segments(ListQuery(scope: .fabric))
            let segment = segments.first { $0.name == port.segment }
            let snippet = try PortSnippet(port, segment: segment, as: target)
            guard !format.isJSON else {
                console.write(try Self.document(snippet, isPretty: format == .json))
                return .done
            }
            console.write(snippet.text)
            for text in snippet.notes { note(text) }
            return .done
        }
        switch format {
        case .table, .wide: console.write(PortView.text(port, paint: console.paint))
        case .name: console.write(port.name + "\n")
        case .json, .jsonl: console.write(try Self.document(port, isPretty: format == .json))
        }
        return .done
    }

    /// What `weft status` is asked to do beyond showing the page.
    package struct StatusRequest: Hashable, Sendable {
        /// Wait this long for the agent to be ready.
        package var wait: Duration?
        /// Compare the nodes instead, and fail with 2 unless all agree and the kernel is as the topology says.
        package var wantsConverged: Bool
        /// Fail with 2 when something needs attention.
        package var wantsCheck: Bool
        package var isWatching: Bool

        package init(
            wait: Duration? = nil, wantsConverged: Bool = false, wantsCheck: Bool = false, isWatching: Bool = false
        ) {
            (self.wait, self.wantsConverged) = (wait, wantsConverged)
            (self.wantsCheck, self.isWatching) = (wantsCheck, isWatching)
        }
    }

    /// `weft status`.
    ///
    /// - Throws: ``APIError`` `timedOut` when the agent was not ready in time.
    package func status(_ request: StatusRequest) async throws(APIError) -> ExitStatus {
        if request.wantsConverged { return try await converged(waiting: request.wait) }
        if let limit = request.wait { return try await status(waiting: limit, request) }
        let client = try client()
        if request.isWatching {
            return try await watch { () async throws(APIError) in try page(try await client.status()) }
        }
        return try show(try await client.status(), request)
    }

    private func show(_ status: StatusReport, _ request: StatusRequest) throws(APIError) -> ExitStatus {
        console.write(try page(status))
        if request.wantsCheck, !status.isReady || !status.alerts.isEmpty { return .finding }
        return .done
    }

    private func page(_ status: StatusReport) throws(APIError) -> String {
        switch format {
        case .table: try StatusView.text(status, paint: console.paint)
        case .wide: try StatusView.text(status, isWide: true, paint: console.paint)
        case .name: StatusView.name(status)
        case .json, .jsonl: try Self.document(status, isPretty: format == .json)
        }
    }

    /// Asks until the agent is ready or the time is over; an agent that does not answer yet is waited for too.
    private func status(waiting limit: Duration, _ request: StatusRequest) async throws(APIError) -> ExitStatus {
        let clock = ContinuousClock()
        let start = clock.now
        var reason = "it did not answer"
        var hasTold = false
        repeat {
            do throws(APIError) {
                let status = try await client().status()
                if status.isReady { return try show(status, request) }
                reason = status.waitingFor.isEmpty ? "it is not ready" : status.waitingFor.joined(separator: "; ")
            } catch {
                guard error.code == .unreachable || error.code == .timedOut else { throw error }
                reason = error.cause
            }
            if !hasTold, clock.now - start >= .seconds(1) {
                note("waiting for the agent: \(Table.printable(reason))")
                hasTold = true
            }
            try? await clock.sleep(for: .milliseconds(100))
        } while clock.now - start < limit
        throw APIError(
            .timedOut, cannot: "wait for the agent", on: (try? choice.resolve().socketPath) ?? "this host",
            cause: "it was not ready within \(Quantity.uptime(seconds: limit / .seconds(1))): \(reason)",
            help: "see the agent's log, or wait longer with --wait")
    }

    // MARK: - Shared

    /// One JSON document.
    static func document(_ value: some Encodable, isPretty: Bool) throws(APIError) -> String {
        String(decoding: try JSON.encode(value, isPretty: isPretty), as: UTF8.self) + "\n"
    }

    /// The error for a name that nothing has.
    static func unknown(_ noun: String, _ name: String, among names: [String]) -> APIError {
        let help =
            NearestName.nearest(to: name, in: names).map { "did you mean '\($0)'?" }
            ?? (names.isEmpty ? "there are no \(noun)s" : "see weft \(noun)s --all")
        return APIError(
            .notFound, cannot: "find \(noun) '\(name)'", on: "the fabric", cause: "no \(noun) has that name", help: help)
    }
}
