import Glibc
import Testing
import WeftLinux
import WeftTypes

@Suite(.needsPrivileges) struct PacketSocketsTests {
    /// Sockets on one end of a veth pair, and one on the other, from which the tests send.
    private static func open(in sandbox: Sandbox, count: Int) throws -> (sockets: [Held], sender: Held) {
        let (near, far) = try sandbox.makePair()
        for name in ["a", "b"] { try ip("-n \(sandbox.name(name)) addr flush dev eth0") }
        var group = try near.run { try PacketSockets.open(interface: "eth0", count: count) }
        #expect(group.count == count && group.name == "eth0")
        var sockets: [Held] = []
        while let socket = group.removeFirst() { sockets.append(Held(socket)) }
        return (sockets, Held(try far.run { try PacketSocket.open(interface: "eth0") }))
    }

    @Test("a flow's frames come once, in order, to one socket; flows to all", arguments: [false, true])
    func spreads(isIPv6: Bool) throws {
        let sandbox = Sandbox()
        let (sockets, sender) = try Self.open(in: sandbox, count: 8)
        var frames = PacketFrames()
        var seen: [UInt16: [(socket: Int, round: UInt8)]] = [:]
        for round in 0..<20 {
            for batch in 0..<4 {
                let flows = (0..<16).map { UInt16(7000 + 16 * batch + $0) }
                let sent = flows.map { Self.datagram(from: $0, round: UInt8(round), isIPv6: isIPv6) }
                #expect(frames.transmit(sent, on: sender.socket) == .transferred(16))
            }
            for (number, held) in sockets.enumerated() {
                while let frame = frames.receive(on: held.socket).1 {
                    guard let (flow, round) = Self.flow(of: frame.bytes, isIPv6: isIPv6) else { continue }
                    seen[flow, default: []].append((number, round))
                }
            }
        }
        #expect(seen.count == 64)
        for (flow, arrivals) in seen.sorted(by: { $0.key < $1.key }) {
            #expect(Set(arrivals.map(\.socket)).count == 1 && arrivals.map(\.round) == Array(0..<20), "flow \(flow)")
        }
        let shares = Dictionary(grouping: seen.values.compactMap(\.first?.socket)) { $0 }.mapValues(\.count)
        #expect(shares.count == 8 && shares.values.allSatisfy { (2...20).contains($0) }, "\(shares)")
    }

    @Test("all fragments of a datagram, and what is no IP, come to one socket") func fragments() throws {
        let sandbox = Sandbox()
        let (sockets, sender) = try Self.open(in: sandbox, count: 8)
        var frames = PacketFrames()
        var first = Self.datagram(from: 7007, round: 1, isIPv6: false)
        var second = Self.datagram(from: 9009, round: 2, isIPv6: false)  // where ports would be, other bytes
        first[10 + 14 + 6] = 0x20  // more fragments
        second[10 + 14 + 7] = 1  // offset 8
        let request = [UInt8](repeating: 0, count: 10) + TapTests.request
        #expect(frames.transmit([first, second, request], on: sender.socket) == .transferred(3))
        var places: [Int] = []
        var requests: [Int] = []
        for (number, held) in sockets.enumerated() {
            while let frame = frames.receive(on: held.socket).1 {
                if Self.flow(of: frame.bytes, isIPv6: false) != nil { places.append(number) }
                if frame.bytes.dropFirst(10) == TapTests.request[...] { requests.append(number) }
            }
        }
        #expect(places.count == 2 && Set(places).count == 1)
        #expect(requests == [0])
    }

    @Test("a flow that fills its socket leaves the others their frames") func flood() throws {
        let sandbox = Sandbox()
        let (sockets, sender) = try Self.open(in: sandbox, count: 8)
        var frames = PacketFrames()
        let flood = [[UInt8]](repeating: Self.datagram(from: 7000, round: 0, isIPv6: false), count: 64)
        for _ in 0..<400 { _ = frames.transmit(flood, on: sender.socket) }
        let others = (1...32).map { Self.datagram(from: UInt16(7000 + $0), round: 1, isIPv6: false) }
        #expect(frames.transmit(others, on: sender.socket) == .transferred(32))
        #expect(sockets.reduce(0) { $0 + $1.socket.kernelDropCount() } > 0, "the flood has not filled its socket")
        var (arrived, full) = (0, 0)
        for held in sockets where held.socket.kernelDropCount() == 0 {
            while let frame = frames.receive(on: held.socket).1 {
                if Self.flow(of: frame.bytes, isIPv6: false)?.round == 1 { arrived += 1 }
            }
        }
        for held in sockets where held.socket.kernelDropCount() > 0 { full += held.socket.rawValue >= 0 ? 1 : 0 }
        #expect(full == 1 && arrived >= 20, "\(arrived) of 32 arrived, \(full) sockets were full")
    }

    /// A UDP datagram to port 6001 whose first byte tells its round, behind an offload header.
    private static func datagram(from udpPort: UInt16, round: UInt8, isIPv6: Bool) -> [UInt8] {
        let ethernet: [UInt8] = [0x52, 0x54, 0, 0, 0, 9, 0x52, 0x54, 0, 0, 0, 1] + (isIPv6 ? [0x86, 0xDD] : [0x08, 0x00])
        let ports: [UInt8] = [UInt8(udpPort >> 8), UInt8(truncatingIfNeeded: udpPort), 0x17, 0x71, 0, 9, 0, 0, round]
        let network: [UInt8]
        if isIPv6 {
            let prefix: [UInt8] = [0xFD, 8] + [UInt8](repeating: 0, count: 13)
            network = [0x60, 0, 0, 0, 0, 9, 17, 64] + prefix + [2] + prefix + [1]
        } else {
            network = [0x45, 0, 0, 29, 0, 0, 0, 0, 64, 17, 0, 0, 10, 8, 0, 2, 10, 8, 0, 1]
        }
        return [UInt8](repeating: 0, count: 10) + ethernet + network + ports
    }

    /// The source port and round of a datagram to port 6001.
    private static func flow(of frame: ArraySlice<UInt8>, isIPv6: Bool) -> (udpPort: UInt16, round: UInt8)? {
        let network = frame.startIndex + 10 + 14
        let transport = network + (isIPv6 ? 40 : 20)
        guard frame.endIndex > transport + 8, frame[network - 2] == (isIPv6 ? 0x86 : 0x08),
            frame[network + (isIPv6 ? 6 : 9)] == 17,
            frame[transport + 2] == 0x17, frame[transport + 3] == 0x71
        else { return nil }
        return (UInt16(frame[transport]) << 8 | UInt16(frame[transport + 1]), frame[transport + 8])
    }
}

/// A socket that an array can hold.
private final class Held {
    let socket: PacketSocket
    init(_ socket: consuming PacketSocket) { self.socket = socket }
}
