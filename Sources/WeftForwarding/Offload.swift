import WeftTypes
import WeftWire

/// What an offload header promises about a frame, checked before anything relies on it.
public enum Offload {
    /// Whether `offload` describes the frame that `layout` is of.
    ///
    /// A superframe must be the TCP or UDP that it claims, not fragmented, with the checksum where that protocol has it. A
    /// container's own tunnel fails here: its superframe names the checksum of the inner header, and cutting it at the outer
    /// one would corrupt it.
    public static func isSound(_ offload: VirtioNetHeader, for layout: FrameLayout) -> Bool {
        guard offload.isConsistent(withFrameOf: layout.byteCount) else { return false }
        let expected: (network: FrameLayout.Network?, transport: IPProtocol, checksum: Int)
        switch offload.segmentation {
        case .none: return true
        case .udp: return false  // cut into IP fragments: never offered to a guest
        case .tcpv4: expected = (.ipv4, .tcp, TCPHeader.checksumOffset)
        case .tcpv6: expected = (.ipv6, .tcp, TCPHeader.checksumOffset)
        case .udpL4: expected = (nil, .udp, UDPHeader.checksumOffset)
        }
        return layout.malformation == nil && !layout.isFragment && offload.flags.contains(.needsChecksum)
            && (expected.network == nil || expected.network == layout.network)
            && layout.transportProtocol == expected.transport && layout.transportOffset == Int(offload.checksumStart)
            && Int(offload.checksumOffset) == expected.checksum
    }

    /// `offload` for the same frame with `byteCount` bytes of it taken out before the network header, or put in when negative.
    ///
    /// A place that is not said stays so: the kernel refuses a header length that is less than an Ethernet header's.
    public static func shifted(_ offload: VirtioNetHeader, back byteCount: Int) -> VirtioNetHeader {
        func moved(_ place: UInt16) -> UInt16 { place == 0 ? 0 : UInt16(clamping: Int(place) - byteCount) }
        return VirtioNetHeader(
            flags: offload.flags, segmentation: offload.segmentation, hasECN: offload.hasECN,
            headerLength: moved(offload.headerLength), segmentSize: offload.segmentSize,
            checksumStart: moved(offload.checksumStart), checksumOffset: offload.checksumOffset)
    }

    /// `offload` as it is written to a port, with the header length that the layout tells: guests only hint at it.
    public static func forWriting(_ offload: VirtioNetHeader, layout: FrameLayout) -> VirtioNetHeader {
        VirtioNetHeader(
            flags: offload.flags.intersection(.needsChecksum), segmentation: offload.segmentation, hasECN: offload.hasECN,
            headerLength: offload.segmentation == .none ? 0 : UInt16(clamping: layout.payloadOffset ?? layout.l2ByteCount),
            segmentSize: offload.segmentSize, checksumStart: offload.checksumStart, checksumOffset: offload.checksumOffset)
    }
}

/// A number that is the same for all frames of one flow.
public enum FlowHash {
    /// Hashes addresses, protocol and ports of an IP packet; of fragments the addresses and the protocol, so that the parts of
    /// one packet stay together; of all else the MAC addresses and the type.
    public static func hash(of frame: RawSpan, layout: FrameLayout) -> UInt32 {
        var hash = UInt64(layout.etherType.rawValue) << 8 | UInt64(layout.transportProtocol?.rawValue ?? 0)
        guard layout.malformation == nil, layout.isIP else {
            hash = mix(hash, layout.ethernet.source.rawValue)
            return finished(mix(hash, layout.ethernet.destination.rawValue))
        }
        let base = layout.networkOffset
        if layout.network == .ipv4 {
            hash = mix(hash, frame.bigEndian(at: base + 12))
        } else {
            hash = mix(hash, frame.bigEndian(at: base + 8))
            hash = mix(hash, frame.bigEndian(at: base + 16))
            hash = mix(hash, frame.bigEndian(at: base + 24))
            hash = mix(hash, frame.bigEndian(at: base + 32))
        }
        if let transport = layout.transportOffset, !layout.isFragment, layout.transportHeaderByteCount > 0,
            layout.transportProtocol == .tcp || layout.transportProtocol == .udp
        {
            hash = mix(hash, UInt64(frame.bigEndian(at: transport, as: UInt32.self)))
        }
        return finished(hash)
    }

    private static func mix(_ hash: UInt64, _ value: UInt64) -> UInt64 {
        let product = (hash ^ value) &* 0x9E37_79B9_7F4A_7C15
        return product ^ product >> 29
    }

    private static func finished(_ hash: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: hash ^ hash >> 32) }
}
