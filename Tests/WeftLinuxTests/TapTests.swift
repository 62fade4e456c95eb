import Glibc
import Testing
import WeftLinux
import WeftTypes

@Suite(.needsPrivileges) struct TapTests {
    @Test func goesWithItsQueueUnlessPersistent() throws {
        let sandbox = Sandbox()
        let namespace = try sandbox.makeNamespace("a")
        try namespace.run {
            do {
                let queue = try TapDevice.open(name: "t0", existence: .create)
                let facts = try queue.facts()
                #expect(facts.name == "t0" && facts.hasVirtioNetHeader)
                #expect(!facts.isMultiQueue && !facts.isPersistent)
                #expect(interfaceIndex("t0") != 0)
            }
            #expect(interfaceIndex("t0") == 0)
            do {
                let queue = try TapDevice.open(name: "t0")
                try queue.setPersistent(true)
                try queue.setOwner(1)
            }
            #expect(interfaceIndex("t0") != 0)
            let again = try TapDevice.open(name: "t0", existence: .adopt)
            #expect(try again.facts().isPersistent)
            try again.setPersistent(false)
        }
        #expect(try namespace.run { interfaceIndex("t0") } == 0)
    }

    @Test func tellsWhyItCannotOpen() throws {
        let sandbox = Sandbox()
        let namespace = try sandbox.makeNamespace("a")
        try namespace.run {
            #expect(throws: LinuxError(.adoptTAP, "t0", errno: ENODEV)) { try open("t0", existence: .adopt) }
            let queue = try TapDevice.open(name: "t0")
            #expect(throws: LinuxError(.createTAP, "t0", errno: EBUSY)) { try open("t0") }
            #expect(throws: LinuxError(.createTAP, "t0", errno: EBUSY)) { try open("t0", existence: .create) }
            #expect(throws: LinuxError(.createTAP, "t0", errno: EINVAL)) { try open("t0", TapOptions(isMultiQueue: true)) }
            #expect(throws: LinuxError.self) { try open("a%d") }
            #expect(throws: LinuxError.self) { try open("sixteen-bytes-xx") }
            #expect(queue.name == "t0")
        }
    }

    @Test func opensSeveralQueues() throws {
        let sandbox = Sandbox()
        let namespace = try sandbox.makeNamespace("a")
        try namespace.run {
            let options = TapOptions(isMultiQueue: true)
            let first = try TapDevice.open(name: "t0", options: options, existence: .create)
            let second = try TapDevice.open(name: "t0", options: options, existence: .adopt)
            #expect(try first.facts() == second.facts())
            #expect(throws: LinuxError.self) { try open("t0") }  // a single-queue opener, as QEMU without queues=
        }
    }

    @Test("queues go on working when the device is moved; more are opened where it is") func moves() throws {
        let sandbox = Sandbox()
        let (host, guest) = (try sandbox.makeNamespace("a"), try sandbox.makeNamespace("b"))
        var queues = try TapQueues.open(name: "t0", count: 2, in: host)
        try ip("-n \(sandbox.name("a")) link set t0 netns \(sandbox.name("b")) name eth0")
        #expect(try host.run { interfaceIndex("t0") } == 0)
        try guest.run { try queues.open(name: "eth0", upTo: 3) }
        let count = queues.count
        guard let first = queues.removeFirst(), let second = queues.removeFirst(), let third = queues.removeFirst(),
            count == 3
        else {
            Issue.record("\(count) queues")
            return
        }
        #expect(try first.probeOffloads().isSuperset(of: [.checksum, .tcp4, .tcp6]))
        #expect(try first.facts().name == "eth0" && first.name == "t0")
        try ip("-n \(sandbox.name("b")) addr add 10.8.0.1/24 dev eth0")
        try ip("-n \(sandbox.name("b")) link set eth0 up addrgenmode none")
        #expect(third.transmit([UInt8](repeating: 0, count: 10) + Self.request) == .transferred(52))
        // The device chooses the queue of the answer.
        let isAnswer = { (frame: ArraySlice<UInt8>) in frame.count >= 52 && frame[22...23] == [0x08, 0x06] }
        var answer = try third.receiveFrame(where: isAnswer)
        if answer == nil { answer = try first.receiveFrame(where: isAnswer) }
        if answer == nil { answer = try second.receiveFrame(where: isAnswer) }
        #expect(try #require(answer)[38..<42] == [10, 8, 0, 1])
        #expect(second.transmit([UInt8](repeating: 0, count: 10) + Self.request) == .transferred(52))
    }

