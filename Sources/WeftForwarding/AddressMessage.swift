import WeftTypes
import WeftWire

/// What an ARP packet or a neighbour discovery message from a port asks and says, as far as the packet path acts on it.
///
/// A message that its protocol forbids, or that is ambiguous, asks and says nothing here and goes on as any other frame. So
/// do all that only the owner of an address can answer: a question to one station (it wants to know whether that one lives,
/// RFC 9161 §3.2 (c)), and a solicitation with options that call for more than an address, such as a signature.
struct AddressMessage {
    /// The address that it asks a group for, unless it announces its own.
    private(set) var asked: IPAddress?
    /// The address that its sender says to have.
    private(set) var claimed: IPAddress?
    /// Whether the sender says that it is a router; only an advertisement says either.
    private(set) var isRouter: Bool?

    /// Reads a frame; nil when it neither asks nor says anything.
    ///
    /// `layout` and `offload` are the frame's. A frame with a VLAN of its own is not looked into: bindings have none.
    init?(_ frame: RawSpan, _ layout: FrameLayout, offload: VirtioNetHeader) {
        guard layout.tagCount == 0 || (layout.tagCount == 1 && layout.outerTag?.vlan == 0) else { return nil }
        if layout.network == .arp {
            readARP(frame, layout)
        } else if layout.network == .ipv6 {
            readNeighbourDiscovery(frame, layout, offload: offload)
        }
        if asked == nil && claimed == nil { return nil }
    }

    /// Whether a frame may be one of those at all; the cheap question that every frame is asked.
    @inline(__always) static func isPossible(_ layout: FrameLayout) -> Bool {
        layout.network == .arp || layout.transportProtocol == .icmpv6
    }

    private mutating func readARP(_ frame: RawSpan, _ layout: FrameLayout) {
        guard let packet = try? ARPPacket(parsing: frame.extracting(layout.l2ByteCount..<layout.byteCount)),
            packet.operation == .request || packet.operation == .reply, packet.senderMAC == layout.ethernet.source
        else { return }
        if Self.isHost(packet.sender) { claimed = .v4(packet.sender) }
        guard packet.operation == .request, layout.ethernet.destination.isMulticast, !packet.isGratuitous,
            packet.sender.rawValue == 0 || Self.isHost(packet.sender), Self.isHost(packet.target)
        else { return }
        asked = .v4(packet.target)
    }

    /// The checks of RFC 4861 §7.1, and one more: the link-layer address it names is the one it comes from.
    private mutating func readNeighbourDiscovery(_ frame: RawSpan, _ layout: FrameLayout, offload: VirtioNetHeader) {
        let base = layout.networkOffset
        guard layout.malformation == nil, !layout.isFragment, layout.transportProtocol == .icmpv6,
            let start = layout.transportOffset, start == base + IPv6Header.byteCount,  // no extension headers
            frame.bigEndian(at: base + 7, as: UInt8.self) == 255,
            let message = try? NeighbourDiscovery(parsing: frame.extracting(start..<layout.packetEnd)),
            !message.target.isMulticast, Self.hasGoodChecksum(frame, layout, offload: offload)
        else { return }
        let (source, destination) = (frame.ipv6Address(at: base + 8), frame.ipv6Address(at: base + 24))
        guard !source.isMulticast else { return }
        switch message.kind {
        case .solicitation:
            if source.isUnspecified {
                guard message.linkLayerAddress == nil, destination == message.target.solicitedNode else { return }
            } else {
                guard message.linkLayerAddress == layout.ethernet.source else { return }
                if Self.isHost(source) { claimed = .v6(source) }
            }
            guard destination == message.target.solicitedNode, layout.ethernet.destination.isMulticast,
                source != message.target, Self.isHost(message.target), !message.hasOtherOptions
            else { return }
            asked = .v6(message.target)
        case .advertisement:
            guard !(destination.isMulticast && message.isSolicited), message.linkLayerAddress == layout.ethernet.source,
                Self.isHost(message.target)
            else { return }
            claimed = .v6(message.target)
            isRouter = message.isRouter
        }
    }

    /// Complete and right, or left to us by the guest's device.
    private static func hasGoodChecksum(_ frame: RawSpan, _ layout: FrameLayout, offload: VirtioNetHeader) -> Bool {
        switch Checksum.verifyTransport(of: frame, layout: layout) {
        case .valid: true
        case .partial:
            offload.flags.contains(.needsChecksum) && Int(offload.checksumStart) == layout.transportOffset
                && Int(offload.checksumOffset) == ICMPv6Header.checksumOffset
        case .absent, .wrong, .notApplicable: false
        }
    }

    /// Whether a station may have the address.
    private static func isHost(_ address: IPv4Address) -> Bool {
        !address.isMulticast && !address.isLimitedBroadcast && !address.isLoopback && address.rawValue >> 24 != 0
    }

    private static func isHost(_ address: IPv6Address) -> Bool {
        !address.isMulticast && !address.isUnspecified && !address.isLoopback
    }
}
