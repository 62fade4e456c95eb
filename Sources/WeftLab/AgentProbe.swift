/// How a lab learns whether an agent is ready: the client of the agents' API, which the command line supplies, so that this
/// module needs no HTTP.
public protocol AgentProbe: Sendable {
    /// Asks the agent on `socket`, waiting no longer than a second.
    func state(socket: String) async -> AgentState
}

/// What an agent says of itself.
public enum AgentState: Hashable, Sendable {
    /// Its host's part is up and nothing is left to do; it has this many ports.
    case ready(portCount: Int)
    /// It answers, and this is missing.
    case waiting(for: [String])
    /// It does not answer (yet).
    case silent(String)
}
