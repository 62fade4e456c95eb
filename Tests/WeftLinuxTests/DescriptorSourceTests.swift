import Glibc
import Testing
import WeftLinux
import WeftTypes

@Suite struct DescriptorSourceTests {
    static let loopback = IPAddress.v4(IPv4Address(rawValue: 0x7F00_0001))

    @Test func handsOverSockets() throws {
        let old = try UDPSocket.open(UDPSocketOptions(address: Self.loopback, port: .ephemeral))
        let (number, local) = (old.rawValue, old.local)
        let source = DescriptorSource(inheriting: ["udp receive 0": old.release().release()])
        let options = UDPSocketOptions(address: Self.loopback, port: .fixed(local.udpPort))
        let adopted = try source.udpSocket("udp receive 0", options: options)
        #expect(adopted.rawValue == number)
        #expect(adopted.local == local)
        // What is claimed once is opened the next time, and here the port is taken.
        #expect(throws: LinuxError(.bindSocket, "\(local)", errno: EADDRINUSE)) {
            _ = try source.udpSocket("udp receive 0", options: options).rawValue
        }
    }

    @Test func refusesWhatIsBoundElsewhere() throws {
        let old = try UDPSocket.open(UDPSocketOptions(address: Self.loopback, port: .ephemeral))
        let source = DescriptorSource(inheriting: ["udp": old.release().release()])
        let options = UDPSocketOptions(address: Self.loopback, port: .fixed(1))
        #expect(throws: LinuxError.self) { _ = try source.udpSocket("udp", options: options).rawValue }
    }

    @Test func closesWhatNobodyClaims() throws {
        let number = try Descriptor.open("/dev/null", flags: O_RDWR).duplicate(atLeast: 900).release()
        DescriptorSource(inheriting: ["tap": number]).closeUnclaimed()
        #expect(fcntl(number, F_GETFD) == -1)
    }

    @Test(.needsPrivileges) func handsOverQueues() throws {
        let sandbox = Sandbox()
        let namespace = try sandbox.makeNamespace("a")
        let options = TapOptions(isMultiQueue: true)
        let source = try namespace.run {
            let old = try TapDevice.open(name: "t0", options: options)
            return DescriptorSource(inheriting: ["tap t0 0": old.release().release()])
        }
        let first = try source.tapQueue("tap t0 0", device: "t0", options: options)
        let second = try namespace.run { try source.tapQueue("tap t0 1", device: "t0", options: options, existence: .adopt) }
        #expect(try first.facts() == second.facts())
    }
}
