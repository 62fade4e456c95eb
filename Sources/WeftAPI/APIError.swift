/// A failure of a request: what was tried, on which object, why it failed and what to do; on the wire
/// `{error: {code, …}}`.
public struct APIError: Error, Codable, Hashable, Sendable, CustomStringConvertible {
    /// What kind of failure it is; the command line turns each into an exit code.
    public enum Code: String, Codable, Hashable, Sendable, CaseIterable {
        /// The operation was tried and failed.
        case failed
        /// No object has that name.
        case notFound = "not_found"
        /// The request or the command line makes no sense.
        case usage
        /// The topology file has errors.
        case topologyInvalid = "topology_invalid"
        /// No agent answers.
        case unreachable
        case timedOut = "timed_out"
        case notPermitted = "not_permitted"
        /// Stopped by a signal before the work was done.
        case interrupted
    }

    /// What kind of failure it is.
    public var code: Code
    /// What was tried, to follow "cannot": `show port`.
    public var action: String
    /// What it was tried on; empty where ``action`` names it.
    public var object: String
    /// Why it failed.
    public var cause: String
    /// What to do or type next.
    public var help: String?
    /// Whether anything was changed before the failure.
    public var changed: Bool

    /// Creates an error that reads `cannot <action> on <object>: <cause>; <help>`.
    public init(
        _ code: Code, cannot action: String, on object: String, cause: String, help: String? = nil, changed: Bool = false
    ) {
        (self.code, self.action, self.object) = (code, action, object)
        (self.cause, self.help, self.changed) = (cause, help, changed)
    }

    public var description: String {
        let place = object.isEmpty ? "" : " on \(object)"
        let sentence = "cannot \(action)\(place): \(cause)" + (help.map { "; \($0)" } ?? "")
        return changed ? sentence + " (something was changed before)" : sentence
    }

    /// The envelope that travels: `{error: {…}}`.
    package struct Envelope: Codable, Sendable {
        package var error: APIError
        package init(error: APIError) { self.error = error }
    }
}
