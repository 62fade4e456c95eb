import WeftAPI
import WeftLinux
import WeftTopologyFile

/// What changes the topology, and what looks back.
extension Session {
    /// How `weft apply` is to be done.
    package struct ApplyOptions: Hashable, Sendable {
        /// A plan that was made before; its file is not read again.
        package var plan: String?
        package var isPartial: Bool
        package var isLocal: Bool
        /// Taken back unless it is confirmed within this time.
        package var confirmTime: Duration?

        package init(plan: String? = nil, isPartial: Bool = false, isLocal: Bool = false, confirmTime: Duration? = nil) {
            (self.plan, self.isPartial, self.isLocal, self.confirmTime) = (plan, isPartial, isLocal, confirmTime)
        }
    }

    // MARK: Plans

    /// `weft plan`: what applying a file would change.
    package func plan(_ path: String?, failsOnDifference: Bool) async throws(APIError) -> ExitStatus {
        let report = try await planned(path)
        console.write(try PlanView.text(report, format: format, isOffered: true, paint: console.paint))
        return failsOnDifference && !report.isEmpty ? .finding : .done
    }

    /// `weft diff`: in what a file differs from what runs.
    package func diff(_ path: String?) async throws(APIError) -> ExitStatus {
        let report = try await planned(path)
        console.write(try PlanView.text(report, format: format, isOffered: false, paint: console.paint))
        return report.isEmpty ? .done : .finding
    }

    private func planned(_ path: String?, note: String? = nil) async throws(APIError) -> PlanReport {
        let path = if let path { path } else { try Self.onlyFile() }
        return try await plan(try Self.read(path), named: path, note: note)
    }

    private func plan(_ file: [UInt8], named name: String, note: String?) async throws(APIError) -> PlanReport {
        let report = try await client().plan(file, named: name, note: note)
        if !report.warnings.isEmpty, !isQuiet { console.note(report.warnings.trimmingLineEnd) }
        return report
    }

    // MARK: Applying

    /// `weft apply`: a file, or a plan that was made before, on all hosts or on none.
    package func apply(_ path: String?, _ options: ApplyOptions) async throws(APIError) -> ExitStatus {
        if let hash = options.plan {
            guard path == nil else {
                throw APIError(
                    .usage, cannot: "apply", on: "", cause: "both a file and a plan are given",
                    help: "a plan has its file: leave out one of the two")
            }
            return try await carryOut(hash, options)
        }
        let report = try await planned(path)
        return try await carryOut(report, options)
    }

    /// `weft port attach`, `detach`, `move`, `up`, `down`: changes one port of what runs, as a revision of its own.
    package func edit(_ edit: PortEditRequest, _ options: ApplyOptions) async throws(APIError) -> ExitStatus {
        let report = try await client().plan(edit)
        if !report.warnings.isEmpty, !isQuiet { console.note(report.warnings.trimmingLineEnd) }
        return try await carryOut(report, options)
    }

    /// `weft rollback`: applies the file of an earlier revision.
    package func rollback(to number: UInt64, _ options: ApplyOptions) async throws(APIError) -> ExitStatus {
        let file = try await client().file(ofRevision: number)
        let report = try await plan(file, named: "revision \(number)", note: "rollback \(number)")
        return try await carryOut(report, options)
    }

    private func carryOut(_ plan: PlanReport, _ options: ApplyOptions) async throws(APIError) -> ExitStatus {
        if format == .table || format == .wide, !isQuiet {
            console.note(try PlanView.text(plan, format: format, isOffered: false, paint: console.errorPaint).trimmingLineEnd)
        }
        return try await carryOut(plan.hash, options)
    }

    private func carryOut(_ hash: String, _ options: ApplyOptions) async throws(APIError) -> ExitStatus {
        let seconds = options.confirmTime.map { UInt32(clamping: Int64(($0 / .seconds(1)).rounded(.up))) } ?? 0
        let report = try await client().apply(
            ApplyRequest(plan: hash, isPartial: options.isPartial, isLocal: options.isLocal, confirmSeconds: seconds))
        console.write(try ApplyView.text(report, isLocal: options.isLocal, format: format, paint: console.paint))
        return report.problems.isEmpty ? .done : .failed
    }

    /// `weft apply --keep`.
    package func keep() async throws(APIError) -> ExitStatus {
        try await client().confirm()
        note("confirmed: it stays")
        return .done
    }

    /// `weft apply --resolve`.
    package func resolve(commits: Bool) async throws(APIError) -> ExitStatus {
        try await client().resolve(ResolveRequest(commits: commits))
        note(commits ? "the revision holds, here and on all that see this host run it" : "the revision does not hold here")
        return .done
    }

    // MARK: Looking back

    /// `weft history`.
    package func history() async throws(APIError) -> ExitStatus {
        let list = try await client().history()
        if list.isEmpty, format == .table || format == .wide {
            note("no revision was committed yet: the file given to the agent rules")
            return .done
        }
        console.write(try Listing.history.text(list, format: format, paint: console.paint))
        return .done
    }

    /// `weft export`: what runs, or a revision, as a file.
    package func export(_ number: UInt64?) async throws(APIError) -> ExitStatus {
        let bytes: [UInt8]
        if let number { bytes = try await client().file(ofRevision: number) } else { bytes = try await client().export() }
        console.write(String(decoding: bytes, as: UTF8.self))
        return .done
    }

    // MARK: Files

    private static func read(_ path: String) throws(APIError) -> [UInt8] {
        do {
            return try TopologyFile.bytes(path: path)
        } catch {
            throw APIError(.usage, cannot: "use the topology", on: path, cause: error.message, help: error.help)
        }
    }

    /// The only topology file of the working directory.
    static func onlyFile() throws(APIError) -> String {
        let files = ((try? SmallFile.names(in: ".")) ?? nil ?? []).filter { $0.hasSuffix(".weft.yaml") }
        guard let file = files.first, files.count == 1 else {
            throw APIError(
                .usage, cannot: "choose a file", on: "this folder",
                cause: files.isEmpty ? "it has no *.weft.yaml" : "it has \(files.count): \(files.joined(separator: ", "))",
                help: "name one")
        }
        return file
    }
}
