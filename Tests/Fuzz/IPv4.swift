import WeftWire

/// An IPv4 packet's header: what is parsed is emitted and parsed alike.
func testOneInput(_ bytes: RawSpan) {
    guard let header = try? IPv4Header(parsing: bytes) else { return }
    precondition(header.headerByteCount <= bytes.byteCount && header.payloadByteCount >= 0, "\(header)")
    _ = Checksum.isValidIPv4Header(bytes.extracting(0..<header.headerByteCount))
    withEmitted(header.headerByteCount, header.emit) { emitted in
        precondition((try? IPv4Header(parsing: emitted)) == header, "\(header)")
    }
}
