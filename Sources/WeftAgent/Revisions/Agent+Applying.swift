import Glibc
import WeftAPI
import WeftControl
import WeftLinux
import WeftTopology
import WeftTopologyFile
import WeftTypes

/// Planning, applying and looking back: what `weft plan`, `apply`, `history` and `rollback` ask for.
extension Agent: TopologyChanging {
    // MARK: Planning

    func plan(_ file: [UInt8], named name: String, note: String?) async throws(APIError) -> PlanReport {
        let environment = ValidationEnvironment(host: options.host, underlayMTU: report?.underlay.mtu)
        let result = TopologyFile.load(bytes: file, file: name, in: environment)
        guard let topology = result.topology else {
            throw APIError(
                .topologyInvalid, cannot: "plan", on: name, cause: "it has errors:\n" + result.text(),
                help: "correct the file; nothing was changed")
        }
        guard topology.name == loaded.topology.name else {
            throw APIError(
                .usage, cannot: "plan", on: name,
                cause: "it describes fabric '\(topology.name)', and this agent is of '\(loaded.topology.name)'",
                help: "ask an agent of that fabric, or correct the file's name:")
        }
        let saved = revisions.saved
        let former = saved.override == nil ? loaded.listed : committedTopology(environment)
        let plan = FabricPlan(of: file, saying: topology, over: former, base: saved.current)
        revisions.shelf.put(
            PlanShelf.Entry(
                plan: plan, topology: topology, file: file, note: note ?? "apply \(name)", made: MonotonicClock.now()))
        return PlanReport(
            fabric: topology.name.text, file: name, base: saved.current?.number ?? 0, revision: plan.nextNumber, hash: plan.hash,
            changes: plan.difference.fabric.map { .init($0) },
            hosts: plan.difference.hosts.map { .init(host: $0.host.text, changes: $0.changes.map { .init($0) }) },
            warnings: result.diagnostics.isEmpty ? "" : result.text())
    }

