import WeftAPI
import WeftLab

/// Tells a lab whether its agents are ready, by their API.
package struct LabAgentProbe: AgentProbe {
    package init() {}

    package func state(socket: String) async -> AgentState {
        do throws(APIError) {
            let status = try await AgentClient(socketPath: socket, timeout: .seconds(1)).status()
            guard status.isReady, status.isConverged else { return .waiting(for: status.waitingFor) }
            return .ready(portCount: status.portCount)
        } catch {
            return .silent(error.cause)
        }
    }
}
