extension AgentClient {
    /// How much longer than other requests one may take that all hosts have to agree to.
    private static let commitTime = Duration.seconds(30)

    /// What applying this file would change.
    public func plan(_ file: [UInt8], named name: String, note: String? = nil) async throws(APIError) -> PlanReport {
        var target = APIRoutes.Path.plan + "?name=" + ListQuery.escape(String(name.suffix(200)))
        if let note { target += "&note=" + ListQuery.escape(String(note.prefix(200))) }
        return try await post(target, file)
    }
    /// What changing one port would change.
    public func plan(_ edit: PortEditRequest) async throws(APIError) -> PlanReport {
        try await post(APIRoutes.Path.edit, Array(try JSON.encode(edit)))
    }
    /// Carries out a plan; returns when all hosts have it, or none.
    public func apply(_ request: ApplyRequest) async throws(APIError) -> ApplyReport {
        try request.validate()
        let patient = AgentClient(socketPath: socketPath, timeout: max(timeout, Self.commitTime))
        return try await patient.post(APIRoutes.Path.apply, Array(try JSON.encode(request)))
    }
    /// Keeps what was applied with a time to confirm.
    public func confirm() async throws(APIError) { let _: Done = try await post(APIRoutes.Path.confirm, []) }
    /// Ends the agent's doubt about a revision.
    public func resolve(_ request: ResolveRequest) async throws(APIError) {
        let _: Done = try await post(APIRoutes.Path.resolve, Array(try JSON.encode(request)))
    }
    /// The revisions that the agent knows, the newest first.
    public func history() async throws(APIError) -> [RevisionReport] { try await get(APIRoutes.Path.history) }
    /// The file of a revision.
    public func file(ofRevision number: UInt64) async throws(APIError) -> [UInt8] {
        try await request("\(APIRoutes.Path.revision)?number=\(number)").bytes
    }
    /// What the agent's host runs, as a file.
    public func export() async throws(APIError) -> [UInt8] { try await request(APIRoutes.Path.export).bytes }
}
