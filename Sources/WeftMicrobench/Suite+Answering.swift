import WeftForwarding
import WeftTypes
import WeftWire

extension Samples {
    /// "Who has this address?", from our guest.
    static func question(for target: IPv4Address) -> [UInt8] {
        var frame = [UInt8](repeating: 0, count: EthernetHeader.byteCount)
        frame.withMutableRawBytes {
            EthernetHeader(destination: .broadcast, source: here, etherType: .arp).emit(into: &$0)
        }
        var packet = [UInt8](repeating: 0, count: ARPPacket.byteCount)
        packet.withMutableRawBytes {
            ARPPacket(
                operation: .request, senderMAC: here, sender: IPv4Address(rawValue: 0x0A01_0001), targetMAC: .zero,
                target: target
            ).emit(into: &$0)
        }
        return frame + packet
    }
}

// Proxy ARP: what it costs to find who has an address, and to answer a request.

extension Suite {
    func lookUpBinding(_ count: Int, in tables: ForwardingTables) -> Measurement {
        var random = SeededRandom(seed: 6)
        return stopwatch.measure("lookup of a binding, \(count) bindings", per: "lookup", count: 1024) {
            var digest: UInt64 = 0
            for _ in 0..<1024 {
                let number = Int(truncatingIfNeeded: (random.next() >> 32 &* UInt64(count)) >> 32)
                digest &+= tables.bindings.binding(for: Samples.binding(number))?.mac.rawValue ?? 0
            }
            return digest
        }
    }

    /// Each request asks for another address.
    func answer(_ count: Int, in tables: ForwardingTables) -> Measurement {
        var random = SeededRandom(seed: 7)
        var frame = Samples.question(for: IPv4Address(rawValue: 0))
        var reply = [UInt8](repeating: 0, count: NeighbourReply.maximumByteCount)
        var memory = PathMemory()
        return stopwatch.measure("answer an ARP request, \(count) bindings", per: "answer", count: 256) {
            var digest: UInt64 = 0
            for _ in 0..<256 {
                let number = Int(truncatingIfNeeded: (random.next() >> 32 &* UInt64(count)) >> 32) & ~1
                guard case .v4(let target) = Samples.binding(number).address else { return 0 }
                frame.withMutableRawBytes { $0.storeBigEndian(target.rawValue, at: 38) }
                let decision = Pipeline.decide(
                    frame.rawBytes, offload: .complete, from: Samples.port, tables: tables, memory: &memory, now: Samples.now)
                guard case .resolve(let binding) = decision.verdict, let layout = decision.layout else {
                    preconditionFailure("\(decision.verdict) for a question")
                }
                reply.withMutableRawBytes {
                    digest &+= UInt64(NeighbourReply.emit(binding, for: frame.rawBytes, layout, into: &$0) ?? 0)
                }
            }
            return digest
        }
    }
}
