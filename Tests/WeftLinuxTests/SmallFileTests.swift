import Glibc
import Testing
import WeftLinux

@Suite struct SmallFileTests {
    @Test func replacesInOneStep() throws {
        let directory = "/tmp/weft-file-test-\(getpid())"
        #expect(unsafe mkdir(directory, 0o700) == 0)
        let path = directory + "/state"
        defer {
            unsafe _ = unlink(path)
            unsafe _ = rmdir(directory)
        }
        #expect(try SmallFile.read(path) == nil)
        try SmallFile.write(Array("first".utf8), to: path, mode: 0o600)
        let held = try Descriptor.open(path, flags: O_RDONLY)
        try SmallFile.write(Array("second".utf8), to: path)
        #expect(try SmallFile.read(path) == Array("second".utf8))
        #expect(try held.readToEnd(name: path) == Array("first".utf8))  // a reader keeps what it opened
        #expect(try SmallFile.names(in: directory) == ["state"])
        #expect(throws: LinuxError(.read, path, errno: EFBIG, detail: "more than 5 bytes")) {
            try SmallFile.read(path, limit: 5)
        }
        #expect(try SmallFile.read(path, limit: 6)?.count == 6)
    }

    @Test func namesWhatItCannotWrite() throws {
        #expect(throws: LinuxError(.write, "/nonexistent/file", errno: ENOENT)) {
            try SmallFile.write([1], to: "/nonexistent/file")
        }
        #expect(throws: LinuxError(.read, "/", errno: EISDIR)) { try SmallFile.read("/") }
        #expect(try SmallFile.names(in: "/nonexistent") == nil)
    }
}
