import Testing
import WeftTypes

/// One way for a datagram to be wrong, and what must become of it.
struct HostileDatagram: CustomTestStringConvertible, Sendable {
    /// Who sends it.
    enum Sender: String, Sendable, CaseIterable {
        /// A member of the segment `blue`.
        case bravo
        /// A peer, but no member of `blue`.
        case charlie
        /// No host of the fabric.
        case mallory
    }

    var name: String
    var sender = Sender.bravo
    /// The counter that it is for.
    var reason: String
    /// Its requirement in `PROTOCOL.md`.
    var rule: String
    /// Makes one of about `byteCount` bytes.
    var make: @Sendable (_ byteCount: Int, _ random: inout SeededRandom) -> [UInt8]

    var testDescription: String { name }
}

/// Bytes of VXLAN datagrams, right or wrong.
enum Datagram {
    static let blue: UInt32 = 100
    static let green: UInt32 = 200
    /// A segment of the file that alpha has no port in.
    static let red: UInt32 = 300
    /// An EtherType for experiments (IEEE 802), which no guest's stack answers.
    static let experimental: [UInt8] = [0x88, 0xB5]

    /// A datagram: header with the given flags, VNI and reserved bits, then a frame filled up with random bytes.
    static func vxlan(
        flags: UInt8 = 0x08, vni: UInt32 = blue, reserved: (UInt32, UInt8) = (0, 0), to destination: MACAddress = .broadcast,
        from source: MACAddress, tags: [(type: UInt16, tag: UInt16)] = [], etherType: [UInt8] = experimental, byteCount: Int,
        _ random: inout SeededRandom
    ) -> [UInt8] {
        var bytes: [UInt8] = [
            flags, UInt8(truncatingIfNeeded: reserved.0 >> 16), UInt8(truncatingIfNeeded: reserved.0 >> 8),
            UInt8(truncatingIfNeeded: reserved.0), UInt8(truncatingIfNeeded: vni >> 16), UInt8(truncatingIfNeeded: vni >> 8),
            UInt8(truncatingIfNeeded: vni), reserved.1,
        ]
        bytes += destination.bytes + source.bytes
        for (type, tag) in tags { bytes += [UInt8(type >> 8), UInt8(type & 0xFF), UInt8(tag >> 8), UInt8(tag & 0xFF)] }
        bytes += etherType
        bytes += noise(max(0, byteCount - bytes.count), &random)
        return bytes
    }

    /// Random bytes.
    static func noise(_ count: Int, _ random: inout SeededRandom) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 8)
        while bytes.count < count {
            let word = random.next()
            for shift in stride(from: UInt64(0), to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: word >> shift)) }
        }
        return Array(bytes.prefix(count))
    }

    /// A station behind bravo that nobody declared; one of sixteen.
    static func stranger(_ random: inout SeededRandom) -> MACAddress {
        MACAddress(rawValue: 0x0266_0000_0000 | .random(in: 0..<16, using: &random))
    }
}