    @Test func probesOffloads() throws {
        let sandbox = Sandbox()
        let namespace = try sandbox.makeNamespace("a")
        try namespace.run {
            let queue = try TapDevice.open(name: "t0")
            let offloads = try queue.probeOffloads()
            #expect(offloads.isSuperset(of: [.checksum, .tcp4, .tcp6]))
            #expect(try queue.probeOffloads([.checksum, .tcp4]) == [.checksum, .tcp4])
            #expect(try queue.probeOffloads([]) == [])
            #expect(throws: LinuxError(.configureTAP, "t0", errno: EINVAL)) { try queue.setOffloads(TapOffloads(rawValue: 0x20)) }
            #expect(throws: LinuxError(.configureTAP, "t0", errno: EINVAL)) { try queue.setOffloads(.tcp4) }
        }
        #expect(TapOffloads.all.description == "checksum tso4 tso6 tso-ecn uso")
        #expect(TapOffloads([]).description == "none")
    }

    /// An ARP request goes in, the kernel's answer comes out.
    @Test func carriesFramesBothWays() throws {
        let sandbox = Sandbox()
        let namespace = try sandbox.makeNamespace("a")
        let queue = try namespace.run { try TapDevice.open(name: "t0") }
        try queue.probeOffloads()
        try ip("-n \(sandbox.name("a")) addr add 10.8.0.1/24 dev t0")
        try ip("-n \(sandbox.name("a")) link set t0 up addrgenmode none")
        #expect(queue.transmit([UInt8](repeating: 0, count: 10) + Self.request) == .transferred(52))
        let answer = try #require(try queue.receiveFrame { $0.count >= 52 && $0[22...23] == [0x08, 0x06] })
        #expect(answer[0..<10].allSatisfy { $0 == 0 })  // no offload in use
        #expect(answer[10..<16] == [0x52, 0x54, 0, 0, 0, 1])
        #expect(answer[30...31] == [0, 2])  // a reply
        #expect(answer[38..<42] == [10, 8, 0, 1])
        while case .transferred = queue.receive(into: 128) {}
        #expect(queue.receive(into: 128) == .wouldBlock)
    }

    /// A loop that ignores this spins: the descriptor stays "ready" for ever.
    @Test func reportsThatTheDeviceIsGone() throws {
        let sandbox = Sandbox()
        let namespace = try sandbox.makeNamespace("a")
        let queue = try namespace.run { try TapDevice.open(name: "t0") }
        var poller = try Poller()
        try poller.add(queue.rawValue, token: 1)
        try ip("-n \(sandbox.name("a")) link delete t0")
        #expect(poller.wait(timeout: .seconds(2)) == .transferred(1))
        #expect(poller[0].readiness.contains(.failed))
        #expect(queue.receive(into: 128) == .failed(errno: EBADFD))
        #expect(queue.transmit([UInt8](repeating: 0, count: 64)) == .failed(errno: EBADFD))
    }

    @Test func adoptsADescriptor() throws {
        let sandbox = Sandbox()
        let namespace = try sandbox.makeNamespace("a")
        let queue = try namespace.run { try TapDevice.open(name: "t0") }
        let adopted = try TapDevice.adopt(queue.release(), name: "t0")
        #expect(adopted.hasVirtioNetHeader == true)
        #expect(throws: LinuxError(.adoptTAP, "t2", errno: EINVAL, detail: "the inherited descriptor belongs to t1")) {
            let wrong = try namespace.run { try TapDevice.open(name: "t1") }
            _ = try TapDevice.adopt(wrong.release(), name: "t2").rawValue
        }
        #expect(throws: LinuxError.self) {
            _ = try TapDevice.adopt(Descriptor.open("/dev/null", flags: O_RDWR), name: "t0").rawValue
        }
    }

    /// Who has 10.8.0.1? Tell 10.8.0.2.
    static let request: [UInt8] = [
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x52, 0x54, 0x00, 0x00, 0x00, 0x01, 0x08, 0x06,  // Ethernet
        0x00, 0x01, 0x08, 0x00, 0x06, 0x04, 0x00, 0x01,  // Ethernet, IPv4, request
        0x52, 0x54, 0x00, 0x00, 0x00, 0x01, 10, 8, 0, 2, 0, 0, 0, 0, 0, 0, 10, 8, 0, 1,
    ]
}

private func interfaceIndex(_ name: String) -> UInt32 { unsafe if_nametoindex(name) }

/// Opens and closes a queue.
private func open(
    _ name: String, _ options: TapOptions = TapOptions(), existence: TapDevice.Existence = .createOrAdopt
) throws {
    _ = try TapDevice.open(name: name, options: options, existence: existence).rawValue
}