    func plan(_ request: PortEditRequest) async throws(APIError) -> PlanReport {
        guard let action = PortEdit.Action(rawValue: request.action) else {
            throw APIError(
                .usage, cannot: "change port '\(request.port.prefix(64))'", on: "",
                cause: "'\(request.action.prefix(20))' is no change of a port",
                help: "use \(PortEdit.Action.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        var edit = PortEdit(action, port: request.port, values: request.values.mapValues { PortEdit.Value($0) })
        if action == .attach, edit.values["host"] == nil { edit.values["host"] = .text(loaded.host.name.text) }
        let text: String
        do throws(PortEditError) {
            text = try (loaded.listed ?? loaded.topology).fileText(after: edit)
        } catch {
            throw APIError(
                action == .attach ? .usage : .notFound, cannot: "\(action) port '\(request.port.prefix(64))'", on: "",
                cause: error.description, help: error.help)
        }
        return try await plan(Array(text.utf8), named: edit.note, note: edit.note)
    }

    /// What the fabric runs, where this host follows a file of its own.
    private func committedTopology(_ environment: ValidationEnvironment) -> Topology? {
        guard let stamp = revisions.saved.current, let revision = revisions.store.revision(stamp.id) else { return nil }
        return TopologyFile.load(bytes: revision.file, file: "revision \(stamp.number)", in: environment).topology
    }

    // MARK: Applying

    func apply(_ request: ApplyRequest) async throws(APIError) -> ApplyReport {
        let found = revisions.shelf.plans(named: request.plan, now: MonotonicClock.now())
        guard let entry = found.last, found.count == 1 else {
            throw APIError(
                .notFound, cannot: "apply plan \(request.plan.prefix(12))", on: "",
                cause: found.isEmpty ? "this agent has no such plan, or it is older than an hour" : "several plans begin so",
                help: "make it anew: weft plan FILE, on this host; nothing was changed")
        }
        guard revisions.commit != nil else {
            throw APIError(
                .failed, cannot: "apply plan \(entry.plan.shortHash)", on: "",
                cause: revisions.failure ?? "the agent has not started yet", help: "nothing was changed")
        }
        let saved = revisions.saved
        guard saved.current == entry.plan.base else {
            throw APIError(
                .failed, cannot: "apply plan \(entry.plan.shortHash)", on: "",
                cause: "the fabric moved to revision \(saved.current?.number ?? 0) since the plan was made",
                help: "look at what it would do now: weft plan; nothing was changed")
        }
        if request.isLocal { return try await applyHere(entry) }
        if entry.plan.difference.isEmpty, let current = saved.current, saved.override == nil {
            return ApplyReport(revision: current.number, isNew: false, problems: problems)
        }
        return try await propose(entry, request)
    }

    private func revision(of entry: PlanShelf.Entry, confirmSeconds: UInt32) -> Revision {
        let base = revisions.saved.current
        let before = base.flatMap { revisions.store.revision($0.id) }
        return Revision(
            number: entry.plan.nextNumber, proposer: loaded.host.name, time: UInt64(max(0, time(nil))), base: base?.id,
            ancestors: before.map { [$0.base].compactMap(\.self) + $0.ancestors } ?? [], confirmSeconds: confirmSeconds,
            note: entry.note, file: entry.file)
    }

    private func keep(_ revision: Revision) throws(APIError) {
        do throws(RevisionStoreError) {
            try revisions.store.keep(revision)
        } catch {
            throw APIError(
                .failed, cannot: "apply", on: "revision \(revision.number)", cause: error.description,
                help: "make room in the state folder; nothing was changed")
        }
    }

    /// Follows a file on this host alone.
    private func applyHere(_ entry: PlanShelf.Entry) async throws(APIError) -> ApplyReport {
        let revision = revision(of: entry, confirmSeconds: 0)
        try keep(revision)
        tell(.override(revision.stamp))
        await applyLoaded()
        return ApplyReport(revision: revision.number, isNew: true, problems: problems)
    }

    /// Proposes to all hosts that the plan's file or what runs now lists.
    private func propose(_ entry: PlanShelf.Entry, _ request: ApplyRequest) async throws(APIError) -> ApplyReport {
        let listed = (entry.topology.hosts + (loaded.listed?.hosts ?? [])).filter { $0.kind == .agent }.map(\.name)
        let voters = Set(listed).union([loaded.host.name]).sorted()
        guard gossip != nil || voters == [loaded.host.name] else {
            throw APIError(
                .failed, cannot: "apply", on: "fabric \(entry.topology.name)",
                cause: "it has \(voters.count) hosts, and without a key the agents can't agree on anything",
                help: "make a key (weft key init) for all hosts, or apply to each of them with --local; nothing was changed")
        }
        let revision = revision(of: entry, confirmSeconds: request.confirmSeconds)
        try keep(revision)
        let content = ExaminedRevision(revision)
        gossip?.offer(revision.content)
        let serial = (revisions.saved.proposal?.serial ?? 0) + 1
        let outcome = await withCheckedContinuation { continuation in
            // One that waits already is told so below: the commit has one proposal at a time.
            if let former = revisions.waiting.updateValue(continuation, forKey: serial) {
                former.resume(returning: .aborted("another request took its place"))
            }
            tell(.propose(content, to: voters, isPartial: request.isPartial))
        }
        switch outcome {
        case .committed(let missing):
            await applyLoaded()
            return ApplyReport(
                revision: revision.number, isNew: true, missing: missing.map(\.text), confirmSeconds: request.confirmSeconds,
                problems: problems)
        case .aborted(let cause):
            throw APIError(
                .failed, cannot: "apply", on: "fabric \(entry.topology.name)", cause: cause,
                help: "every host is as it was; leave out hosts that are down with --partial")
        }
    }

    /// What could not be made here; what is only waited for comes by itself, and ``ports(_:)`` shows it.
    private var problems: [String] {
        (report?.objects ?? []).compactMap { entry in
            if case .error(let cause) = entry.status { "\(entry.object): \(cause)" } else { nil }
        }
    }

    func confirm() async throws(APIError) {
        let saved = revisions.saved
        guard !saved.isConfirmed, saved.proposal?.stamp.id == saved.current?.id else {
            let proposer = saved.current.flatMap { revisions.store.revision($0.id)?.proposer.text }
            throw APIError(
                .failed, cannot: "confirm a revision", on: loaded.host.name.text,
                cause: saved.isConfirmed ? "nothing waits to be confirmed" : "it was proposed on \(proposer ?? "another host")",
                help: saved.isConfirmed ? nil : "confirm it there")
        }
        tell(.confirm)
        note(.revision, "revision \(saved.current?.number ?? 0)", "is confirmed")
    }

    func resolve(commits: Bool) async throws(APIError) {
        guard let promise = revisions.saved.promise else {
            throw APIError(.failed, cannot: "resolve a doubt", on: loaded.host.name.text, cause: "it has none", help: nil)
        }
        tell(.resolve(isCommitted: commits))
        note(
            .revision, "revision \(promise.stamp.number)",
            commits ? "holds: the operator says so" : "does not hold: the operator says so")
    }

    // MARK: Looking back

    func history() async -> [RevisionReport] {
        let saved = revisions.saved
        var list: [RevisionReport] = []
        func add(_ stamp: RevisionStamp, _ revision: Revision, _ state: RevisionReport.State) {
            list.append(
                RevisionReport(
                    revision: stamp.number, id: stamp.id.description, state: state, proposer: revision.proposer.text,
                    timeSeconds: revision.time, note: revision.note))
        }
        if let promise = saved.promise, let revision = revisions.store.revision(promise.stamp.id) {
            add(promise.stamp, revision, .inDoubt)
        }
        if let override = saved.override, let revision = revisions.store.revision(override.id) {
            add(override, revision, .local)
        }
        for (index, entry) in revisions.store.history(of: saved.current).enumerated() {
            add(entry.stamp, entry.revision, index > 0 ? .former : saved.isConfirmed ? .current : .unconfirmed)
        }
        return list
    }

    func file(ofRevision number: UInt64) async throws(APIError) -> [UInt8] {
        let history = revisions.store.history(of: revisions.saved.current)
        guard let entry = history.first(where: { $0.stamp.number == number }) else {
            let known =
                history.isEmpty
                ? "none was committed yet" : "there are \(history.map { "\($0.stamp.number)" }.joined(separator: ", "))"
            throw APIError(
                .notFound, cannot: "show revision \(number)", on: "this host", cause: known, help: "see weft history")
        }
        return entry.revision.file
    }

    /// What an operator should know of the revisions.
    var revisionAlerts: [StatusReport.Alert] {
        let (saved, host) = (revisions.saved, loaded.host.name.text)
        var alerts: [StatusReport.Alert] = []
        if let failure = revisions.failure { alerts.append(.init(object: host, text: failure)) }
        if let promise = saved.promise, promise.proposer != loaded.host.name {
            alerts.append(
                .init(
                    object: host, text: "in doubt (\(promise.stamp) from \(promise.proposer))",
                    command: "weft apply --resolve commit|abort"))
        }
        if !saved.isConfirmed, let current = saved.current {
            alerts.append(
                .init(
                    object: host, text: "revision \(current.number) is taken back unless it is confirmed",
                    command: "weft apply --keep"))
        }
        if saved.override != nil {
            alerts.append(
                .init(
                    object: host, text: "this host follows a file of its own, not the fabric's revision",
                    command: "weft apply FILE"))
        }
        return alerts
    }

    func export() async -> String { (loaded.listed ?? loaded.topology).fileText }
}

extension PlanReport.Change {
    fileprivate init(_ change: TopologyChange) {
        self.init(
            action: change.action.rawValue, kind: change.kind.rawValue, name: change.name, detail: change.detail,
            reason: change.reason, impact: change.impact.description)
    }
}

extension PortEdit.Value {
    fileprivate init(_ value: PortEditRequest.Value) {
        switch value {
        case .text(let text): self = .text(text)
        case .number(let number): self = .number(number)
        case .flag(let flag): self = .flag(flag)
        case .list(let list): self = .list(list)
        case .map(let map): self = .map(map)
        }
    }
}
