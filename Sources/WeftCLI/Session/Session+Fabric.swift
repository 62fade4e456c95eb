import Synchronization
import WeftAPI

extension Session {
    /// `weft events`: prints what happens until Ctrl-C, which is not a failure.
    ///
    /// - Parameter since: first what the agent still knows of what came after this event.
    /// - Throws: ``APIError`` when the agent can't be asked, or stops.
    package func events(since: UInt64?) async throws(APIError) -> ExitStatus {
        guard format != .json else {
            throw APIError(.usage, cannot: "watch", on: "events", cause: "one JSON document has an end", help: "use -o jsonl")
        }
        let client = try client()
        Interrupts.endWithSuccess()
        let last = Mutex(since)
        while true {
            let end = try await client.events(since: last.withLock { $0 }) { event in
                last.withLock { $0 = event.sequence }
                // Every value of an event is one that JSON can say.
                if let text = try? EventView.text(event, format: format, paint: console.paint) { console.write(text) }
            }
            switch end {
            case .agentStops:
                throw APIError(
                    .unreachable, cannot: "follow the events", on: client.socketPath, cause: "the agent stopped",
                    help: "start it again, and this")
            case .overwritten(let oldest):
                let missing = last.withLock { last in
                    let missing = "events \((last ?? 0) + 1) to \((oldest ?? 1) - 1)"
                    last = oldest.map { $0 - 1 }
                    return missing
                }
                note("\(missing) were lost: they were not taken in time")
            }
        }
    }

    /// `weft peer leave`.
    package func leave() async throws(APIError) -> ExitStatus {
        try await client().leave()
        note(
            "left the fabric: the other nodes know that this one is gone, and it gossips no more; what it forwards now it goes on "
                + "forwarding; to come back: weft peer join HOST, or restart the agent")
        return .done
    }

    /// `weft peer join`.
    package func join(_ addresses: [String]) async throws(APIError) -> ExitStatus {
        try await client().join(addresses)
        note("looking for the fabric at \(addresses.joined(separator: ", ")); weft peers shows who was found")
        return .done
    }

    /// `weft fdb clear`.
    package func clearDuplicate(_ request: ClearRequest) async throws(APIError) -> ExitStatus {
        try await client().clearDuplicate(request)
        note("cleared: \(request.address) goes where it is seen next; weft fdb shows where that is")
        return .done
    }

    // MARK: - Converged

    /// `weft status --converged`: compares the nodes, once or until they agree or the time is over.
    ///
    /// - Throws: ``APIError`` `timedOut` when `limit` was not long enough.
    func converged(waiting limit: Duration?) async throws(APIError) -> ExitStatus {
        let clock = ContinuousClock()
        let start = clock.now
        guard let limit else {
            let report = try await convergence()
            console.write(try ConvergenceView.text(report, format: format, paint: console.paint))
            return report.isConverged ? .done : .finding
        }
        var last: ConvergenceReport?
        var failure: APIError?
        repeat {
            do throws(APIError) {
                let report = try await convergence()
                (last, failure) = (report, nil)
                if report.isConverged { break }
            } catch {
                guard error.code == .unreachable || error.code == .timedOut else { throw error }
                failure = error
            }
            try? await clock.sleep(for: .milliseconds(200))
        } while clock.now - start < limit
        if let failure { throw failure }
        guard let last else { return .failed }
        console.write(try ConvergenceView.text(last, format: format, paint: console.paint))
        guard !last.isConverged else { return .done }
        throw APIError(
            .timedOut, cannot: "wait for the fabric", on: "",
            cause: "it did not converge within "
                + Quantity.uptime(seconds: limit / .seconds(1)),
            help: "wait longer with --wait, or see weft events")
    }

    /// The other nodes' state, and this host's own: it counts as different while its kernel is not as the topology says.
    private func convergence() async throws(APIError) -> ConvergenceReport {
        let client = try client()
        let status = try await client.status()
        var report = try await client.convergence()
        guard !(status.isReady && status.isConverged) else { return report }
        let cause =
            status.waitingFor.isEmpty ? "its kernel is not as the topology says" : status.waitingFor.joined(separator: "; ")
        report.nodes.append(ConvergenceReport.Node(name: status.host, nodeID: nil, state: .alive, cause: cause))
        report.nodes.sort { $0.name < $1.name }
        report.isConverged = false
        return report
    }
}
