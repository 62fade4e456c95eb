import WeftTypes
import WeftWire

/// The answer to an ARP request or a neighbour solicitation, given for a station of another host (proxy ARP and ND, E8,
/// RFC 9161 §3.2).
///
/// It is what the station itself would say, its address as Ethernet source included: bridges on the way learn the right thing.
/// <doc:Answering> tells what is answered.
public enum NeighbourReply {
    /// Room for the largest reply: a tag and a neighbour advertisement.
    public static var maximumByteCount: Int {
        EthernetHeader.byteCount + VLANTag.byteCount + IPv6Header.byteCount + NeighbourDiscovery.emittedByteCount
    }

    /// Writes the answer to the front of `reply`, which has ``maximumByteCount`` bytes; `frame` is one for which the verdict
    /// was ``Verdict/resolve(_:)``, its priority tag taken out or not.
    ///
    /// - Returns: its size in bytes, or nil when the frame is no question.
    public static func emit(
        _ binding: Binding, for frame: RawSpan, _ layout: FrameLayout, into reply: inout MutableRawSpan
    ) -> Int? {
        let base = layout.l2ByteCount
        guard base <= EthernetHeader.byteCount + VLANTag.byteCount else { return nil }
        reply.copy(frame.extracting(0..<base), at: 0)  // a tag and the type as they came
        reply.storeMACAddress(binding.mac, at: 6)
        switch layout.network {
        case .arp: return emitARP(binding, for: frame, layout, into: &reply)
        case .ipv6: return emitAdvertisement(binding, for: frame, layout, into: &reply)
        case .ipv4, .other: return nil
        }
    }

    private static func emitARP(
        _ binding: Binding, for frame: RawSpan, _ layout: FrameLayout, into reply: inout MutableRawSpan
    ) -> Int? {
        let base = layout.l2ByteCount
        guard let request = try? ARPPacket(parsing: frame.extracting(base..<layout.byteCount)) else { return nil }
        reply.storeMACAddress(request.senderMAC, at: 0)
        var bytes = reply._mutatingExtracting(base..<base + ARPPacket.byteCount)
        ARPPacket(
            operation: .reply, senderMAC: binding.mac, sender: request.target, targetMAC: request.senderMAC,
            target: request.sender
        ).emit(into: &bytes)
        return base + ARPPacket.byteCount
    }

    /// To who asked, as solicited; to everybody, as unsolicited, where who asked has no address yet (RFC 4861 §7.2.4).
    private static func emitAdvertisement(
        _ binding: Binding, for frame: RawSpan, _ layout: FrameLayout, into reply: inout MutableRawSpan
    ) -> Int? {
        guard let start = layout.transportOffset,
            let question = try? NeighbourDiscovery(parsing: frame.extracting(start..<layout.packetEnd))
        else { return nil }
        let asker = frame.ipv6Address(at: layout.networkOffset + 8)
        let isSolicited = !asker.isUnspecified
        reply.storeMACAddress(isSolicited ? layout.ethernet.source : IPv6Address.allNodes.groupMAC, at: 0)
        let message = NeighbourDiscovery(
            .advertisement, target: question.target, linkLayerAddress: binding.mac, isRouter: binding.isRouter,
            isSolicited: isSolicited, overrides: true)
        return message.emitPacket(
            from: question.target, to: isSolicited ? asker : .allNodes, into: &reply, at: layout.networkOffset)
    }
}

extension NeighbourDiscovery {
    /// Writes the message with its IPv6 header to `offset`; returns where it ends.
    func emitPacket(
        from source: IPv6Address, to destination: IPv6Address, into frame: inout MutableRawSpan, at offset: Int
    ) -> Int {
        let start = offset + IPv6Header.byteCount
        let end = start + Self.emittedByteCount
        var header = frame._mutatingExtracting(offset..<start)
        IPv6Header(
            payloadLength: UInt16(Self.emittedByteCount), nextHeader: .icmpv6, hopLimit: 255, source: source,
            destination: destination
        ).emit(into: &header)
        var message = frame._mutatingExtracting(start..<end)
        emit(into: &message)
        let sum = Checksum.pseudoHeaderSum(
            source: source, destination: destination, protocolNumber: .icmpv6, byteCount: Self.emittedByteCount)
        message.storeBigEndian(
            ~Checksum.fold(Checksum.sum(message.bytes, initial: sum)), at: ICMPv6Header.checksumOffset)
        return end
    }
}
