import WeftWire

/// TCP, UDP, ICMP and ICMPv6 headers: what is parsed is emitted and parsed alike.
func testOneInput(_ bytes: RawSpan) {
    if let header = try? TCPHeader(parsing: bytes) {
        precondition(header.headerByteCount <= bytes.byteCount, "\(header)")
        withEmitted(header.headerByteCount, header.emit) { precondition((try? TCPHeader(parsing: $0)) == header, "\(header)") }
    }
    if let header = try? UDPHeader(parsing: bytes) {
        withEmitted(UDPHeader.byteCount, header.emit) { precondition((try? UDPHeader(parsing: $0)) == header, "\(header)") }
    }
    if let header = try? ICMPHeader(parsing: bytes) {
        withEmitted(ICMPHeader.byteCount, header.emit) { precondition((try? ICMPHeader(parsing: $0)) == header, "\(header)") }
    }
    if let header = try? ICMPv6Header(parsing: bytes) {
        withEmitted(ICMPv6Header.byteCount, header.emit) { emitted in
            precondition((try? ICMPv6Header(parsing: emitted)) == header, "\(header)")
        }
    }
}
