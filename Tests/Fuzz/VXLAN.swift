import WeftWire

/// A UDP payload as it comes to the VXLAN port: the header, then the inner frame's layout.
func testOneInput(_ bytes: RawSpan) {
    guard let header = try? VXLANHeader(parsing: bytes) else { return }
    withEmitted(VXLANHeader.byteCount, header.emit) { emitted in
        precondition((try? VXLANHeader(parsing: emitted)) == header, "VNI \(header.vni) changed")
    }
    let inner = bytes.extracting(VXLANHeader.byteCount..<bytes.byteCount)
    guard let layout = try? FrameLayout(parsing: inner) else {
        return precondition(inner.byteCount < EthernetHeader.byteCount, "no layout for \(inner.byteCount) bytes")
    }
    _ = Checksum.verifyTransport(of: inner, layout: layout)
}
