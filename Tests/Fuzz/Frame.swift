import WeftWire

/// An inner frame: its layout stays inside it, and the checksum that is computed is the one that verifies.
func testOneInput(_ bytes: RawSpan) {
    guard let layout = try? FrameLayout(parsing: bytes) else {
        return precondition(bytes.byteCount < EthernetHeader.byteCount, "no layout for \(bytes.byteCount) bytes")
    }
    precondition(layout.l2ByteCount <= bytes.byteCount && layout.packetEnd <= bytes.byteCount, "\(layout)")
    precondition(layout.transportEnd <= layout.packetEnd && layout.tagCount <= FrameLayout.tagLimit, "\(layout)")
    if let offset = layout.transportOffset, let payload = layout.payloadOffset {
        precondition(layout.malformation == nil && layout.isIP, "\(layout)")
        precondition(layout.networkOffset < offset && offset <= payload && payload <= layout.transportEnd, "\(layout)")
    }
    if let offset = layout.transportChecksumOffset { checkChecksum(of: bytes, layout, at: offset) }
}

private func checkChecksum(of bytes: RawSpan, _ layout: FrameLayout, at offset: Int) {
    let verdict = Checksum.verifyTransport(of: bytes, layout: layout)
    guard let checksum = Checksum.transportChecksum(of: bytes, layout: layout) else {
        preconditionFailure("\(verdict), but no checksum: \(layout)")
    }
    let field: UInt16 = bytes.bigEndian(at: offset)
    let agrees = field == checksum || (field == 0xFFFF && checksum == 0)  // they add alike
    switch verdict {
    case .valid: precondition(agrees, "valid, \(field) where \(checksum) is due: \(layout)")
    case .wrong: precondition(!agrees, "wrong, although \(field) is due: \(layout)")
    case .absent: precondition(field == 0, "absent, but \(field): \(layout)")
    case .partial: break
    case .notApplicable: preconditionFailure("not applicable, at \(offset): \(layout)")
    }
}
