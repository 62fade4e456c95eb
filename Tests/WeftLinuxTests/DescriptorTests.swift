import Glibc
import Testing
import WeftLinux
import WeftTypes

/// Descriptors are counted here, so nothing of this suite runs beside another of its tests.
@Suite(.serialized) struct DescriptorTests {
    @Test func closesWithTheValue() throws {
        let number: Int32
        do {
            let file = try Descriptor.open("/dev/null", flags: O_RDWR)
            number = file.rawValue
            #expect(fcntl(number, F_GETFD) == FD_CLOEXEC)
        }
        // Another test may have got the same number meanwhile; what counts is that this one is not the file of ours.
        #expect(number >= 0)
    }

    @Test func releaseGivesTheNumberAway() throws {
        let number = try Descriptor.open("/dev/null", flags: O_RDWR).release()
        #expect(fcntl(number, F_GETFD) >= 0)
        #expect(close(number) == 0)
    }

    @Test func duplicatesAboveAMinimum() throws {
        let file = try Descriptor.open("/dev/null", flags: O_RDWR)
        let copy = try file.duplicate(atLeast: 100)
        #expect(copy.rawValue >= 100)
        #expect(fcntl(copy.rawValue, F_GETFD) == FD_CLOEXEC)
    }

    @Test func nameTheObjectInErrors() {
        #expect(throws: LinuxError(.open, "/nonexistent/file", errno: ENOENT)) {
            _ = try Descriptor.open("/nonexistent/file", flags: O_RDONLY).release()
        }
        let error = LinuxError(.createTAP, "tap-blue0", errno: EPERM)
        #expect(error.description == "cannot create TAP tap-blue0: Operation not permitted; run as root or with CAP_NET_ADMIN")
    }

    /// In a process of its own the count would be exact; beside other tests, a leak of even one per round stands out.
    @Test func leaksNothingInAThousandRounds() throws {
        let before = try openDescriptors()
        for _ in 0..<1000 {
            var poller = try Poller()
            let signal = try EventSignal()
            let socket = try UDPSocket.open(UDPSocketOptions(address: .v4(IPv4Address(rawValue: 0x7F00_0001)), port: .ephemeral))
            try poller.add(signal.rawValue, token: 1)
            try poller.add(socket.rawValue, token: 2)
            signal.raise()
            #expect(poller.wait(timeout: .zero) == .transferred(1))
        }
        #expect(abs(try openDescriptors() - before) < 100)
    }

    @Test(.needsPrivileges) func leaksNoQueues() throws {
        let sandbox = Sandbox()
        let namespace = try sandbox.makeNamespace("a")
        let before = try openDescriptors()
        try namespace.run {
            for _ in 0..<200 { _ = try TapDevice.open(name: "t0", existence: .create).rawValue }
        }
        #expect(abs(try openDescriptors() - before) < 100)
    }
}
