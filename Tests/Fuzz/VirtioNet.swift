import WeftWire

/// What a TAP hands over: a virtio-net header and a frame, whose checksum is completed where the header asks for it.
func testOneInput(_ bytes: RawSpan) {
    guard let header = try? VirtioNetHeader(parsing: bytes) else { return }
    withEmitted(VirtioNetHeader.byteCount, header.emit) { emitted in
        precondition((try? VirtioNetHeader(parsing: emitted)) == header, "\(header)")
    }
    let byteCount = bytes.byteCount - VirtioNetHeader.byteCount
    guard header.flags.contains(.needsChecksum) else { return }
    let (start, offset) = (Int(header.checksumStart), Int(header.checksumOffset))
    let frame = (0..<byteCount).map { bytes.bigEndian(at: VirtioNetHeader.byteCount + $0, as: UInt8.self) }
    var fits = false
    let complete = { (span: inout MutableRawSpan) in
        for (index, byte) in frame.enumerated() { span.storeBigEndian(byte, at: index) }
        fits = Checksum.complete(&span, start: start, offset: offset)
    }
    withEmitted(byteCount, complete) { completed in
        precondition(fits == (start + offset + 2 <= byteCount), "\(header) and \(byteCount) bytes")
        // Only UDP has no checksum of 0.
        let isNonzero = !fits || offset != 6 || completed.bigEndian(at: start + offset, as: UInt16.self) != 0
        precondition(isNonzero, "a checksum of 0")
    }
}
