import WeftTypes

/// What a node keeps of one member, packed into 48 bytes: a fabric has thousands, a simulation thousands of thousands.
struct MemberEntry {
    private let idHigh, idLow: UInt64
    var incarnation: Incarnation
    private var addressHigh: UInt64 = 0, addressLow: UInt64 = 0
    private var udpPort: UInt16 = 0
    /// 16 steps to a doubling from 10 µs on; 0 is unknown.
    private var roundTripCode: UInt8 = 0
    /// State in bits 0–1, address family in bits 2–3, transmissions left in bits 4–7.
    private var flags: UInt8 = 0
    /// Tenths of a second of the running clock, wrapping.
    private var changedTick: UInt32 = 0

    init(id: NodeID, incarnation: Incarnation, address: GossipAddress?, changed: Instant) {
        (idHigh, idLow) = (UInt64(truncatingIfNeeded: id.rawValue >> 64), UInt64(truncatingIfNeeded: id.rawValue))
        self.incarnation = incarnation
        self.address = address
        self.changed = changed
    }

    var id: NodeID { NodeID(rawValue: UInt128(idHigh) << 64 | UInt128(idLow)) }

    /// Its place among 64 buckets: the first six bits of the NodeID, so that a bucket is an interval of NodeIDs.
    var bucket: Int { Int(idHigh >> 58) }

    var state: MemberState {
        get { MemberState(rawValue: flags & 3) ?? .alive }
        set { flags = flags & ~3 | newValue.rawValue }
    }

    var address: GossipAddress? {
        get {
            switch flags >> 2 & 3 {
            case 1: GossipAddress(address: .v4(IPv4Address(rawValue: UInt32(truncatingIfNeeded: addressLow))), udpPort: udpPort)
            case 2:
                GossipAddress(
                    address: .v6(IPv6Address(rawValue: UInt128(addressHigh) << 64 | UInt128(addressLow))), udpPort: udpPort)
            default: nil
            }
        }
        set {
            flags = flags & ~0x0C | newValue.familyCode << 2
            let number = newValue?.address.number ?? 0
            (addressHigh, addressLow) = (UInt64(truncatingIfNeeded: number >> 64), UInt64(truncatingIfNeeded: number))
            udpPort = newValue?.udpPort ?? 0
        }
    }

    /// How often the latest statement about it is still to be piggybacked, 0…15; it is in the queue unless this is 0.
    var transmissionsLeft: Int {
        get { Int(flags >> 4) }
        set { flags = flags & 0x0F | UInt8(min(newValue, 15)) << 4 }
    }

    /// The last round trip measured, to 5 %, 10 µs…0.6 s; nil before the first.
    var roundTrip: Duration? {
        get {
            guard roundTripCode > 0 else { return nil }
            let (octave, step) = (Int64(roundTripCode - 1) / 16, Int64(roundTripCode - 1) % 16)
            return .nanoseconds((10_000 << octave) + (10_000 << octave) * step / 16)
        }
        set {
            guard let newValue else {
                roundTripCode = 0
                return
            }
            let units = max(10_000, newValue.wholeNanoseconds) / 10_000
            let octave = Int64(63 - units.leadingZeroBitCount)
            let base = Int64(10_000) << min(octave, 15)
            let step = min(15, (max(10_000, newValue.wholeNanoseconds) - base) * 16 / base)
            roundTripCode = octave > 15 ? .max : UInt8(min(255, octave * 16 + step + 1))
        }
    }

    /// When its state last changed, to a tenth of a second, at most 13 years ago.
    var changed: Instant {
        get { Instant(nanoseconds: Int64(changedTick) * 100_000_000) }
        set { changedTick = UInt32(truncatingIfNeeded: newValue.nanoseconds / 100_000_000) }
    }

    /// What this contributes to the sums by which two nodes compare their views: who, which statement, and whether it is there;
    /// a suspicion counts as being there, for it is told by other means and gone in seconds.
    var fingerprint: UInt64 {
        var mixed = idHigh ^ idLow &* 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed ^= incarnation.rawValue &* 0x94D0_49BB_1331_11EB &+ UInt64(state == .suspect ? 0 : state.rawValue)
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        return mixed ^ mixed >> 31
    }
}
