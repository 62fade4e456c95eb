import Glibc
import Testing
import WeftLinux

@Suite struct LockTests {
    @Test func fileHasOneHolder() throws {
        let path = "/tmp/weft-lock-test-\(getpid())"
        defer { unsafe _ = unlink(path) }
        do {
            let lock = try FileLock(at: path)
            #expect(throws: LinuxError(.lock, path, errno: EWOULDBLOCK)) { try tryLock(path) }
            _ = consume lock
        }
        try tryLock(path)
    }

    private func tryLock(_ path: String) throws { _ = try FileLock(at: path) }

    @Test(.needsPrivileges) func namespaceHasOneAgent() throws {
        let sandbox = Sandbox()
        let (first, second) = (try sandbox.makeNamespace("a"), try sandbox.makeNamespace("b"))
        #expect(try first.run { AgentLock.holder() } == nil)
        do {
            let lock = try first.run { try AgentLock() }
            #expect(try first.run { AgentLock.holder() } == getpid())
            let taken = LinuxError(
                .becomeOnlyAgent, "this network namespace", errno: EADDRINUSE, detail: "process \(getpid()) is it already")
            #expect(throws: taken) { try first.run { _ = try AgentLock() } }
            #expect(taken.description.contains("stop the other agent"))
            try second.run { _ = try AgentLock() }  // another namespace, another agent
            _ = consume lock
        }
        #expect(try first.run { AgentLock.holder() } == nil)
        try first.run { _ = try AgentLock() }
    }
}
