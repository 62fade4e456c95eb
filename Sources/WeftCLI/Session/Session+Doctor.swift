import WeftAPI
import WeftLinux
import WeftTypes

extension Session {
    /// `weft doctor`: what can be seen of the host from here, and what its agent tells.
    ///
    /// An agent that does not answer is a finding, not a failure: the checks of the host are what one needs then.
    package func doctor() async throws(APIError) -> ExitStatus {
        let agent = try choice.resolve()
        let client = AgentClient(socketPath: agent.socketPath, timeout: timeout)
        var told: [Finding] = []
        var status: StatusReport?
        do throws(APIError) {
            let answer = try await client.status()
            told = try await client.doctor() + [Self.finding(about: answer)]
            status = answer
        } catch {
            told = [
                Finding(
                    .agent, error.code == .notPermitted ? .fail : .warn, error.cause + " (\(agent.socketPath))", fix: error.help)
            ]
        }
        let (port, underlay) = (status?.udpPort ?? VTEP.defaultUDPPort, status?.underlay ?? [])
        let namespace = agent.namespace.map { NetworkNamespace.named($0) } ?? .current
        guard case .success(let survey) = try? namespace.result(of: { HostSurvey.gather(udpPort: port, underlay: underlay) })
        else {
            throw APIError(
                .notPermitted, cannot: "look into", on: "the namespace of \(agent.socketPath)", cause: "it can't be entered",
                help: "run it with sudo")
        }
        let findings = Self.merge(HostChecks(survey: survey, status: status).findings(), told)
        console.write(try text(findings))
        return findings.contains { $0.status == .fail } ? .finding : .done
    }

    /// All findings by code; where the agent tells about a check, what was seen from outside is left out.
    static func merge(_ seen: [Finding], _ told: [Finding]) -> [Finding] {
        let codes = Set(told.map(\.code))
        return (seen.filter { !codes.contains($0.code) } + told).enumerated()
            .sorted { ($0.element.code.rawValue, $0.offset) < ($1.element.code.rawValue, $1.offset) }.map(\.element)
    }

    private static func finding(about status: StatusReport) -> Finding {
        guard status.isReady else {
            return Finding(
                .agent, .fail, "the agent is not ready: " + status.waitingFor.joined(separator: "; "),
                fix: "see its log and weft status")
        }
        return Finding(.agent, .ok, "the agent of \(status.host) is ready, up \(Quantity.uptime(seconds: status.uptimeSeconds))")
    }

    private func text(_ findings: [Finding]) throws(APIError) -> String {
        switch format {
        case .table, .wide: return FindingsView.text(findings, paint: console.paint)
        case .name: return findings.map { $0.code.rawValue + "\n" }.joined()
        case .json: return try Self.document(findings, isPretty: true)
        case .jsonl:
            var text = ""
            for finding in findings { text += try Self.document(finding, isPretty: false) }
            return text
        }
    }
}
