import WeftWire

/// Ethernet header, tag and ARP packet: what is parsed is emitted and parsed alike.
func testOneInput(_ bytes: RawSpan) {
    if let header = try? EthernetHeader(parsing: bytes) {
        withEmitted(EthernetHeader.byteCount, header.emit) { emitted in
            precondition((try? EthernetHeader(parsing: emitted)) == header, "\(header)")
        }
    }
    if let tag = try? VLANTag(parsing: bytes) {
        withEmitted(VLANTag.byteCount, tag.emit) { precondition((try? VLANTag(parsing: $0)) == tag, "\(tag)") }
    }
    if let packet = try? ARPPacket(parsing: bytes) {
        withEmitted(ARPPacket.byteCount, packet.emit) { precondition((try? ARPPacket(parsing: $0)) == packet, "\(packet)") }
    }
}
