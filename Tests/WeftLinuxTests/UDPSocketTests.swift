import Glibc
import Testing
import WeftLinux
import WeftTypes

@Suite struct UDPSocketTests {
    static let loopback = [IPAddress.v4(IPv4Address(rawValue: 0x7F00_0001)), .v6(IPv6Address(rawValue: 1))]

    @Test(arguments: loopback) func carriesDatagramsWithTheirInterface(address: IPAddress) throws {
        var options = UDPSocketOptions(address: address, port: .ephemeral)
        options.wantsPacketInfo = true
        let receiver = try UDPSocket.open(options)
        let sender = try UDPSocket.open(UDPSocketOptions(address: address, port: .ephemeral))
        #expect((49152...65535).contains(receiver.local.udpPort))
        #expect(sender.send([1, 2, 3], to: receiver.local) == .transferred(1))
        let datagram = try receiver.receiveOne()
        #expect(datagram == Datagram(bytes: [1, 2, 3], peer: sender.local, interfaceIndex: Int32(unsafe if_nametoindex("lo"))))
    }

    @Test func batchIsEmptyWithoutBlocking() throws {
        let socket = try UDPSocket.open(UDPSocketOptions(address: Self.loopback[0], port: .ephemeral))
        var header = unsafe DatagramHeader()
        let result = unsafe withUnsafeMutablePointer(to: &header) {
            unsafe socket.receive(UnsafeMutableBufferPointer(start: $0, count: 1))
        }
        #expect(result == .wouldBlock)
        #expect(socket.bufferByteCounts().receive > 0)
    }

