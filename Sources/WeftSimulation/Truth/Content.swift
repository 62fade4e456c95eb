import WeftGossip
import WeftTypes

/// What simulated agents publish: records as real agents write them, with the number of the write inside, so that a reader of any
/// record knows which write it is from.
enum Content {
    /// The segment that all nodes are in.
    static var segment: VNI { VNI(headerWord: 77 << 8) }

    /// The record with a number in a scenario: 0 is the segment, the others are stations.
    static func key(_ number: Int) -> RecordKey {
        number == 0 ? .segment(segment) : .endpoint(segment, MACAddress(rawValue: 0x0200_0000_0000 + UInt64(number)))
    }

    /// The value that a write of a key gives it.
    static func value(_ key: RecordKey, _ write: UInt64, node: Int) -> RecordValue {
        do throws(RecordError) {
            switch key {
            case .node:
                let record = NodeRecord(
                    name: "h\(node)", vtepAddresses: [Addressing.vtep(of: node)], features: write, isSettled: true)
                return try record.encoded()
            case .segment: return try SegmentRecord(mtu: 1450, specHash: write).encoded()
            case .endpoint:
                let address = IPAddress.v4(IPv4Address(rawValue: 0xC0A8_0000 + UInt32(truncatingIfNeeded: write)))
                return try EndpointRecord(mobilitySequence: UInt32(clamping: write), addresses: [address]).encoded()
            case .topologyRevision, .unknown:
                return RecordValue(bytes: (0..<8).map { UInt8(truncatingIfNeeded: write >> (56 - 8 * UInt64($0))) })
                    ?? RecordValue(bytes: []) ?? value(.node, write, node: node)
            }
        } catch {
            preconditionFailure("a simulated record of \(key) does not fit: \(error)")
        }
    }

    /// The write a value is from; nil for bytes that no simulated agent writes.
    static func write(_ key: RecordKey, _ value: RecordValue) -> UInt64? {
        switch key {
        case .node: (try? NodeRecord(value))?.features
        case .segment: (try? SegmentRecord(value))?.specHash
        case .endpoint: (try? EndpointRecord(value)).map { UInt64($0.mobilitySequence) }
        case .topologyRevision, .unknown:
            value.bytes.count == 8 ? value.bytes.reduce(0) { $0 << 8 | UInt64($1) } : nil
        }
    }
}
