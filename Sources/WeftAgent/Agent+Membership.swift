import WeftAPI
import WeftGossip
import WeftGossipShell
import WeftLinux
import WeftTopology
import WeftTypes

/// What an operator asks of this node's membership in the fabric.
extension Agent {
    /// Asks every node what its views add up to, again and again until all agree or the time is over.
    func convergence(timeout: Duration) async throws(APIError) -> ConvergenceReport {
        guard let gossip else { return .alone }
        let deadline = MonotonicClock.now().advanced(by: timeout)
        while true {
            gossip.survey()
            try? await Task.sleep(for: .milliseconds(200))
            let report = convergence(by: gossip)
            if report.isConverged || MonotonicClock.now() >= deadline || Task.isCancelled { return report }
        }
    }

    private func convergence(by gossip: GossipService) -> ConvergenceReport {
        let (own, answers) = gossip.surveyAnswers
        let view = gossip.view
        let members = gossip.members.filter { $0.id != gossip.identity && $0.state != .left }
        let nodes = members.map { member in
            ConvergenceReport.Node(
                name: label(of: member.id, in: view), nodeID: member.id, state: member.state.reported,
                cause: Self.difference(answers[member.id], from: own, member))
        }
        let sorted = nodes.sorted { ($0.name, $0.nodeID?.description ?? "") < ($1.name, $1.nodeID?.description ?? "") }
        // Who is dead can't differ, and who is out of reach can't be asked: that is told, and is no difference among the others.
        let answerable = Set(members.filter { $0.state != .dead && $0.isReachable }.map(\.id))
        let isConverged = nodes.allSatisfy { $0.agrees || $0.nodeID.map(answerable.contains) == false }
        return ConvergenceReport(isConverged: isConverged, nodes: sorted, memberCount: members.count + 1)
    }

    private static func difference(
        _ answer: GossipDigests?, from own: GossipDigests, _ member: GossipNode.Member
    ) -> String? {
        if member.state == .dead { return "dead: it is not asked" }
        if !member.isReachable { return "no address of a family that this host has: it is not asked" }
        guard let answer else { return "no answer" }
        switch (answer.membership == own.membership, answer.state == own.state) {
        case (true, true): return nil
        case (false, true): return "it knows other members"
        case (true, false): return "it knows other records"
        case (false, false): return "it knows other members and other records"
        }
    }

    /// Says goodbye to the fabric; the packet path keeps its routes.
    func leave() async throws(APIError) {
        guard let gossip else { throw .withoutGossip("leave") }
        gossip.leave()
        hasLeft = true
        logger.notice("left the fabric")
    }

    /// Lets an address go where it is seen next that was found at two places.
    func clearDuplicate(_ request: ClearRequest) async throws(APIError) {
        guard let gossip else { throw .withoutGossip("clear a duplicate") }
        let subject = try request.subject()
        let segments = loaded.topology.segments(on: loaded.host).filter {
            request.segment == nil || $0.name.text == request.segment
        }
        guard !segments.isEmpty else {
            throw APIError(
                .notFound, cannot: "clear", on: request.address, cause: "this host has no segment '\(request.segment ?? "")'",
                help: "see weft segments")
        }
        let vnis = Set(segments.map(\.vni))
        let cleared = gossip.clearDuplicates { duplicate in
            guard vnis.contains(duplicate.vni) else { return false }
            return switch (duplicate, subject) {
            case (.station(let key), .mac(let mac)): key.mac == mac
            case (.address(_, let address), .address(let wanted)): address == wanted
            case (.station, .address), (.address, .mac): false
            }
        }
        guard !cleared.isEmpty else {
            throw APIError(
                .notFound, cannot: "clear", on: request.address, cause: "this host knows of no duplicate of it",
                help: "ask the hosts that weft events named; nothing was changed")
        }
        logger.notice("duplicate cleared", metadata: ["object": "\(request.address)"])
    }

    /// Looks for the fabric at these addresses, after ``leave()`` too.
    func join(_ addresses: [String]) async throws(APIError) {
        guard let gossip else { throw .withoutGossip("join") }
        var list: [JoinAddress] = []
        for text in addresses { list.append(try JoinAddress(text, defaultPort: Host.defaultGossipPort)) }
        let (found, failures) = await JoinAddress.resolve(list)
        if let first = failures.first {
            throw APIError(
                .failed, cannot: "join", on: addresses.joined(separator: ", "), cause: first, help: "nothing was changed")
        }
        gossip.join(found)
        hasLeft = false
    }
}