    @Test func portIsTakenOnce() throws {
        let first = try UDPSocket.open(UDPSocketOptions(address: Self.loopback[0], port: .ephemeral))
        var options = UDPSocketOptions(address: Self.loopback[0], port: .fixed(first.local.udpPort))
        let refused = LinuxError(.bindSocket, "\(first.local)", errno: EADDRINUSE)
        #expect(throws: refused) { _ = try UDPSocket.open(options).rawValue }
        #expect(refused.description.contains("another program has the port"))
        options.sharesPort = true
        #expect(throws: refused) { _ = try UDPSocket.open(options).rawValue }  // both must want to share
        options.port = .ephemeral
        let third = try UDPSocket.open(options)
        options.port = .fixed(third.local.udpPort)
        #expect(try UDPSocket.open(options).local == third.local)
        options.address = .v4(IPv4Address(rawValue: 0xC000_0201))
        #expect(throws: LinuxError(.bindSocket, "192.0.2.1:\(third.local.udpPort)", errno: EADDRNOTAVAIL)) {
            _ = try UDPSocket.open(options).rawValue
        }
    }

    @Test func transmitOnlySocketReceivesNothing() throws {
        var options = UDPSocketOptions(address: Self.loopback[0], port: .ephemeral)
        options.dropsEverythingReceived = true
        let deaf = try UDPSocket.open(options)
        let sender = try UDPSocket.open(UDPSocketOptions(address: Self.loopback[0], port: .ephemeral))
        #expect(sender.send([1], to: deaf.local) == .transferred(1))
        var poller = try Poller()
        try poller.add(deaf.rawValue, token: 1)
        #expect(poller.wait(timeout: .milliseconds(50)) == .transferred(0))
    }

    @Test func adoptsOnlyUDP() throws {
        let socket = try UDPSocket.open(UDPSocketOptions(address: Self.loopback[0], port: .ephemeral))
        let local = socket.local
        #expect(try UDPSocket(adopting: socket.release()).local == local)
        #expect(throws: LinuxError.self) {
            _ = try UDPSocket(adopting: Descriptor.open("/dev/null", flags: O_RDWR)).rawValue
        }
    }

    @Test(arguments: loopback) func findsHowManySegmentsASendMayHave(address: IPAddress) throws {
        let socket = try UDPSocket.open(UDPSocketOptions(address: address, port: .ephemeral))
        #expect([64, 128].contains(socket.probeSegmentation()))
    }

    /// One send of 20 × 1000 + 1 × 200 bytes arrives as one merged run across a veth.
    @Test(.needsPrivileges, arguments: ["10.9.0.", "fd09::"])
    func movesARunOfDatagramsInOneCall(prefix: String) throws {
        let sandbox = Sandbox()
        let (first, second) = try sandbox.makePair()
        let addresses = try (#require(IPAddress(prefix + "1")), #require(IPAddress(prefix + "2")))
        let sender = try first.run { try UDPSocket.open(UDPSocketOptions(address: addresses.0, port: .ephemeral)) }
        var options = UDPSocketOptions(address: addresses.1, port: .fixed(4789))
        options.mergesReceived = true
        options.wantsPacketInfo = true
        let receiver = try second.run { try UDPSocket.open(options) }
        #expect(receiver.mergesReceived == true)
        #expect(sender.mergesReceived == false)

        let bytes = (0..<20_200).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        #expect(sender.send(bytes, to: receiver.local, segmentByteCount: 1000) == .transferred(1))
        var received: [UInt8] = []
        while received.count < bytes.count, let datagram = try receiver.receiveOne() {
            #expect(datagram.peer == sender.local)
            #expect(datagram.interfaceIndex == Int32(try second.run { unsafe if_nametoindex("eth0") }))
            #expect(datagram.segmentByteCount == (datagram.bytes.count > 1000 ? 1000 : 0))
            received += datagram.bytes
        }
        #expect(received == bytes)
    }

    @Test(.needsPrivileges, arguments: ["10.9.0.", "fd09::"])
    func neverFragments(prefix: String) throws {
        let sandbox = Sandbox()
        let (first, second) = try sandbox.makePair()
        let addresses = try (#require(IPAddress(prefix + "1")), #require(IPAddress(prefix + "2")))
        let headers = addresses.0.family == .v4 ? 28 : 48
        let sender = try first.run { try UDPSocket.open(UDPSocketOptions(address: addresses.0, port: .ephemeral)) }
        let receiver = try second.run { try UDPSocket.open(UDPSocketOptions(address: addresses.1, port: .fixed(4789))) }
        let fits = [UInt8](repeating: 1, count: 1500 - headers)
        #expect(sender.send(fits, to: receiver.local) == .transferred(1))
        #expect(try receiver.receiveOne()?.bytes == fits)
        #expect(sender.send(fits + [1], to: receiver.local) == .failed(errno: EMSGSIZE))
        // One that can't be sent does not harm the next.
        #expect(sender.send([9], to: receiver.local) == .transferred(1))
        #expect(try receiver.receiveOne()?.bytes == [9])
    }

    /// Nobody listens: ICMP comes back, the socket goes on.
    @Test(.needsPrivileges) func survivesUnreachablePeers() throws {
        let sandbox = Sandbox()
        let (first, second) = try sandbox.makePair()
        let sender = try first.run {
            try UDPSocket.open(UDPSocketOptions(address: .v4(IPv4Address(rawValue: 0x0A09_0001)), port: .ephemeral))
        }
        let peer = VTEP(address: .v4(IPv4Address(rawValue: 0x0A09_0002)), udpPort: 4789)
        for _ in 0..<5 {
            #expect(sender.send([1], to: peer) == .transferred(1))
            usleep(2000)
        }
        let unroutable = VTEP(address: .v4(IPv4Address(rawValue: 0xC000_0201)))
        #expect(sender.send([1], to: unroutable) == .failed(errno: ENETUNREACH))
        let receiver = try second.run { try UDPSocket.open(UDPSocketOptions(address: peer.address, port: .fixed(4789))) }
        #expect(sender.send([2], to: peer) == .transferred(1))
        var last: [UInt8]?
        repeat { last = try receiver.receiveOne()?.bytes } while last == [1]  // sent early, held until ARP was through
        #expect(last == [2])
    }

    @Test(.needsPrivileges) func countsWhatTheKernelDropped() throws {
        let sandbox = Sandbox()
        let namespace = try sandbox.makeNamespace("a")
        try namespace.run {
            var options = UDPSocketOptions(address: Self.loopback[0], port: .ephemeral)
            options.receiveBufferByteCount = 4096
            let receiver = try UDPSocket.open(options)
            let sender = try UDPSocket.open(UDPSocketOptions(address: Self.loopback[0], port: .ephemeral))
            #expect(receiver.kernelDropCount() == 0)
            for _ in 0..<100 { _ = sender.send([UInt8](repeating: 0, count: 1000), to: receiver.local) }
            #expect((1...100).contains(receiver.kernelDropCount()))
        }
    }
}
