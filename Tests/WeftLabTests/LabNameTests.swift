import Testing

@testable import WeftLab

@Suite struct LabNameTests {
    @Test(arguments: ["a", "first", "two-hosts", "acme.web1", "9", String(repeating: "a", count: 32)])
    func accepts(name: String) {
        #expect(LabName(name)?.rawValue == name)
    }

    @Test(arguments: [
        "", "-a", "a-", ".a", "a.", "..", "a/b", "A", "a b", "ä", "a\n", "../etc", String(repeating: "a", count: 33),
    ])
    func rejects(name: String) {
        #expect(LabName(name) == nil)
    }

    @Test func takesTheFabricsNameWithASlashAsADot() {
        #expect(LabName(fabric: "acme/web")?.rawValue == "acme.web")
    }
}

@Suite struct LabLayoutTests {
    let layout = LabLayout(lab: LabName("first") ?? .fallback)

    @Test func namesNamespacesAsTheAgentDoes() {
        #expect(layout.underlayNamespace == "weft-first-u")
        #expect(layout.hostNamespace("alpha") == "weft-first-h-alpha")
        #expect(layout.guestNamespace("acme/web1") == "weft-first-g-acme.web1")
    }

    @Test func keepsAllFilesOfALabInItsFolder() {
        #expect(layout.directory == "/run/weft/labs/first")
        #expect(layout.agentSocket("alpha") == "/run/weft/labs/first/hosts/alpha/agent.sock")
        #expect(layout.commandSocket("acme/web1", channel: 3) == "/run/weft/labs/first/guests/acme.web1/exec3.sock")
    }

    @Test(arguments: ["lo", "all", "default", "acme/web", "a-name-of-16-byte"])
    func hashesWhatIsNoDevicesName(host: String) {
        let device = LabLayout.routerDevice(host: host)
        #expect(device.hasPrefix("h-"))
        #expect(device.utf8.count == 10)
    }

    @Test func callsTheRoutersDeviceAsItsHost() {
        #expect(LabLayout.routerDevice(host: "alpha") == "alpha")
    }
}

extension LabName {
    /// For tests that need some lab.
    static var fallback: LabName {
        guard let name = LabName("test") else { preconditionFailure("'test' is a lab's name") }
        return name
    }
}
