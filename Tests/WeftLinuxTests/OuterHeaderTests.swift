import Glibc
import Testing
import WeftLinux
import WeftTypes

/// What our sockets put on the underlay, read as frames from a TAP that plays the wire.
@Suite(.needsPrivileges) struct OuterHeaderTests {
    @Test(arguments: UDPSocketOptions.PathMTU.allCases) func fragmentsNothingAndLives64Hops(pathMTU: UDPSocketOptions.PathMTU)
        throws
    {
        let wire = try Wire()
        var options = UDPSocketOptions(address: wire.address("10.8.0.1"), port: .fixed(50_000))
        options.pathMTU = pathMTU
        let sender = try wire.namespace.run { try UDPSocket.open(options) }
        #expect(sender.send([1, 2, 3], to: VTEP(address: wire.address("10.8.0.2"))) == .transferred(1))
        let frame = try #require(try wire.queue.receiveFrame { $0[22...23] == [0x08, 0x00] && $0[33] == 17 })
        #expect(frame[24] == 0x45)
        #expect(frame[30] & 0xE0 == 0x40)  // DF, and no fragment
        #expect(frame[32] == 64)
        #expect(frame[36..<44] == [10, 8, 0, 1, 10, 8, 0, 2])
        #expect(frame[44..<48] == [0xC3, 0x50, 0x12, 0xB5])  // from 50000 to 4789
        #expect(frame[50...51] != [0, 0])  // with a checksum
    }

    @Test func hasAChecksumAndLives64HopsOverIPv6() throws {
        let wire = try Wire()
        let sender = try wire.namespace.run {
            try UDPSocket.open(UDPSocketOptions(address: wire.address("fd08::1"), port: .fixed(50_000)))
        }
        #expect(sender.send([1, 2, 3], to: VTEP(address: wire.address("fd08::2"))) == .transferred(1))
        let frame = try #require(try wire.queue.receiveFrame { $0[22...23] == [0x86, 0xDD] && $0[30] == 17 })
        #expect(frame[31] == 64)
        #expect(frame[64..<68] == [0xC3, 0x50, 0x12, 0xB5])
        #expect(frame[70...71] != [0, 0])
    }

    /// The kernel hands a segmented send to the TAP whole, as it does with a guest's own superframes.
    @Test(.enabled(if: HostFacts.kernelVersion >= (6, 2), "TAPs of this kernel have no UDP segmentation offload (6.2)"))
    func arrivesAsOneSuperframe() throws {
        let wire = try Wire()
        #expect(try wire.queue.probeOffloads().contains(.udp))
        let sender = try wire.namespace.run {
            try UDPSocket.open(UDPSocketOptions(address: wire.address("10.8.0.1"), port: .ephemeral))
        }
        let bytes = [UInt8](repeating: 7, count: 10 * 1000 + 500)
        #expect(sender.send(bytes, to: VTEP(address: wire.address("10.8.0.2")), segmentByteCount: 1000) == .transferred(1))
        let frame = try #require(try wire.queue.receiveFrame { $0[22...23] == [0x08, 0x00] && $0[33] == 17 })
        #expect(frame.count == 10 + 14 + 28 + bytes.count)
        // Checksum needed, UDP, headers 42, size 1000, checksum from 34, at 6.
        #expect(frame[0..<10] == [1, 5, 42, 0, 0xE8, 3, 34, 0, 6, 0])
    }
}

/// A namespace whose only way out is a TAP that the test reads.
private struct Wire: ~Copyable {
    let sandbox: Sandbox
    let namespace: NetworkNamespace
    let queue: TapQueue

    init() throws {
        let sandbox = Sandbox()
        let namespace = try sandbox.makeNamespace("w")
        let queue = try namespace.run { try TapDevice.open(name: "wire") }
        let name = sandbox.name("w")
        try ip("-n \(name) addr add 10.8.0.1/24 dev wire")
        try ip("-n \(name) link set wire up")
        try ip("-n \(name) addr add fd08::1/64 dev wire nodad")
        for peer in ["10.8.0.2", "fd08::2"] { try ip("-n \(name) neigh add \(peer) lladdr 52:54:00:00:00:02 dev wire") }
        self.sandbox = sandbox
        self.namespace = namespace
        self.queue = queue
    }

    func address(_ text: String) -> IPAddress { IPAddress(text) ?? .v4(IPv4Address(rawValue: 0)) }
}
