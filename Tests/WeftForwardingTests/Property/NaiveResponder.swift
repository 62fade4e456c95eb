import WeftTypes

/// Proxy ARP and ND once more, byte by byte from the documents and without anything of the code under test: slow, and
/// plain to read.
struct NaiveResponder {
    /// Who has what, and may be answered for: an address's bytes, four or sixteen, with six of a MAC, and whether it is a router.
    var remote: [[UInt8]: (mac: [UInt8], isRouter: Bool)]

    struct Outcome: Equatable {
        /// The frame that goes back.
        var reply: [UInt8]?
        /// The address that the sender claims.
        var claim: [UInt8]?
        var isRouter = false
    }

    /// What becomes of a frame from a port whose segment carries no tags; `isLeft` is whether the device promises to complete the
    /// checksum of ICMPv6.
    func take(_ frame: [UInt8], isLeft: Bool) -> Outcome {
        guard frame.count >= 14 else { return Outcome() }
        let (destination, source) = (Array(frame[0..<6]), Array(frame[6..<12]))
        guard source[0] & 1 == 0, source != [0, 0, 0, 0, 0, 0] else { return Outcome() }
        if destination.starts(with: [0x01, 0x80, 0xc2, 0, 0]) && destination[5] < 16 { return Outcome() }
        var front = Array(frame[0..<14])
        var rest = Array(frame[14...])
        if [UInt8](frame[12..<14]) == [0x81, 0] || [UInt8](frame[12..<14]) == [0x88, 0xa8] {
            guard rest.count >= 4, rest[0] & 0x0F == 0, rest[1] == 0 else { return Outcome() }
            front = front + rest[0..<4]
            rest.removeFirst(4)
        }
        switch Array(front.suffix(2)) {
        case [0x08, 0x06]: return arp(rest, front: front)
        case [0x86, 0xdd]: return ipv6(rest, front: front, isLeft: isLeft)
        default: return Outcome()
        }
    }

    private func arp(_ packet: [UInt8], front: [UInt8]) -> Outcome {
        guard packet.count >= 28, packet[0..<6] == [0, 1, 8, 0, 6, 4], packet[6] == 0, packet[7] == 1 || packet[7] == 2 else {
            return Outcome()
        }
        let (asker, sender, target) = (Array(packet[8..<14]), Array(packet[14..<18]), Array(packet[24..<28]))
        guard asker == Array(front[6..<12]) else { return Outcome() }
        var outcome = Outcome()
        if isHost(sender) { outcome.claim = sender }
        guard packet[7] == 1, front[0] & 1 == 1, sender == [0, 0, 0, 0] || isHost(sender), sender != target, isHost(target),
            let owner = remote[target], owner.mac != asker
        else { return outcome }
        outcome.reply =
            asker + owner.mac + front[12...] + [0, 1, 8, 0, 6, 4, 0, 2] + owner.mac + target + asker + sender
        return outcome
    }

