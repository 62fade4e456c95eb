import WeftAPI

/// What the process returns; scripts depend on these numbers.
package enum ExitStatus: Int32, Hashable, Sendable, CaseIterable {
    /// Done, or no difference.
    case done = 0
    /// The operation failed.
    case failed = 1
    /// A difference or a finding, where that is what was asked about.
    case finding = 2
    /// The command line makes no sense.
    case usage = 64
    /// The topology file has errors.
    case topologyInvalid = 65
    /// No agent answers.
    case unreachable = 69
    case timedOut = 75
    case notPermitted = 77
    /// Stopped by a signal before the work was done.
    case interrupted = 130

    /// The number that belongs to a kind of failure.
    package init(_ code: APIError.Code) {
        switch code {
        case .failed, .notFound: self = .failed
        case .usage: self = .usage
        case .topologyInvalid: self = .topologyInvalid
        case .unreachable: self = .unreachable
        case .timedOut: self = .timedOut
        case .notPermitted: self = .notPermitted
        case .interrupted: self = .interrupted
        }
    }
}
