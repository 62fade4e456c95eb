import Glibc
import Testing
import WeftLinux

@Suite struct ServiceNotifierTests {
    @Test(arguments: ["/tmp/weft-notify-test-\(getpid())", "@weft-notify-test-\(getpid())"])
    func reachesTheManager(address: String) throws {
        defer { if address.hasPrefix("/") { unsafe _ = unlink(address) } }
        // systemd-notify is not everywhere; a datagram socket of Python's is.
        let script = """
            import socket, sys
            s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.settimeout(20)
            name = sys.argv[1]; s.bind("\\0" + name[1:] if name[0] == "@" else name)
            print("bound", flush=True); print(s.recv(4096).decode())
            """
        let output = try Descriptor.open("/tmp", flags: O_RDWR | oTemporaryFile)
        var command = Command("python3", ["-c", script, address])
        command.standardOutput = .descriptor(output.rawValue)
        let manager = try ChildProcess(command)
        let notifier = ServiceNotifier(address: address)
        let deadline = MonotonicClock.now().advanced(by: .seconds(10))
        while MonotonicClock.now() < deadline, (try? notifier.notify(.ready, .status("2 ports,\n1 segment"))) == nil {
            usleep(10_000)
        }
        #expect(try manager.wait(timeout: .seconds(10)) == .exited(0))
        lseek(output.rawValue, 0, SEEK_SET)
        let text = String(decoding: try output.readToEnd(name: "output"), as: UTF8.self)
        #expect(text == "bound\nREADY=1\nSTATUS=2 ports, 1 segment\n")
    }

    @Test func isSilentWithoutAManager() throws {
        try ServiceNotifier(address: nil).notify(.ready)
        try ServiceNotifier(address: "").notify(.stopping)
    }

    @Test func saysWhyItCannotNotify() {
        #expect(throws: LinuxError(.notify, "/nonexistent/socket", errno: ENOENT)) {
            try ServiceNotifier(address: "/nonexistent/socket").notify(.reloading)
        }
        #expect(throws: LinuxError.self) {
            try ServiceNotifier(address: String(repeating: "x", count: 108)).notify(.watchdog)
        }
    }
}

private let oTemporaryFile: Int32 = 0o20200000  // O_TMPFILE, which needs _GNU_SOURCE
