import WeftWire

/// An IPv6 header and its chain of extension headers.
func testOneInput(_ bytes: RawSpan) {
    guard let header = try? IPv6Header(parsing: bytes) else { return }
    withEmitted(IPv6Header.byteCount, header.emit) { precondition((try? IPv6Header(parsing: $0)) == header, "\(header)") }
    let payload = bytes.extracting(IPv6Header.byteCount..<bytes.byteCount)
    guard let extensions = try? IPv6Extensions(parsing: payload, nextHeader: header.nextHeader) else { return }
    precondition(extensions.byteCount <= payload.byteCount && extensions.count <= IPv6Extensions.limit, "\(extensions)")
    let isLaterFragment = (extensions.fragment?.offset ?? 0) != 0
    precondition(isLaterFragment || !extensions.protocolNumber.isIPv6Extension, "\(extensions)")
}
