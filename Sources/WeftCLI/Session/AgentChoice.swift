import Glibc
import WeftAPI
import WeftLab

/// Which agent a command asks: this host's, or one of a lab on this machine.
package struct AgentChoice: Hashable, Sendable {
    /// The socket the user named, if any.
    package var socketPath: String?
    /// The lab the user named, if any.
    package var lab: String?
    /// The host of a lab the user named, if any.
    package var host: String?

    package init(socketPath: String? = nil, lab: String? = nil, host: String? = nil) {
        (self.socketPath, self.lab, self.host) = (socketPath, lab, host)
    }

    /// Where the chosen agent is.
    struct Place: Hashable, Sendable {
        var socketPath: String
        /// The name of its network namespace; nil for the one this process is in.
        var namespace: String?
    }

    /// Decides by what the user said and what is there: `--socket` wins; then a lab that was named; then this host's agent
    /// if it has a socket; then the only lab.
    ///
    /// - Throws: ``APIError`` `usage` with the list of what there is, when it takes a name to decide.
    func resolve(
        labRoot: String = LabLayout.defaultRoot, defaultPath: String = AgentClient.defaultSocketPath
    ) throws(APIError) -> Place {
        if let socketPath { return Place(socketPath: socketPath, namespace: nil) }
        if lab == nil, host == nil {
            let isThere = unsafe access(defaultPath, F_OK) == 0
            if isThere || Lab.names(root: labRoot).isEmpty { return Place(socketPath: defaultPath, namespace: nil) }
        }
        do throws(LabError) {
            let lab = try Lab.find(lab, root: labRoot).lab.rawValue
            let socket = try Lab.agentSocket(host: host, lab: lab, root: labRoot)
            let hosts = try Lab.list(lab, root: labRoot).flatMap(\.hosts)
            return Place(socketPath: socket, namespace: hosts.first { $0.socket == socket }?.namespace)
        } catch {
            throw APIError(error)
        }
    }
}

extension APIError {
    /// The same failure in the words of the API.
    package init(_ error: LabError) {
        let code: Code =
            switch error.kind {
            case .usage: .usage
            case .invalidTopology: .topologyInvalid
            case .unreachable: .unreachable
            case .timedOut: .timedOut
            case .notPermitted: .notPermitted
            case .interrupted: .interrupted
            case .failed: .failed
            }
        self.init(
            code, cannot: error.attempt, on: "", cause: error.cause, help: error.remedy.isEmpty ? nil : error.remedy,
            changed: error.isChanged)
    }
}
