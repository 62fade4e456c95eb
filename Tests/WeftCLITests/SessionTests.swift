import Testing
import WeftAPI
import WeftLab

@testable import WeftCLI

@Suite struct SessionTests {
    @Test(arguments: [
        ("30s", 30.0), ("500ms", 0.5), ("2m", 120), ("1h", 3600), ("10", 10), ("0.5s", 0.5), ("0", 0),
    ])
    func readsDurations(text: String, seconds: Double) {
        #expect(DurationText.parse(text).map { $0 / .seconds(1) } == seconds)
    }

    @Test(arguments: ["", "s", "-1s", "1y", "nan", "inf", "1e99", "ten", "1 s", " 1"])
    func refusesOtherDurations(text: String) { #expect(DurationText.parse(text) == nil) }

    @Test func choosesTheAgent() throws {
        let none = "/nonexistent/labs"
        #expect(try AgentChoice(socketPath: "/s", lab: "x").resolve(labRoot: none).socketPath == "/s")
        #expect(
            try AgentChoice().resolve(labRoot: none, defaultPath: "/nonexistent/agent.sock").socketPath
                == "/nonexistent/agent.sock")
        let error = #expect(throws: APIError.self) { try AgentChoice(lab: "x").resolve(labRoot: none) }
        #expect(error?.code == .usage)
        #expect(error?.description == "cannot find lab 'x': there is no such lab; make one: weft lab up FILE")
    }

    @Test(arguments: APIError.Code.allCases)
    func hasAnExitStatusForEveryError(code: APIError.Code) {
        let expected: [APIError.Code: Int32] = [
            .failed: 1, .notFound: 1, .usage: 64, .topologyInvalid: 65, .unreachable: 69, .timedOut: 75,
            .notPermitted: 77, .interrupted: 130,
        ]
        #expect(ExitStatus(code).rawValue == expected[code])
    }

    @Test(arguments: LabError.Kind.allCases)
    func agreesWithTheLabOnExitStatuses(kind: LabError.Kind) {
        let error = APIError(LabError(kind, cannot: "try", cause: "because", remedy: "do"))
        #expect(ExitStatus(error.code).rawValue == kind.exitCode)
        #expect(error.description == "cannot try: because; do")
    }
}
