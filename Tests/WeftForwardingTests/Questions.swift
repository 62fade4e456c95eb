import WeftForwarding
import WeftTypes
import WeftWire

/// ARP packets and neighbour discovery messages as guests send them, and with anything wrong that a test wants.
struct Question {
    var destination = MACAddress.broadcast
    var source = Network.here
    /// Control information of 802.1Q tags.
    var tags: [UInt16] = []
    var body: Body

    enum Body {
        case arp(ARP)
        case discovery(Discovery)
    }

    struct ARP {
        var hardware: UInt16 = 1
        var network: UInt16 = 0x0800
        var sizes: UInt16 = 0x0604
        var operation: UInt16 = 1
        var senderMAC = Network.here
        var sender: UInt32 = 0x0A01_0001
        var targetMAC = MACAddress.zero
        var target: UInt32 = 0x0A01_0002
    }

    struct Discovery {
        var hopLimit: UInt8 = 255
        var nextHeader: UInt8 = 58
        var source: UInt128
        var destination: UInt128
        var type: UInt8 = 135
        var code: UInt8 = 0
        var flags: UInt8 = 0
        var target: UInt128
        /// As on the wire, types and lengths included.
        var options: [UInt8]
        enum Sum { case right, partial, wrong }
        var checksum = Sum.right
    }

    /// "Who has `target`?"
    static func arp(_ change: (inout ARP) -> Void = { _ in }) -> Question {
        var arp = ARP()
        change(&arp)
        return Question(body: .arp(arp))
    }

    static let here: UInt128 = 0xfd00 << 112 | 1
    static let there: UInt128 = 0xfd00 << 112 | 2

    static func solicitedNode(_ address: UInt128) -> UInt128 { 0xff02 << 112 | 0x1_ff00_0000 | address & 0xff_ffff }

    /// "Who has `target`?" by its solicited-node group.
    static func solicitation(_ target: UInt128 = there, _ change: (inout Discovery) -> Void = { _ in }) -> Question {
        var message = Discovery(
            source: here, destination: solicitedNode(target), target: target, options: [1, 1] + Network.here.bytes)
        change(&message)
        let group = MACAddress(rawValue: 0x3333_0000_0000 | UInt64(message.destination & 0xffff_ffff))
        return Question(destination: group, body: .discovery(message))
    }

    /// "I have `target`", to everybody.
    static func advertisement(_ change: (inout Discovery) -> Void = { _ in }) -> Question {
        var message = Discovery(
            source: here, destination: 0xff02 << 112 | 1, type: 136, flags: 0x20, target: here,
            options: [2, 1] + Network.here.bytes)
        change(&message)
        return Question(destination: MACAddress(rawValue: 0x3333_0000_0001), body: .discovery(message))
    }

    var bytes: [UInt8] {
        var out = destination.bytes + source.bytes
        for tag in tags { out += big(UInt16(0x8100)) + big(tag) }
        switch body {
        case .arp(let arp):
            out += big(UInt16(0x0806)) + big(arp.hardware) + big(arp.network) + big(arp.sizes) + big(arp.operation)
            out += arp.senderMAC.bytes + big(arp.sender) + arp.targetMAC.bytes + big(arp.target)
        case .discovery(let message):
            var body = [message.type, message.code, 0, 0, message.flags, 0, 0, 0] + big(message.target) + message.options
            let sum = Checksum.pseudoHeaderSum(
                source: IPv6Address(rawValue: message.source), destination: IPv6Address(rawValue: message.destination),
                protocolNumber: IPProtocol(rawValue: message.nextHeader), byteCount: body.count)
            var field = ~Checksum.fold(Checksum.sum(body.rawBytes, initial: sum))
            if case .partial = message.checksum { field = Checksum.fold(sum) }
            if case .wrong = message.checksum { field ^= 0x0101 }
            body.replaceSubrange(2..<4, with: big(field))
            out += big(UInt16(0x86DD)) + big(UInt32(0x6000_0000)) + big(UInt16(body.count))
            out += [message.nextHeader, message.hopLimit] + big(message.source) + big(message.destination) + body
        }
        return out
    }
}
