import WeftWire

/// What follows the Ethernet header of a frame that may be a probe for loops; what is parsed is emitted the same.
func testOneInput(_ bytes: RawSpan) {
    guard let probe = try? LoopProbe(parsing: bytes) else { return }
    precondition(probe.byteCount <= bytes.byteCount && probe.byteCount <= LoopProbe.byteCountLimit, "\(probe.byteCount) bytes")
    let emitted = probe.bytes
    precondition((try? LoopProbe(parsing: emitted.span.bytes)) == probe, "the probe of \(probe.host) changed")
}
