import WeftWire

/// A UDP payload that may be a path probe; what answers it is never longer.
func testOneInput(_ bytes: RawSpan) {
    guard let probe = try? PathProbe(parsing: bytes) else { return }
    precondition(PathProbe.isPossible(bytes) && bytes.byteCount >= PathProbe.byteCount, "a probe of \(bytes.byteCount) bytes")
    withEmitted(PathProbe.byteCount, probe.acknowledgement.emit) { emitted in
        precondition((try? PathProbe(parsing: emitted)) == probe.acknowledgement, "nonce \(probe.nonce) changed")
    }
}
