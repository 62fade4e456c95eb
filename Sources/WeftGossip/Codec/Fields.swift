import WeftTypes

// The fields records and state messages are made of, both ways.

extension ByteReader {
    mutating func vni() throws(GossipFormatError) -> VNI {
        let high: UInt8 = try integer()
        let low: UInt16 = try integer()
        return VNI(headerWord: UInt32(high) << 24 | UInt32(low) << 8)
    }

    mutating func macAddress() throws(GossipFormatError) -> MACAddress {
        let high: UInt16 = try integer()
        let low: UInt32 = try integer()
        return MACAddress(rawValue: UInt64(high) << 32 | UInt64(low))
    }

    /// `family(1)`: 4 or 6, then 4 or 16 bytes.
    mutating func ipAddress() throws(GossipFormatError) -> IPAddress {
        switch try integer(UInt8.self) {
        case 4: return .v4(IPv4Address(rawValue: try integer()))
        case 6: return .v6(IPv6Address(rawValue: try nodeID().rawValue))
        default: throw .badValue
        }
    }
}

extension [UInt8] {
    mutating func append(bigEndian value: some FixedWidthInteger & UnsignedInteger) {
        var shift = value.bitWidth
        while shift > 0 {
            shift -= 8
            append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    mutating func append(_ id: NodeID) {
        append(bigEndian: UInt64(truncatingIfNeeded: id.rawValue >> 64))
        append(bigEndian: UInt64(truncatingIfNeeded: id.rawValue))
    }

    mutating func append(_ vni: VNI) {
        append(UInt8(truncatingIfNeeded: vni.rawValue >> 16))
        append(bigEndian: UInt16(truncatingIfNeeded: vni.rawValue))
    }

    mutating func append(_ address: MACAddress) {
        append(bigEndian: UInt16(truncatingIfNeeded: address.rawValue >> 32))
        append(bigEndian: UInt32(truncatingIfNeeded: address.rawValue))
    }

    /// `family(1)`: 4 or 6, then 4 or 16 bytes.
    mutating func append(_ address: IPAddress) {
        switch address {
        case .v4(let address):
            append(4)
            append(bigEndian: address.rawValue)
        case .v6(let address):
            append(6)
            append(bigEndian: UInt64(truncatingIfNeeded: address.rawValue >> 64))
            append(bigEndian: UInt64(truncatingIfNeeded: address.rawValue))
        }
    }
}
