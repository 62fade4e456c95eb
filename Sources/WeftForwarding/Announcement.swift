import WeftTypes
import WeftWire

/// Frames that say where a station is, in its name: for one that has moved here and is silent (E3, RFC 9161 §3).
///
/// Not for the packet path: they are made once, and sent by the control side.
public enum Announcement {
    /// Ethernet's smallest frame without its check sequence.
    private static var minimumByteCount: Int { 60 }

    /// A reverse ARP request, which every switch on the way learns from and nobody answers: as hypervisors announce a guest
    /// that has moved.
    public static func reverseARP(of mac: MACAddress) -> [UInt8] {
        let packet = ARPPacket(
            operation: .reverseRequest, senderMAC: mac, sender: IPv4Address(rawValue: 0), targetMAC: mac,
            target: IPv4Address(rawValue: 0))
        return frame(packet, from: mac, as: .rarp)
    }

    /// "I have this address": an ARP request for the sender's own address (RFC 5227 §3) or, for IPv6, an unsolicited neighbour
    /// advertisement that overrides what is known (RFC 4861 §7.2.6).
    public static func binding(of address: IPAddress, to binding: Binding) -> [UInt8] {
        switch address {
        case .v4(let address):
            let packet = ARPPacket(
                operation: .request, senderMAC: binding.mac, sender: address, targetMAC: .zero, target: address)
            return frame(packet, from: binding.mac, as: .arp)
        case .v6(let address):
            let start = EthernetHeader.byteCount
            var frame = [UInt8](repeating: 0, count: start + IPv6Header.byteCount + NeighbourDiscovery.emittedByteCount)
            frame.withMutableRawBytes { bytes in
                let group = IPv6Address.allNodes
                EthernetHeader(destination: group.groupMAC, source: binding.mac, etherType: .ipv6).emit(into: &bytes)
                let message = NeighbourDiscovery(
                    .advertisement, target: address, linkLayerAddress: binding.mac, isRouter: binding.isRouter, overrides: true)
                _ = message.emitPacket(from: address, to: group, into: &bytes, at: start)
            }
            return frame
        }
    }

    private static func frame(_ packet: ARPPacket, from mac: MACAddress, as type: EtherType) -> [UInt8] {
        var frame = [UInt8](repeating: 0, count: minimumByteCount)
        frame.withMutableRawBytes { bytes in
            EthernetHeader(destination: .broadcast, source: mac, etherType: type).emit(into: &bytes)
            var payload = bytes._mutatingExtracting(EthernetHeader.byteCount..<bytes.byteCount)
            packet.emit(into: &payload)
        }
        return frame
    }
}
