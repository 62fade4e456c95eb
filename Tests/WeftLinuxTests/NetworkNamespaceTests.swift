import Glibc
import Testing
import WeftLinux

@Suite(.needsPrivileges) struct NetworkNamespaceTests {
    @Test func isWhatIPNetnsLists() throws {
        let sandbox = Sandbox()
        let name = sandbox.name("x")
        try NetworkNamespace.create(name)
        #expect(try ip("netns list").contains(name))
        #expect(try NetworkNamespace.list().contains(name))
        #expect(NetworkNamespace.exists(name))
        #expect(throws: LinuxError(.createNamespace, name, errno: EEXIST)) { try NetworkNamespace.create(name) }
        #expect(try ip("netns exec \(name) ip -o link").contains("lo:"))
        try NetworkNamespace.delete(name)
        #expect(try !ip("netns list").contains(name))
        #expect(!NetworkNamespace.exists(name))
        #expect(throws: LinuxError(.deleteNamespace, name, errno: ENOENT)) { try NetworkNamespace.delete(name) }
        #expect(throws: LinuxError(.enterNamespace, name, errno: ENOENT)) {
            try NetworkNamespace.named(name).run {}
        }
    }

    @Test func findsWhatIPNetnsMade() throws {
        let name = Sandbox().name("y")
        try ip("netns add \(name)")
        #expect(try NetworkNamespace.list().contains(name))
        let identity = try NetworkNamespace.named(name).identity()
        #expect(try identity == NetworkNamespace.path("/run/netns/\(name)").identity())
        #expect(try identity != NetworkNamespace.current.identity())
        try NetworkNamespace.delete(name)
        #expect(try !ip("netns list").contains(name))
    }

    @Test(arguments: ["", ".", "..", "a/b", "../x", "nul\0byte"]) func refusesNames(name: String) {
        #expect(throws: LinuxError.self) { try NetworkNamespace.create(name) }
        #expect(throws: LinuxError.self) { try NetworkNamespace.delete(name) }
    }

    @Test func bodyRunsInsideAndTheCallerStaysOutside() throws {
        let sandbox = Sandbox()
        let namespace = try sandbox.makeNamespace("a")
        let outside = try NetworkNamespace.current.identity()
        let inside = try namespace.run { try NetworkNamespace.current.identity() }
        #expect(try inside == namespace.identity())
        #expect(try NetworkNamespace.current.identity() == outside)
        #expect(outside != inside)
        #expect(throws: CommandFailure.self) { try namespace.run { throw CommandFailure(text: "from inside") } }
        let typed = try namespace.result { () throws(LinuxError) -> Int in throw LinuxError(.open, "x", errno: EPERM) }
        #expect(throws: LinuxError(.open, "x", errno: EPERM)) { _ = try typed.get() }
    }

    @Test func listsProcessesInside() throws {
        let sandbox = Sandbox()
        let namespace = try sandbox.makeNamespace("a")
        #expect(try namespace.processIDs().isEmpty)
        let child = try ChildProcess(Command("sleep", ["60"], in: namespace))
        #expect(try namespace.processIDs() == [child.processID])
        try child.terminate()
        #expect(try namespace.processIDs().isEmpty)
    }

    /// That the program takes the place of the one that asked is shown where it is used, by `weft lab exec`.
    @Test func aProgramThatIsMissingReplacesNothing() throws {
        let sandbox = Sandbox()
        let namespace = try sandbox.makeNamespace("a")
        #expect(throws: LinuxError(.replaceSelf, "no-such-program", errno: ENOENT)) {
            try Command("no-such-program", in: namespace).replaceSelf()
        }
    }
}
