/// What `POST /v1/apply` is told: which plan, and how.
public struct ApplyRequest: Codable, Hashable, Sendable {
    /// The hash of a plan of this agent, or at least six digits of its beginning.
    public var plan: String
    /// Goes on without hosts that are not there; they follow when they return.
    public var isPartial: Bool
    /// For this host alone.
    public var isLocal: Bool
    /// Within how many seconds it has to be confirmed, or it is taken back; 0 for one that needs no confirmation.
    public var confirmSeconds: UInt32

    /// The longest time to confirm: a day.
    public static let confirmLimit: UInt32 = 86_400

    enum CodingKeys: String, CodingKey {
        case plan
        case isPartial = "partial"
        case isLocal = "local"
        case confirmSeconds = "confirm_seconds"
    }

    /// Creates a request.
    public init(plan: String, isPartial: Bool = false, isLocal: Bool = false, confirmSeconds: UInt32 = 0) {
        (self.plan, self.isPartial, self.isLocal, self.confirmSeconds) = (plan, isPartial, isLocal, confirmSeconds)
    }

    /// Checks what the numbers may be, and that what is for one host alone is not for several.
    ///
    /// - Throws: ``APIError`` `usage`.
    public func validate() throws(APIError) {
        if confirmSeconds > Self.confirmLimit {
            throw Self.error("\(confirmSeconds) s are too long to wait for a confirmation", "give at most a day")
        }
        if isLocal, isPartial || confirmSeconds > 0 {
            throw Self.error("what is for this host alone needs nobody else", "leave out --partial and --confirm, or --local")
        }
    }

    private static func error(_ cause: String, _ help: String) -> APIError {
        APIError(.usage, cannot: "apply", on: "", cause: cause, help: help)
    }
}

/// What came of `POST /v1/apply`.
public struct ApplyReport: Codable, Hashable, Sendable {
    /// The revision that runs now.
    public var revision: UInt64
    /// Whether it is a new one; false when the plan was empty.
    public var isNew: Bool
    /// Hosts that were not there and follow when they return.
    public var missing: [String]
    /// Within how many seconds it has to be confirmed; 0 when it holds for good.
    public var confirmSeconds: UInt32
    /// What could not be made on this host, one sentence each.
    public var problems: [String]

    enum CodingKeys: String, CodingKey {
        case revision, missing, problems
        case isNew = "new"
        case confirmSeconds = "confirm_seconds"
    }

    /// Creates a report.
    public init(revision: UInt64, isNew: Bool, missing: [String] = [], confirmSeconds: UInt32 = 0, problems: [String] = []) {
        (self.revision, self.isNew, self.missing) = (revision, isNew, missing)
        (self.confirmSeconds, self.problems) = (confirmSeconds, problems)
    }
}

/// What `POST /v1/resolve` is told.
public struct ResolveRequest: Codable, Hashable, Sendable {
    /// Whether the revision in doubt holds.
    public var commits: Bool

    enum CodingKeys: String, CodingKey {
        case commits = "commit"
    }

    /// Creates a request.
    public init(commits: Bool) { self.commits = commits }
}
