import WeftTypes
import WeftWire

/// The frames of one receive batch on their way to local ports, with what belongs together merged into superframes.
///
/// Frames stay where they were received, in one region of memory; an output is a header and a chain of payload slices in
/// it. Outputs come in the order of their first frames, and a frame joins only the newest output of its flow, so no flow is
/// reordered. Nothing outlives the batch.
///
/// What may join is in `Coalescer+Merging.swift`.
public struct Coalescer: ~Copyable {
    /// Where an output goes.
    @frozen public enum Target: Hashable, Sendable {
        case port(PortIndex)
        /// All local ports of a segment.
        case flood(SegmentIndex)
    }

    /// What became of a frame that was added.
    @frozen public enum Outcome: Hashable, Sendable {
        case added
        /// There is no room: write the outputs, remove them all, and add the frame again.
        case full
        /// It can't be delivered, for this reason.
        case rejected(DropReason)
    }

    /// One frame to write.
    public struct Output: Sendable {
        /// Where it goes.
        public let target: Target
        /// The peer it came from; only frames of one peer are merged.
        public let peer: PeerIndex
        /// Its headers, or all of it when ``firstSlice`` is negative: a range of the region.
        public internal(set) var front: Range<Int>
        /// The first of its payload slices, or −1.
        public internal(set) var firstSlice: Int32 = -1
        /// How many received frames it is made of.
        public internal(set) var frameCount = 1
        /// All bytes of it.
        public internal(set) var byteCount: Int
        /// What to write before it.
        public internal(set) var offload = VirtioNetHeader.complete

        var lastSlice: Int32 = -1
        var merge: Merge?
    }

    /// A part of the region that belongs to an output.
    public struct Slice: Sendable {
        /// Where it is.
        public let range: Range<Int>
        /// The next one of the same output, or −1.
        public internal(set) var next: Int32
    }

    /// What an output must remember so that more can join.
    struct Merge: Sendable {
        var isTCP: Bool
        var isIPv4: Bool
        /// Offsets from the start of the frame.
        var networkOffset: Int
        var transportOffset: Int
        var payloadOffset: Int
        var payloadByteCount: Int
        var segmentSize: Int
        var nextSequence: UInt32
        var identification: UInt16
        var isFixedIdentification: Bool?
        var tailFlags: TCPHeader.Flags = []
        var isClosed: Bool
        var isPartial: Bool
        var isVerified = false
    }

    /// The outputs so far.
    public private(set) var outputs: [Output] = []
    public private(set) var slices: [Slice] = []
    private var flows: [Int32]
    private let outputLimit: Int
    private let sliceLimit: Int
    /// Whether UDP datagrams are merged: the ports' kernel knows USO.
    public var mergesUDP: Bool

    private static var flowCount: Int { 256 }
    /// A write takes at most 1024 slices.
    private static var frameCountLimit: Int { 512 }

    /// Creates an empty set that holds up to `frameLimit` frames.
    public init(frameLimit: Int = 1024, mergesUDP: Bool = true) {
        outputLimit = frameLimit
        sliceLimit = frameLimit * 2
        self.mergesUDP = mergesUDP
        outputs.reserveCapacity(outputLimit)
        slices.reserveCapacity(sliceLimit)
        flows = Array(repeating: -1, count: Self.flowCount)
    }

    /// Forgets all outputs; the memory stays.
    public mutating func removeAll() {
        outputs.removeAll(keepingCapacity: true)
        slices.removeAll(keepingCapacity: true)
        closeAllFlows()
    }

    /// Adds a frame that `region` holds at `frame`.
    ///
    /// `layout` is the frame's, `treatment` what ``Pipeline`` decided: `.whole`, or `.cut` for a sender's superframe.
    public mutating func add(
        _ frame: Range<Int>, layout: FrameLayout, treatment: Treatment, to target: Target, from peer: PeerIndex,
        in region: inout MutableRawSpan
    ) -> Outcome {
        guard outputs.count < outputLimit, slices.count + 2 <= sliceLimit else { return .full }
        var output = Output(target: target, peer: peer, front: frame, byteCount: frame.count)
        if layout.isFragment { closeAllFlows() }
        let isPartial = Self.isPartial(region.bytes.extracting(frame), layout: layout)
        if isPartial, let start = layout.transportOffset, let field = layout.transportChecksumOffset {
            output.offload = VirtioNetHeader(
                flags: .needsChecksum, checksumStart: UInt16(clamping: start), checksumOffset: UInt16(clamping: field - start))
        }
        guard layout.transportChecksumOffset != nil, layout.transportProtocol == .tcp || layout.transportProtocol == .udp else {
            outputs.append(output)
            return .added
        }
        let flow = Int(FlowHash.hash(of: region.bytes.extracting(frame), layout: layout)) % Self.flowCount
        if case .cut(let segmentSize) = treatment {
            flows[flow] = -1
            return addSuperframe(&output, layout: layout, segmentSize: segmentSize, isPartial: isPartial, in: &region)
        }
        let bytes = region.bytes.extracting(frame)
        guard let merge = Self.candidate(bytes, layout: layout, isPartial: isPartial, mergesUDP: mergesUDP) else {
            flows[flow] = -1
            outputs.append(output)
            return .added
        }
        if flows[flow] >= 0, join(output, merge, to: Int(flows[flow]), in: region.bytes) { return .added }
        output.merge = merge
        flows[flow] = merge.isClosed ? -1 : Int32(truncatingIfNeeded: outputs.count)
        outputs.append(output)
        return .added
    }

