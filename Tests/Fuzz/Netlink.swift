@testable import WeftNetlink

/// A datagram from the kernel: notifications, the ends of requests, and what is asked for by name.
func testOneInput(_ bytes: RawSpan) {
    let datagram = (0..<bytes.byteCount).map { unsafe bytes.unsafeLoadUnaligned(fromByteOffset: $0, as: UInt8.self) }
    _ = NetlinkEvent.list(parsing: datagram)
    do throws(MalformedMessage) {
        try bytes.forEachMessage { header, payload throws(MalformedMessage) in
            _ = try BridgeVLAN.list(parsing: payload)
            _ = try Acknowledgement(error: payload, flags: header.flags)
            _ = try Acknowledgement(done: payload, flags: header.flags)
        }
    } catch {
        // Malformed messages are part of the game.
    }
}
