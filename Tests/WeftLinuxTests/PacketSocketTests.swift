import Glibc
import Testing
import WeftLinux
import WeftTypes

@Suite(.needsPrivileges) struct PacketSocketTests {
    /// A socket on one end of a veth pair, which has no address; the other end is in namespace `b`.
    private func open(in sandbox: Sandbox) throws -> PacketSocket {
        let (near, _) = try sandbox.makePair()
        try ip("-n \(sandbox.name("a")) addr flush dev eth0")
        return try near.run { try PacketSocket.open(interface: "eth0") }
    }

    @Test func tellsWhyItCannotOpen() throws {
        let sandbox = Sandbox()
        try sandbox.makeNamespace("a").run {
            #expect(throws: LinuxError(.openPacketSocket, "none", errno: ENODEV)) {
                _ = try PacketSocket.open(interface: "none").rawValue
            }
            #expect(throws: LinuxError.self) { _ = try PacketSocket.open(interface: "a/b").rawValue }
            let socket = try PacketSocket.open(interface: "lo")
            #expect(socket.name == "lo" && socket.interfaceIndex == 1)
        }
    }

    /// An ARP request goes out and is not seen again, the neighbour's answer comes in.
    @Test func carriesFramesBothWays() throws {
        let sandbox = Sandbox()
        let socket = try open(in: sandbox)
        var frames = PacketFrames()
        let request = TapTests.request.prefix(28) + [10, 9, 0, 1, 0, 0, 0, 0, 0, 0, 10, 9, 0, 2]
        #expect(frames.transmit([[UInt8](repeating: 0, count: 10) + request], on: socket) == .transferred(1))
        let answer = try #require(try frames.receive(on: socket) { $0.bytes[22...23] == [0x08, 0x06] })
        #expect(answer.bytes[10..<16] == [0x52, 0x54, 0, 0, 0, 1])
        #expect(answer.bytes[30...31] == [0, 2])  // a reply, so not what we sent
        #expect(answer.bytes[38..<42] == [10, 9, 0, 2])
        #expect(answer.tag == nil)
    }

    @Test("several frames go in one call, and a bad one stops it there") func batches() throws {
        let sandbox = Sandbox()
        let socket = try open(in: sandbox)
        var frames = PacketFrames()
        let good = [UInt8](repeating: 0, count: 10) + TapTests.request
        let bad: [UInt8] = [1, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 0] + TapTests.request  // a checksum far outside
        #expect(frames.transmit([good, good, bad, good], on: socket) == .transferred(2))
        #expect(frames.transmit([bad, good], on: socket) == .failed(errno: EINVAL))
        #expect(frames.transmit([good], on: socket) == .transferred(1))
    }

    @Test("a tag comes beside the frame, not in it") func tag() throws {
        let sandbox = Sandbox()
        let socket = try open(in: sandbox)
        let other = try NetworkNamespace.named(sandbox.name("b")).run { try PacketSocket.open(interface: "eth0") }
        var frames = PacketFrames()
        let request = TapTests.request
        let tagged = request[0..<12] + [0x88, 0xA8, 0x60, 0x05] + request[12...]
        #expect(frames.transmit([[UInt8](repeating: 0, count: 10) + tagged], on: other) == .transferred(1))
        let received = try #require(try frames.receive(on: socket) { $0.tag != nil })
        #expect(received.tag == PacketSocket.Tag(control: 0x6005, type: 0x88A8))
        #expect(received.bytes.dropFirst(10) == request[...])
    }

    @Test("down and up is told once, deleting shows when it is asked for") func linkStates() throws {
        let sandbox = Sandbox()
        let socket = try open(in: sandbox)
        var frames = PacketFrames()
        let good = [UInt8](repeating: 0, count: 10) + TapTests.request
        let name = sandbox.name("a")
        _ = frames.drain(socket)
        try ip("-n \(name) link set eth0 down")
        #expect(frames.drain(socket) == .failed(errno: ENETDOWN))
        #expect(frames.drain(socket) == .wouldBlock)
        #expect(frames.transmit([good], on: socket) == .failed(errno: ENETDOWN))
        #expect(socket.isDeviceGone == false)
        try ip("-n \(name) link set eth0 up")
        try carriesAgain(socket, &frames)
        try ip("-n \(name) link delete eth0")
        #expect(socket.isDeviceGone == true)
        #expect(frames.drain(socket) == .failed(errno: ENETDOWN))
        #expect(frames.transmit([good], on: socket) == .failed(errno: ENXIO))
    }

    private func carriesAgain(_ socket: borrowing PacketSocket, _ frames: inout PacketFrames) throws {
        let request =
            [UInt8](repeating: 0, count: 10) + TapTests.request.prefix(28) + [10, 9, 0, 1, 0, 0, 0, 0, 0, 0, 10, 9, 0, 2]
        for _ in 0..<50 {
            _ = frames.transmit([request], on: socket)
            if try frames.receive(on: socket, milliseconds: 100, where: { $0.bytes[30...31] == [0, 2] }) != nil { return }
        }
        Issue.record("nothing comes in after the link is up again")
    }

    @Test("what does not fit the buffer is counted, and stays so") func drops() throws {
        let sandbox = Sandbox()
        let socket = try open(in: sandbox)
        var small: Int32 = 2048
        _ = unsafe setsockopt(socket.rawValue, SOL_SOCKET, SO_RCVBUF, &small, 4)
        #expect(socket.kernelDropCount() == 0)
        let ping = Command("ping", ["-c20", "-i0.01", "-W1", "-b", "10.9.0.255"], in: .named(sandbox.name("b")))
        _ = try ping.run(timeout: .seconds(10))
        let count = socket.kernelDropCount()
        #expect(count > 0)
        #expect(socket.kernelDropCount() >= count)
    }
}

