/// What went wrong with a lab, in words for the person who typed the command.
public struct LabError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The classes of failure that a caller tells apart, each with its exit code.
    public enum Kind: Hashable, Sendable, CaseIterable {
        /// The request itself makes no sense: an unknown name, an ambiguous one.
        case usage
        /// The topology file is wrong, or asks for something that a lab cannot make.
        case invalidTopology
        /// Something that should answer does not.
        case unreachable
        /// Something took too long.
        case timedOut
        /// The caller lacks the privileges.
        case notPermitted
        /// The caller asked to stop.
        case interrupted
        /// Anything else.
        case failed

        /// The exit code of the command line.
        public var exitCode: Int32 {
            switch self {
            case .failed: 1
            case .usage: 64
            case .invalidTopology: 65
            case .unreachable: 69
            case .timedOut: 75
            case .notPermitted: 77
            case .interrupted: 130
            }
        }
    }

    /// The class of the failure.
    public let kind: Kind
    /// What was attempted, as a verb with its object: `bring up lab 'first'`.
    public let attempt: String
    /// Why it failed; may go over several lines.
    public let cause: String
    /// What to do about it; empty when there is nothing to say.
    public let remedy: String
    /// Whether anything of the lab was changed and left so.
    public var isChanged = false

    /// Creates an error that reads `cannot <attempt>: <cause>; <remedy>`.
    public init(_ kind: Kind, cannot attempt: String, cause: String, remedy: String = "") {
        self.kind = kind
        self.attempt = attempt
        self.cause = cause
        self.remedy = remedy
    }

    public var description: String {
        "cannot \(attempt): \(cause)" + (remedy.isEmpty ? "" : "; \(remedy)")
    }
}