extension HostileDatagram {
    /// Every way to be wrong that the agent itself has to see (`PROTOCOL.md` §1), for a site as ``HostileSite`` makes it.
    static let all: [HostileDatagram] = [
        HostileDatagram(name: "shorter than its headers", reason: "truncated", rule: "X8") { size, random in
            Datagram.noise(1 + size % 21, &random)
        },
        HostileDatagram(name: "empty", reason: "truncated", rule: "X8") { _, _ in [] },
        HostileDatagram(name: "a tag's type, and no tag", reason: "truncated", rule: "X8") { _, random in
            let source = Datagram.stranger(&random)
            return Datagram.vxlan(from: source, etherType: [0x81, 0x00, 0x00], byteCount: 0, &random)
        },
        HostileDatagram(name: "I flag clear", reason: "bad-vxlan-flags", rule: "X1") { size, random in
            let (flags, source) = (UInt8.random(in: 0...255, using: &random) & ~0x08, Datagram.stranger(&random))
            return Datagram.vxlan(flags: flags, from: source, byteCount: size, &random)
        },
        HostileDatagram(name: "unknown VNI", reason: "unknown-vni", rule: "X7") { size, random in
            let (vni, source) = (UInt32.random(in: 301..<1 << 24, using: &random), Datagram.stranger(&random))
            return Datagram.vxlan(vni: vni, from: source, byteCount: size, &random)
        },
        HostileDatagram(name: "a VNI that differs in one bit", reason: "unknown-vni", rule: "X7") { size, random in
            // No two of 100, 200 and 300 differ in one bit only.
            let (bit, source) = (UInt32.random(in: 0..<24, using: &random), Datagram.stranger(&random))
            return Datagram.vxlan(vni: Datagram.blue ^ 1 << bit, from: source, byteCount: size, &random)
        },
        HostileDatagram(name: "VNI not joined here", reason: "vni-not-joined", rule: "X7") { size, random in
            let source = Datagram.stranger(&random)
            return Datagram.vxlan(vni: Datagram.red, from: source, byteCount: size, &random)
        },
        HostileDatagram(name: "a peer that is no member", sender: .charlie, reason: "foreign-vtep", rule: "X8") { size, random in
            let source = Datagram.stranger(&random)
            return Datagram.vxlan(from: source, byteCount: size, &random)
        },
        HostileDatagram(name: "no peer at all", sender: .mallory, reason: "foreign-vtep", rule: "X8") { size, random in
            let source = Datagram.stranger(&random)
            return Datagram.vxlan(from: source, byteCount: size, &random)
        },
        HostileDatagram(name: "source is a group", reason: "bad-source-mac", rule: "X8") { size, random in
            let source = MACAddress(rawValue: random.next() | 0x0100_0000_0000)
            return Datagram.vxlan(from: source, byteCount: size, &random)
        },
        HostileDatagram(name: "source is zero", reason: "bad-source-mac", rule: "X8") { size, random in
            Datagram.vxlan(from: .zero, byteCount: size, &random)
        },
        HostileDatagram(name: "source is a local guest", reason: "source-mac-is-local", rule: "X8") { size, random in
            Datagram.vxlan(from: HostileSite.vm1, byteCount: size, &random)
        },
        HostileDatagram(name: "source is pinned here", reason: "sticky-mac", rule: "X8") { size, random in
            Datagram.vxlan(from: HostileSite.pinned, byteCount: size, &random)
        },
        HostileDatagram(name: "a VLAN tag", reason: "inner-vlan", rule: "X6") { size, random in
            let (vlan, source) = (UInt16.random(in: 1...4095, using: &random), Datagram.stranger(&random))
            return Datagram.vxlan(from: source, tags: [(0x8100, vlan)], byteCount: size, &random)
        },
        HostileDatagram(name: "two VLAN tags", reason: "inner-vlan", rule: "X6") { size, random in
            let (vlan, source) = (UInt16.random(in: 0...4095, using: &random), Datagram.stranger(&random))
            return Datagram.vxlan(from: source, tags: [(0x88A8, vlan), (0x8100, 7)], byteCount: size, &random)
        },
        HostileDatagram(name: "a tag behind a priority tag", reason: "inner-vlan", rule: "X6") { size, random in
            let source = Datagram.stranger(&random)
            return Datagram.vxlan(from: source, tags: [(0x8100, 0), (0x8100, 7)], byteCount: size, &random)
        },
        HostileDatagram(name: "to a link-local group", reason: "link-local-multicast", rule: "§1") { size, random in
            let last = UInt64.random(in: 0...15, using: &random)
            let source = Datagram.stranger(&random)
            return Datagram.vxlan(to: MACAddress(rawValue: 0x0180_C200_0000 | last), from: source, byteCount: size, &random)
        },
        HostileDatagram(name: "to a guest of another host", reason: "split-horizon", rule: "X9") { size, random in
            let source = Datagram.stranger(&random)
            return Datagram.vxlan(to: HostileSite.vm2, from: source, byteCount: size, &random)
        },
    ]
}
