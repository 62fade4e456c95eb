import WeftTypes

extension Checksum {
    /// What the transport checksum of a frame is worth.
    @frozen public enum Verdict: Hashable, Sendable, CaseIterable {
        /// It agrees with the data.
        case valid
        /// UDP sent none: the field is 0.
        case absent
        /// It holds only the pseudo-header's sum: the sender left the rest to hardware that never came. The frame is good if
        /// it is handed on as "needs checksum", and wrong on a wire.
        case partial
        /// It contradicts the data.
        case wrong
        /// There is none that this frame alone could show: not IP, malformed, a fragment, another protocol, or a routing
        /// header that hides the destination.
        case notApplicable
    }

    /// Judges the TCP, UDP, ICMP or ICMPv6 checksum of a frame by its layout.
    ///
    /// `layout` must be that of `frame`.
    public static func verifyTransport(of frame: RawSpan, layout: FrameLayout) -> Verdict {
        guard let start = layout.transportOffset, let offset = layout.transportChecksumOffset else { return .notApplicable }
        let field: UInt16 = frame.bigEndian(at: offset)
        if layout.transportProtocol == .udp, field == 0 { return .absent }
        let pseudoHeader = pseudoHeaderSum(of: frame, layout: layout)
        // A field that is right and equals this sum by chance is completed to itself, so the cheap test comes first.
        if layout.transportProtocol != .icmp, field == fold(pseudoHeader) { return .partial }
        let sum = sum(frame.extracting(start..<layout.transportEnd), initial: pseudoHeader)
        return fold(sum) == 0xFFFF ? .valid : .wrong
    }

    /// The transport checksum that the frame's data calls for, whatever its field holds now; nil where
    /// ``verifyTransport(of:layout:)`` says not applicable. For UDP it is never 0.
    public static func transportChecksum(of frame: RawSpan, layout: FrameLayout) -> UInt16? {
        guard let start = layout.transportOffset, let offset = layout.transportChecksumOffset else { return nil }
        // Around the field, which is at an even offset of what is summed. Taking it out of the whole sum afterwards would give
        // 0 for the message of zeros, whose checksum is 0xFFFF.
        let before = sum(frame.extracting(start..<offset), initial: pseudoHeaderSum(of: frame, layout: layout))
        let checksum = ~fold(sum(frame.extracting(offset + 2..<layout.transportEnd), initial: before))
        return checksum == 0 && layout.transportProtocol == .udp ? 0xFFFF : checksum
    }

    /// Finishes a partial checksum as a network card would: sums from `start` to the end of `frame`, the field included, and
    /// writes the complement at `start + offset` (virtio 1.2 §5.1.6.2).
    ///
    /// The field must hold the pseudo-header's sum. A result of 0 is written as 0xFFFF where the field is UDP's, for which 0
    /// means "none"; elsewhere 0xFFFF is never right (RFC 1624 §3), though most receivers take it.
    /// - Returns: Whether the field lies inside the frame; if not, nothing is written.
    @discardableResult
    public static func complete(_ frame: inout MutableRawSpan, start: Int, offset: Int) -> Bool {
        guard start >= 0, offset >= 0, start <= frame.byteCount, offset <= frame.byteCount - start - 2 else { return false }
        let checksum = ~fold(sum(frame.bytes.extracting(start..<frame.byteCount)))
        frame.storeBigEndian(checksum == 0 && offset == UDPHeader.checksumOffset ? 0xFFFF : checksum, at: start + offset)
        return true
    }

    /// The sum of the pseudo-header that belongs to the frame's transport; 0 for ICMP, which has none.
    ///
    /// The layout must have a ``FrameLayout/transportChecksumOffset``.
    public static func pseudoHeaderSum(of frame: RawSpan, layout: FrameLayout) -> UInt64 {
        guard let start = layout.transportOffset, let protocolNumber = layout.transportProtocol else { return 0 }
        let byteCount = layout.transportEnd - start
        let base = layout.networkOffset
        switch layout.network {
        case .ipv4:
            guard protocolNumber != .icmp else { return 0 }
            return pseudoHeaderSum(
                source: frame.ipv4Address(at: base + 12), destination: frame.ipv4Address(at: base + 16),
                protocolNumber: protocolNumber, byteCount: byteCount)
        case .ipv6:
            return pseudoHeaderSum(
                source: frame.ipv6Address(at: base + 8), destination: frame.ipv6Address(at: base + 24),
                protocolNumber: protocolNumber, byteCount: byteCount)
        case .arp, .other: return 0
        }
    }

    /// Whether an IPv4 header of the right length, options included, agrees with its checksum.
    public static func isValidIPv4Header(_ header: RawSpan) -> Bool { fold(sum(header)) == 0xFFFF }

    /// Computes and writes the checksum of an IPv4 header; `header` is all of it, options included.
    public static func storeIPv4Header(into header: inout MutableRawSpan) {
        header.storeBigEndian(UInt16(0), at: 10)
        header.storeBigEndian(~fold(sum(header.bytes)), at: 10)
    }
}
