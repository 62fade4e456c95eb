import WeftTypes

extension Dissection {
    /// `bytes` is what there is of the segment, `byteCount` what the IP header announces.
    mutating func describeTCP(_ header: TCPHeader, _ bytes: RawSpan, byteCount: Int) {
        let length = max(0, byteCount - header.headerByteCount)
        write("Flags [\(header.flags)]")
        if length > 0 || !header.flags.isDisjoint(with: [.syn, .fin, .rst]) {
            write(", seq \(header.sequence)")
            if length > 0 { write(":\(header.sequence &+ UInt32(truncatingIfNeeded: length))") }
        }
        if header.flags.contains(.ack) { write(", ack \(header.acknowledgement)") }
        write(", win \(header.window)")
        if header.flags.contains(.urg) { write(", urg \(header.urgentPointer)") }
        if header.headerByteCount > TCPHeader.byteCount {
            write(", options [")
            describeTCPOptions(bytes.extracting(TCPHeader.byteCount..<header.headerByteCount))
            write("]")
        }
        write(", length \(length)")
    }

    /// RFC 9293 §3.2; RFC 7323 for scale and timestamps, RFC 2018 for selective acknowledgements.
    private mutating func describeTCPOptions(_ bytes: RawSpan) {
        var offset = 0
        while offset < bytes.byteCount {
            if offset > 0 { write(",") }
            let kind: UInt8 = bytes.bigEndian(at: offset)
            if kind == 0 { return write("eol") }
            if kind == 1 {
                write("nop")
                offset += 1
                continue
            }
            guard bytes.byteCount - offset >= 2 else { return write("bad opt") }
            let length = Int(bytes.bigEndian(at: offset + 1, as: UInt8.self))
            guard length >= 2, length <= bytes.byteCount - offset else { return write("bad opt") }
            describeTCPOption(kind, bytes.extracting(offset + 2..<offset + length))
            offset += length
        }
    }

    private mutating func describeTCPOption(_ kind: UInt8, _ value: RawSpan) {
        switch (kind, value.byteCount) {
        case (2, 2): write("mss \(value.bigEndian(at: 0, as: UInt16.self))")
        case (3, 1): write("wscale \(value.bigEndian(at: 0, as: UInt8.self))")
        case (4, 0): write("sackOK")
        case (5, let count) where count % 8 == 0:
            write("sack \(count / 8) ")
            for edge in stride(from: 0, to: count, by: 8) {
                let (left, right): (UInt32, UInt32) = (value.bigEndian(at: edge), value.bigEndian(at: edge + 4))
                write("{\(left):\(right)}")
            }
        case (8, 8):
            let (value, echo): (UInt32, UInt32) = (value.bigEndian(at: 0), value.bigEndian(at: 4))
            write("TS val \(value) ecr \(echo)")
        case (34, _): write("tfo")
        default: write("opt-\(kind):\(value.byteCount)")
        }
    }

    mutating func describeUDP(_ header: UDPHeader, _ bytes: RawSpan) {
        let length = Int(header.length) - UDPHeader.byteCount
        guard header.destinationPort == vxlanPort else { return write("UDP, length \(length)") }
        let end = min(bytes.byteCount, Int(header.length))
        describeVXLAN(bytes.extracting(UDPHeader.byteCount..<end))
    }

    /// A clear I flag is said, and the frame described all the same.
    private mutating func describeVXLAN(_ bytes: RawSpan) {
        guard bytes.byteCount >= VXLANHeader.byteCount else { return write("VXLAN [|vxlan]") }
        let flags: UInt8 = bytes.bigEndian(at: 0)
        let vni = VNI(headerWord: bytes.bigEndian(at: 4))
        write("VXLAN, flags [\(flags & 0x08 != 0 ? "I" : "invalid")] (0x\(hexadecimal(flags, width: 2))), vni \(vni): ")
        describeFrame(bytes.extracting(VXLANHeader.byteCount..<bytes.byteCount), showsEthernet: false)
    }
}

extension TCPHeader.Flags: CustomStringConvertible {
    /// tcpdump's letters, `S.` for a SYN with ACK; `none` for no flag.
    public var description: String {
        let letters = zip(0..<8, "FSRP.UEW").filter { rawValue >> $0.0 & 1 == 1 }.map(\.1)
        return letters.isEmpty ? "none" : String(letters)
    }
}