/// Whole frames as arrays, for tests: copies everything, which the packet path never does.
struct PacketFrames {
    struct Frame {
        var bytes: ArraySlice<UInt8>
        var tag: PacketSocket.Tag?
    }

    private var buffer = [UInt8](repeating: 0, count: 65600)
    private var control = [UInt8](repeating: 0, count: 64)

    /// Sends frames, their offload headers in front, by one call.
    mutating func transmit(_ frames: [[UInt8]], on socket: borrowing PacketSocket) -> TransferResult {
        var bytes = frames.flatMap { $0 }
        return unsafe bytes.withUnsafeMutableBytes { bytes in
            var offset = 0
            var slices = unsafe [iovec]()
            for frame in frames {
                unsafe slices.append(iovec(iov_base: bytes.baseAddress.map { unsafe $0 + offset }, iov_len: frame.count))
                offset += frame.count
            }
            return unsafe slices.withUnsafeMutableBufferPointer { slices in
                var headers = unsafe [DatagramHeader](repeating: DatagramHeader(), count: slices.count)
                for index in slices.indices {
                    unsafe headers[index].msg_hdr.msg_iov = slices.baseAddress.map { unsafe $0 + index }
                    unsafe headers[index].msg_hdr.msg_iovlen = 1
                }
                return unsafe headers.withUnsafeMutableBufferPointer { unsafe socket.transmit($0) }
            }
        }
    }

    /// Receives one frame, if there is one.
    mutating func receive(on socket: borrowing PacketSocket) -> (TransferResult, Frame?) {
        unsafe buffer.withUnsafeMutableBytes { bytes in
            unsafe control.withUnsafeMutableBytes { control in
                var slice = unsafe iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
                return unsafe withUnsafeMutablePointer(to: &slice) { slice in
                    var header = unsafe DatagramHeader()
                    unsafe header.msg_hdr.msg_iov = slice
                    unsafe header.msg_hdr.msg_iovlen = 1
                    unsafe header.msg_hdr.msg_control = control.baseAddress
                    unsafe header.msg_hdr.msg_controllen = PacketSocket.controlByteCount
                    let result = unsafe withUnsafeMutablePointer(to: &header) {
                        unsafe socket.receive(UnsafeMutableBufferPointer(start: $0, count: 1))
                    }
                    guard result == .transferred(1) else { return (result, nil) }
                    let frame = unsafe ArraySlice(Array(bytes.prefix(Int(header.msg_len))))
                    return (result, Frame(bytes: frame, tag: unsafe PacketSocket.tag(of: &header.msg_hdr)))
                }
            }
        }
    }

    /// Receives until there is nothing left, or an error; which of them.
    mutating func drain(_ socket: borrowing PacketSocket) -> TransferResult {
        while true {
            let (result, frame) = receive(on: socket)
            if frame == nil { return result }
        }
    }

    /// Receives until a frame fits.
    mutating func receive(
        on socket: borrowing PacketSocket, milliseconds: Int = 2000, where fits: (Frame) -> Bool
    ) throws -> Frame? {
        var poller = try Poller()
        try poller.add(socket.rawValue, token: 1)
        let deadline = MonotonicClock.now().advanced(by: .milliseconds(milliseconds))
        while MonotonicClock.now() < deadline {
            guard poller.wait(timeout: .milliseconds(50)) == .transferred(1) else { continue }
            if let frame = receive(on: socket).1, frame.bytes.count >= 52, fits(frame) { return frame }
        }
        return nil
    }
}
