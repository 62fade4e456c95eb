import Glibc
import Testing
import WeftLinux

@Suite struct HostFactsTests {
    @Test func knowsKernelAndUsers() throws {
        let (major, minor) = HostFacts.kernelVersion
        #expect(major >= 5)
        #expect(HostFacts.kernelRelease.hasPrefix("\(major).\(minor)"))
        #expect(try HostFacts.userID(of: "root") == 0)
        #expect(try HostFacts.userID(of: "1234") == 1234)
        #expect(throws: LinuxError(.lookUpUser, "'no-such-user'", errno: ENOENT, detail: "no such user")) {
            try HostFacts.userID(of: "no-such-user")
        }
        #expect(HostFacts.residentByteCount() > 1 << 20)
        #expect(!HostFacts.hostName.isEmpty)
    }

    @Test(.needsPrivileges) func seesItsPrivileges() {
        #expect(HostFacts.effectiveCapabilities().isSuperset(of: [.networkAdministration, .systemAdministration]))
    }
}
