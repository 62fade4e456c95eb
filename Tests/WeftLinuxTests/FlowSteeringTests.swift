import Glibc
import Testing
import WeftLinux
import WeftTypes

@Suite(.needsPrivileges) struct FlowSteeringTests {
    /// 64 flows, whose answers are all written on the wrong queue, which would move them there if the device chose.
    @Test("each flow's frames are on one queue, in order", arguments: [false, true]) func flowsStay(isIPv6: Bool) throws {
        let sandbox = Sandbox()
        let namespace = try sandbox.makeNamespace("a")
        var queues = try TapQueues.open(name: "t0", count: 4, in: namespace)
        guard let first = queues.removeFirst(), let second = queues.removeFirst(), let third = queues.removeFirst(),
            let fourth = queues.removeFirst(), first.steerByFlow()
        else {
            Issue.record("not four queues, or the kernel refuses the program")
            return
        }
        let name = sandbox.name("a")
        try ip("-n \(name) addr add 10.8.0.1/24 dev t0")
        try ip("-n \(name) addr add fd08::1/64 dev t0 nodad")
        try ip("-n \(name) link set t0 address 52:54:00:00:00:09 up")
        try ip("-n \(name) neigh add 10.8.0.2 lladdr 52:54:00:00:00:01 dev t0")
        try ip("-n \(name) neigh add fd08::2 lladdr 52:54:00:00:00:01 dev t0")

        let flows = try (0..<64).map { try Flow(in: namespace, udpPort: UInt16(6000 + $0), isIPv6: isIPv6) }
        var seen: [UInt16: (queue: Int, rounds: [UInt8])] = [:]
        func read(_ queue: borrowing TapQueue, number: Int) {
            for (port, round) in Self.datagrams(on: queue, isIPv6: isIPv6) {
                let entry = seen[port] ?? (number, [])
                #expect(entry.queue == number, "flow \(port) has moved")
                seen[port] = (entry.queue, entry.rounds + [round])
            }
        }
        for round in 0..<20 {
            for flow in flows { flow.send(UInt8(round)) }
            read(first, number: 0)
            read(second, number: 1)
            read(third, number: 2)
            read(fourth, number: 3)
            for flow in flows {
                let wrong = ((seen[flow.udpPort]?.queue ?? 0) + 1) % 4
                let answer = flow.answer()
                switch wrong {
                case 0: _ = first.transmit(answer)
                case 1: _ = second.transmit(answer)
                case 2: _ = third.transmit(answer)
                default: _ = fourth.transmit(answer)
                }
            }
        }
        #expect(seen.count == 64)
        #expect(seen.values.allSatisfy { $0.rounds == Array(0..<20) })
        let shares = Dictionary(grouping: seen.values, by: \.queue).mapValues(\.count)
        #expect(shares.count == 4 && shares.values.allSatisfy { (4...32).contains($0) }, "\(shares)")
    }

    /// The source ports and first bytes of the UDP datagrams that wait on a queue.
    private static func datagrams(on queue: borrowing TapQueue, isIPv6: Bool) -> [(UInt16, UInt8)] {
        var found: [(UInt16, UInt8)] = []
        let network = 10 + 14
        let transport = network + (isIPv6 ? 40 : 20)
        while true {
            var frame = [UInt8](repeating: 0, count: 2048)
            guard case .transferred(let count) = queue.receive(into: &frame) else { return found }
            guard count >= transport + 9, frame[network - 2] == (isIPv6 ? 0x86 : 0x08),
                frame[network + (isIPv6 ? 6 : 9)] == 17, frame[transport + 2] == 0x17, frame[transport + 3] == 0x71
            else { continue }
            found.append((UInt16(frame[transport]) << 8 | UInt16(frame[transport + 1]), frame[transport + 8]))
        }
    }
}

/// A UDP socket that sends to 10.8.0.2 or fd08::2, port 6001.
private final class Flow {
    let udpPort: UInt16
    private let isIPv6: Bool
    private let descriptor: Int32

    init(in namespace: NetworkNamespace, udpPort: UInt16, isIPv6: Bool) throws {
        self.udpPort = udpPort
        self.isIPv6 = isIPv6
        descriptor = try namespace.run { socket(isIPv6 ? AF_INET6 : AF_INET, Int32(SOCK_DGRAM.rawValue), 0) }
        for (isLocal, port) in [(true, udpPort), (false, 6001)] {
            let address: IPAddress? =
                isIPv6 ? IPAddress(isLocal ? "fd08::1" : "fd08::2") : IPAddress(isLocal ? "10.8.0.1" : "10.8.0.2")
            let place = VTEP(address: try #require(address), udpPort: port)
            let result = unsafe withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { memory -> Int32 in
                guard let base = memory.baseAddress else { return -1 }
                let length = unsafe SocketAddress.write(place, to: base)
                let address = unsafe UnsafePointer(base.assumingMemoryBound(to: sockaddr.self))
                return unsafe isLocal ? bind(descriptor, address, length) : connect(descriptor, address, length)
            }
            #expect(result == 0)
        }
    }

    deinit { close(descriptor) }

    func send(_ round: UInt8) {
        var bytes: [UInt8] = [round, 0, 0, 0]
        #expect(unsafe Glibc.send(descriptor, &bytes, bytes.count, 0) == bytes.count)
    }

    /// A datagram back, behind an offload header, its checksum left out or wrong: it is only to be seen by the device.
    func answer() -> [UInt8] {
        let ethernet: [UInt8] = [0x52, 0x54, 0, 0, 0, 9, 0x52, 0x54, 0, 0, 0, 1] + (isIPv6 ? [0x86, 0xDD] : [0x08, 0x00])
        let ports: [UInt8] = [0x17, 0x71, UInt8(udpPort >> 8), UInt8(truncatingIfNeeded: udpPort), 0, 9, 0, 0, 1]
        let network: [UInt8]
        if isIPv6 {
            let prefix: [UInt8] = [0xFD, 8] + [UInt8](repeating: 0, count: 13)
            network = [0x60, 0, 0, 0, 0, 9, 17, 64] + prefix + [2] + prefix + [1]
        } else {
            network = [0x45, 0, 0, 29, 0, 0, 0x40, 0, 64, 17, 0, 0, 10, 8, 0, 2, 10, 8, 0, 1]
        }
        return [UInt8](repeating: 0, count: 10) + ethernet + network + ports
    }
}
