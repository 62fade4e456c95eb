/// How an agent's topology is changed through the API: planned first, then applied by the plan's hash.
public protocol TopologyChanging: Sendable {
    /// What applying this file would change; the agent keeps the plan for an hour, the last 20 of them.
    ///
    /// - Parameters:
    ///   - file: the file's bytes.
    ///   - name: what it is called in messages.
    ///   - note: what is written beside the revision; nil for `apply <name>`.
    /// - Throws: ``APIError`` `topologyInvalid` with all that is wrong with the file.
    func plan(_ file: [UInt8], named name: String, note: String?) async throws(APIError) -> PlanReport
    /// What changing one port of what runs would change; the plan is kept as that of a file is.
    ///
    /// - Throws: ``APIError`` `notFound` for a port that is not there, `usage` for one that is there already, `topologyInvalid` when the change
    ///   breaks a rule of the file.
    func plan(_ edit: PortEditRequest) async throws(APIError) -> PlanReport
    /// Carries out a plan, on all hosts or on none.
    ///
    /// - Throws: ``APIError`` `notFound` for an unknown plan, `failed` with the host and its reason when one can't go along, and
    ///   when the fabric has moved since the plan was made.
    func apply(_ request: ApplyRequest) async throws(APIError) -> ApplyReport
    /// Keeps what was applied with a time to confirm.
    ///
    /// - Throws: ``APIError`` when nothing waits for it here.
    func confirm() async throws(APIError)
    /// Ends this host's doubt.
    ///
    /// - Throws: ``APIError`` when there is none.
    func resolve(commits: Bool) async throws(APIError)
    /// The revisions that this host knows, the newest first.
    func history() async -> [RevisionReport]
    /// The file of a revision.
    ///
    /// - Throws: ``APIError`` `notFound`.
    func file(ofRevision number: UInt64) async throws(APIError) -> [UInt8]
    /// What runs here, as a file.
    func export() async -> String
}