    private func ipv6(_ packet: [UInt8], front: [UInt8], isLeft: Bool) -> Outcome {
        guard packet.count >= 40, packet[0] >> 4 == 6 else { return Outcome() }
        let length = Int(packet[4]) * 256 + Int(packet[5])
        guard packet.count >= 40 + length, length >= 24, packet[6] == 58, packet[7] == 255 else { return Outcome() }
        let (sender, receiver) = (Array(packet[8..<24]), Array(packet[24..<40]))
        let message = Array(packet[40..<40 + length])
        guard message[0] == 135 || message[0] == 136, message[1] == 0, sender[0] != 0xff else { return Outcome() }
        guard isRight(message, sender, receiver) || isLeft && isPartial(message, sender, receiver) else { return Outcome() }
        let target = Array(message[8..<24])
        guard target[0] != 0xff, let options = options(Array(message[24...]), own: message[0] == 135 ? 1 : 2) else {
            return Outcome()
        }
        var outcome = Outcome()
        let asker = Array(front[6..<12])
        if message[0] == 136 {
            if receiver[0] == 0xff && message[4] & 0x40 != 0 { return Outcome() }
            if options.address == asker && isHost(target) {
                outcome.claim = target
                outcome.isRouter = message[4] & 0x80 != 0
            }
            return outcome
        }
        let isDetection = sender == [UInt8](repeating: 0, count: 16)
        let group: [UInt8] = [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff] + target[13...]
        if isDetection {
            if options.address != nil { return Outcome() }
        } else {
            if options.address != asker { return Outcome() }
            if isHost(sender) { outcome.claim = sender }
        }
        guard receiver == group, front[0] & 1 == 1, sender != target, isHost(target), !options.hasOthers,
            let owner = remote[target], owner.mac != asker
        else { return outcome }
        let everybody: [UInt8] = [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
        let back = isDetection ? everybody : sender
        var answer: [UInt8] = [136, 0, 0, 0, (owner.isRouter ? 0x80 : 0) | (isDetection ? 0 : 0x40) | 0x20, 0, 0, 0]
        answer += target + [2, 1] + owner.mac
        let sum = ~total(answer, target, back)
        answer[2] = UInt8(sum >> 8)
        answer[3] = UInt8(sum & 0xff)
        outcome.reply =
            (isDetection ? [0x33, 0x33, 0, 0, 0, 1] : asker) + owner.mac + front[12...]
            + [0x60, 0, 0, 0, 0, 32, 58, 255] + target + back + answer
        return outcome
    }

    /// The first option of type `own`, and whether there are others but a nonce; nil when they are malformed.
    private func options(_ bytes: [UInt8], own: UInt8) -> (address: [UInt8]?, hasOthers: Bool)? {
        var (rest, address, hasOthers) = (bytes[...], [UInt8]?.none, false)
        while let type = rest.first {
            guard rest.count >= 8, let units = rest.dropFirst().first, units > 0, rest.count >= Int(units) * 8 else { return nil }
            if type == own && units == 1 && address == nil {
                address = Array(rest.dropFirst(2).prefix(6))
            } else if type != 14 {
                hasOthers = true
            }
            rest = rest.dropFirst(Int(units) * 8)
        }
        return (address, hasOthers)
    }

    private func isHost(_ address: [UInt8]) -> Bool {
        if address.count == 4 {
            return address[0] != 0 && address[0] != 127 && address[0] & 0xF0 != 0xE0 && address != [255, 255, 255, 255]
        }
        return address[0] != 0xff && address[..<15].contains { $0 != 0 } || address[15] > 1 && address[0] != 0xff
    }

    /// The ones' complement sum of an ICMPv6 message with its pseudo-header.
    private func total(_ message: [UInt8], _ sender: [UInt8], _ receiver: [UInt8]) -> UInt16 {
        let pseudo = sender + receiver + [0, 0, UInt8(message.count >> 8), UInt8(message.count & 0xff), 0, 0, 0, 58]
        let bytes = pseudo + message + (message.count % 2 == 1 ? [0] : [])
        var sum = 0
        for index in stride(from: 0, to: bytes.count, by: 2) {
            sum += Int(bytes[index]) * 256 + Int(bytes[index + 1])
            if sum > 0xffff { sum -= 0xffff }
        }
        return UInt16(sum)
    }

    private func isRight(_ message: [UInt8], _ sender: [UInt8], _ receiver: [UInt8]) -> Bool {
        // A field that holds the pseudo-header's sum is one that nobody completed, even if it happens to be right.
        total(message, sender, receiver) == 0xffff && !isPartial(message, sender, receiver)
    }

    private func isPartial(_ message: [UInt8], _ sender: [UInt8], _ receiver: [UInt8]) -> Bool {
        let empty = [UInt8](repeating: 0, count: message.count)
        return Int(message[2]) * 256 + Int(message[3]) == Int(total(empty, sender, receiver))
    }
}
