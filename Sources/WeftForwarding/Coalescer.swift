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
        /// Where the VXLAN header of the first frame is; nil when a tag was stripped, which moves the frame away from it.
        var vxlanOffset: Int?
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
        var shape: HeaderMask.Shape
        /// Bytes of payload so far, and of the first frame, which no other may exceed.
        var payloadByteCount: Int
        var segmentSize: Int
        var nextSequence: UInt32
        var identification: UInt16
        var dontFragment: Bool
        var isFixedIdentification: Bool?
        var tailFlags: TCPHeader.Flags = []
        var isClosed: Bool
        var isPartial: Bool
        var isVerified = false
    }

    /// What a frame brings to a merge, as far as its headers may differ from those of the first.
    struct Part {
        var payloadByteCount: Int
        var sequence: UInt32
        var identification: UInt16
        var tailFlags: TCPHeader.Flags
    }

    /// The outputs so far.
    public private(set) var outputs: [Output] = []
    public private(set) var slices: [Slice] = []
    /// Per flow, by hash: the output that its next frame may join, or −1.
    private var flows: [Int32]
    var mask: HeaderMask
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
        mask = HeaderMask(HeaderMask.Shape(isTCP: true, isIPv4: true, networkOffset: 14, transportOffset: 34, payloadOffset: 66))
    }

    /// Forgets all outputs; the memory stays.
    public mutating func removeAll() {
        outputs.removeAll(keepingCapacity: true)
        slices.removeAll(keepingCapacity: true)
        closeAllFlows()
    }

    /// Adds a frame that `region` holds at `frame`, in or, where a tag was stripped, taken out of `datagram`.
    ///
    /// `layout` is the frame's, `treatment` what ``Pipeline`` decided: `.whole`, or `.cut` for a sender's superframe.
    public mutating func add(
        _ frame: Range<Int>, of datagram: Range<Int>, layout: FrameLayout, treatment: Treatment, to target: Target,
        from peer: PeerIndex, in region: inout MutableRawSpan
    ) -> Outcome {
        guard outputs.count < outputLimit, slices.count + 2 <= sliceLimit else { return .full }
        var output = Output(target: target, peer: peer, front: frame, byteCount: frame.count)
        if frame.lowerBound == datagram.lowerBound + VXLANHeader.byteCount { output.vxlanOffset = datagram.lowerBound }
        if layout.isFragment { closeAllFlows() }
        let isPartial =
            Self.isPartial(region.bytes.extracting(frame), layout: layout)
            && Self.leavePartial(&output, layout: layout, in: &region)
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

    /// Adds the frame of a datagram without a decision of its own, if it plainly is the next part of the newest output, as most
    /// frames of a bulk transfer are; false when it is not, and nothing has changed.
    ///
    /// What ``Pipeline`` decided about the newest output holds for such a frame: it came in the same batch, from the same peer,
    /// with the same VXLAN header and the same frame headers but for lengths, identification, sequence, PSH, FIN and
    /// checksums, which are checked here as by ``add(_:of:layout:treatment:to:from:in:)``, and it is no larger.
    public mutating func extend(with datagram: Range<Int>, arrival: Arrival, in region: RawSpan) -> Bool {
        let index = outputs.count - 1
        guard index >= 0, let vxlanOffset = outputs[index].vxlanOffset, slices.count + 2 <= sliceLimit,
            let shape = outputs[index].merge?.shape,
            datagram.count > VXLANHeader.byteCount + shape.payloadOffset, arrival.peer == outputs[index].peer,
            !arrival.isFromOverlay, arrival.innerSegmentSize == nil
        else { return false }
        let header: UInt64 = region.bigEndian(at: vxlanOffset)
        let start = datagram.lowerBound + VXLANHeader.byteCount
        let next = region.extracting(start..<datagram.upperBound)
        guard region.bigEndian(at: datagram.lowerBound) == header, let part = Self.part(of: next, shape: shape) else {
            return false
        }
        return join(start, next, part, to: index, in: region)
    }

    /// Appends a frame to an output if it may join; its headers are dropped then.
    private mutating func join(_ frame: borrowing Output, _ merge: Merge, to index: Int, in region: RawSpan) -> Bool {
        guard outputs[index].target == frame.target, outputs[index].peer == frame.peer,
            outputs[index].merge?.shape == merge.shape
        else { return false }
        let part = Part(
            payloadByteCount: merge.payloadByteCount, sequence: merge.firstSequence, identification: merge.identification,
            tailFlags: merge.tailFlags)
        return join(frame.front.lowerBound, region.extracting(frame.front), part, to: index, in: region)
    }

    /// Appends a frame that begins at `start` and has the shape of the output.
    private mutating func join(_ start: Int, _ next: RawSpan, _ part: Part, to index: Int, in region: RawSpan) -> Bool {
        guard let merge = outputs[index].merge, !merge.isClosed, outputs[index].frameCount < Self.frameCountLimit,
            merge.takes(part)
        else { return false }
        let head = region.extracting(outputs[index].front)
        if mask.shape != merge.shape { mask = HeaderMask(merge.shape) }
        guard mask.agree(head, next) else { return false }
        if !merge.isVerified {
            // Once, and only then is the output known to be part of a merge.
            guard Self.verify(head, merge.shape, payloadByteCount: merge.payloadByteCount, isPartial: merge.isPartial) else {
                outputs[index].merge?.isClosed = true
                return false
            }
            outputs[index].merge?.isVerified = true
        }
        guard Self.verify(next, merge.shape, payloadByteCount: part.payloadByteCount, isPartial: merge.isPartial) else {
            return false
        }
        let payloadOffset = merge.shape.payloadOffset
        if outputs[index].frameCount == 1 {
            let front = outputs[index].front.lowerBound
            let payload = front + payloadOffset..<front + payloadOffset + merge.payloadByteCount
            outputs[index].front = front..<payload.lowerBound
            outputs[index].byteCount = payloadOffset + merge.payloadByteCount  // padding is gone
            append(payload, to: index)
        }
        append(start + payloadOffset..<start + payloadOffset + part.payloadByteCount, to: index)
        outputs[index].frameCount += 1
        outputs[index].byteCount += part.payloadByteCount
        outputs[index].merge?.absorb(part)
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
            let payloadOffset = layout.payloadOffset, layout.transportEnd == layout.packetEnd
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
