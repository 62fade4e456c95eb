import Foundation
import Testing
import WeftLab

@testable import WeftCLI

@Suite struct LabViewTests {
    private static let json = """
        {"name": "two-hosts", "topology": "Topologies/two-hosts.weft.yaml", "complete": true,
         "hosts": [
          {"name": "alpha", "kind": "agent", "namespace": "weft-two-hosts-h-alpha", "underlay": ["192.0.2.11"], "state": "up"},
          {"name": "bravo", "kind": "vtep", "namespace": "weft-two-hosts-h-bravo", "underlay": ["192.0.2.12"], "state": "up"}],
         "guests": [
          {"name": "vm1", "host": "alpha", "segment": "blue", "kind": "namespace", "addresses": ["10.1.0.11/24"],
           "state": "up", "enter": "weft lab shell vm1"},
          {"name": "acme/vm2", "host": "bravo", "segment": "blue", "kind": "machine", "addresses": [], "state": "down",
           "enter": "weft lab shell acme/vm2"}]}
        """

    private func lab() throws -> LabSummary { try JSONDecoder().decode(LabSummary.self, from: Data(Self.json.utf8)) }

    @Test func showsGuestsAndHowToEnterThem() throws {
        #expect(
            try LabView.text(try lab(), format: .table) == """
                GUEST     HOST   SEGMENT  KIND       ADDRESS       STATE  ENTER
                vm1       alpha  blue     namespace  10.1.0.11/24  up     weft lab shell vm1
                acme/vm2  bravo  blue     machine    –             down   weft lab shell acme/vm2

                """)
        #expect(try LabView.text(try lab(), format: .name) == "vm1\nacme/vm2\n")
    }

    @Test func listsLabs() throws {
        #expect(
            try LabView.list([try lab()], format: .table) == """
                LAB        HOSTS        GUESTS  STATE    TOPOLOGY
                two-hosts  alpha bravo  2       damaged  Topologies/two-hosts.weft.yaml

                """)
        let line = try LabView.list([try lab()], format: .jsonl)
        #expect(line.hasPrefix(#"{"complete":true,"guests":[{"addresses":["10.1.0.11/24"],"enter":"weft lab shell vm1""#))
        #expect(try LabView.list([], format: .json) == "[\n\n]\n")
    }
}