    /// Completes the headers of all outputs in `region`; do this before reading them for writing.
    public mutating func finish(in region: inout MutableRawSpan) {
        for index in outputs.indices where outputs[index].frameCount > 1 { Self.finish(&outputs[index], in: &region) }
    }

    private mutating func closeAllFlows() {
        for index in flows.indices { flows[index] = -1 }
    }

    /// Appends a frame to an output if it may join; its headers are dropped then.
    private mutating func join(_ frame: borrowing Output, _ part: Merge, to index: Int, in region: RawSpan) -> Bool {
        guard var merge = outputs[index].merge, !merge.isClosed, outputs[index].target == frame.target,
            outputs[index].peer == frame.peer, outputs[index].frameCount < Self.frameCountLimit
        else { return false }
        let (head, next) = (region.extracting(outputs[index].front), region.extracting(frame.front))
        guard Self.fits(part, merge), Self.isSameFlow(head, next, merge: merge, part: part),
            Self.verify(head, &merge, whole: outputs[index].frameCount == 1), Self.verify(next, part)
        else { return false }

        if outputs[index].frameCount == 1 {
            let start = outputs[index].front.lowerBound
            let payload = start + merge.payloadOffset..<start + merge.payloadOffset + merge.payloadByteCount
            outputs[index].front = start..<payload.lowerBound
            outputs[index].byteCount = merge.payloadOffset + merge.payloadByteCount  // padding is gone
            append(payload, to: index)
        }
        let start = frame.front.lowerBound + part.payloadOffset
        append(start..<start + part.payloadByteCount, to: index)
        outputs[index].frameCount += 1
        outputs[index].byteCount += part.payloadByteCount
        merge.absorb(part)
        outputs[index].merge = merge
        return true
    }

    private mutating func append(_ range: Range<Int>, to index: Int) {
        let slice = Int32(truncatingIfNeeded: slices.count)
        slices.append(Slice(range: range, next: -1))
        if outputs[index].firstSlice < 0 {
            outputs[index].firstSlice = slice
        } else {
            slices[Int(outputs[index].lastSlice)].next = slice
        }
        outputs[index].lastSlice = slice
    }

    /// Appends a superframe that came in one datagram.
    private mutating func addSuperframe(
        _ output: inout Output, layout: FrameLayout, segmentSize: Int, isPartial: Bool, in region: inout MutableRawSpan
    ) -> Outcome {
        guard let start = layout.transportOffset, let field = layout.transportChecksumOffset,
            let payloadOffset = layout.payloadOffset
        else { return .rejected(.badOffload) }
        if !isPartial {
            // Only what is known to be good may get a checksum that makes it good.
            guard Checksum.verifyTransport(of: region.bytes.extracting(output.front), layout: layout) == .valid else {
                return .rejected(.badOffload)
            }
            let sum = Checksum.pseudoHeaderSum(of: region.bytes.extracting(output.front), layout: layout)
            region.storeBigEndian(Checksum.fold(sum), at: output.front.lowerBound + field)
        }
        let isTCP = layout.transportProtocol == .tcp
        output.front = output.front.lowerBound..<output.front.lowerBound + layout.packetEnd
        output.byteCount = layout.packetEnd
        output.offload = VirtioNetHeader(
            flags: .needsChecksum,
            segmentation: isTCP ? (layout.network == .ipv4 ? .tcpv4 : .tcpv6) : .udpL4,
            headerLength: UInt16(clamping: payloadOffset), segmentSize: UInt16(clamping: segmentSize),
            checksumStart: UInt16(clamping: start), checksumOffset: UInt16(clamping: field - start))
        outputs.append(output)
        return .added
    }
}
