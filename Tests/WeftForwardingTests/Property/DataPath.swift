import WeftFlows
import WeftForwarding
import WeftTypes
import WeftWire

/// The code under test as the property tests see it, and the only file of theirs that calls it: frames and datagrams in,
/// datagrams and frames out, put together as the workers do (`Worker+Encapsulation.swift`, `Worker+Underlay.swift`).
///
/// A host with two segments. blue (VNI 100, MTU 1450): ports 0 and 1, no tags, unknown stations are flooded. green (VNI 200,
/// MTU 1400): port 2, tags are carried, frames to unknown stations are dropped. Three peers are members of both.
final class DataPath {
    static let near: [UInt8] = [0x52, 0x54, 0, 0, 1, 1]
    static let far: [UInt8] = [0x52, 0x54, 0, 0, 1, 2]
    static let segmentCount = 2
    static let peerCount = 3

    private static let fabric = FabricTables(
        FabricDescription(
            segments: [
                SegmentDescription(
                    index: SegmentIndex(0), vni: VNI(headerWord: 100 << 8), name: "blue", mtu: 1450,
                    members: [PeerIndex(0), PeerIndex(1), PeerIndex(2)]),
                SegmentDescription(
                    index: SegmentIndex(1), vni: VNI(headerWord: 200 << 8), name: "green", mtu: 1400, tags: .carry,
                    unknownUnicast: .drop, members: [PeerIndex(0), PeerIndex(1), PeerIndex(2)]),
            ],
            ports: [
                PortDescription(index: PortIndex(0), name: "blue", segment: SegmentIndex(0)),
                PortDescription(index: PortIndex(1), name: "other", segment: SegmentIndex(0)),
                PortDescription(index: PortIndex(2), name: "green", segment: SegmentIndex(1)),
            ],
            peers: (0..<3).map {
                PeerDescription(index: PeerIndex($0), name: "peer\($0)", vtep: vtep($0), kind: .plain)
            }))

    private static func vtep(_ peer: UInt16) -> VTEP {
        VTEP(address: .v4(IPv4Address(rawValue: 0xC000_0200 | UInt32(peer) + 12)))
    }

    private let tables: ForwardingTables
    private var memory = PathMemory()
    private let now = Instant(nanoseconds: 1_000_000_000_000)
    private var coalescer: Coalescer
    private var region: [UInt8] = []

    /// A host where `local` is behind ports 0 and 2, and `remote` on peer 0.
    init(local: [UInt8], remote: [UInt8], frameLimit: Int = 1024, mergesUDP: Bool = true) {
        var directory = Directory()
        let mac = { (bytes: [UInt8]) in MACAddress(rawValue: bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }) }
        directory.configure(
            (0..<2).flatMap { segment in
                [
                    Directory.Station(key: FDBKey(SegmentIndex(segment), mac(local)), location: .port(PortIndex(segment * 2))),
                    Directory.Station(key: FDBKey(SegmentIndex(segment), mac(remote)), location: .peer(PeerIndex(0))),
                ]
            })
        tables = ForwardingTables(fabric: Self.fabric, fdb: directory.fdb)
        coalescer = Coalescer(frameLimit: frameLimit, mergesUDP: mergesUDP)
    }

    /// The rules that a reference needs to know, of both segments: where `known` is the station that unicast goes to.
    static func rules(known: [UInt8]) -> [Reference] {
        (0..<segmentCount).map { segment in
            Reference(mtu: segment == 0 ? 1450 : 1400, carriesTags: segment == 1) { frame in
                if frame[0] & 1 != 0 { return .all }
                return frame.starts(with: known) ? .one : segment == 0 ? .all : .nowhere
            }
        }
    }

    /// What `body` writes to the front of `count` bytes that were 0xA5.
    private static func emitted(_ count: Int, _ body: (inout MutableRawSpan) -> Void) -> [UInt8] {
        var bytes = [UInt8](repeating: 0xA5, count: count)
        bytes.withMutableRawBytes { body(&$0) }
        return bytes
    }

    // MARK: Into the tunnel

    /// What becomes of a guest's frame.
    enum Sent: Equatable {
        /// The frames in its datagrams; each datagram began with a good VXLAN header.
        case frames([[UInt8]])
        case dropped
    }

    /// Sends a guest's frame into a segment.
    func send(_ sent: Flow.Sent, segment: Int) -> Sent {
        guard var offload = try? VirtioNetHeader(parsing: sent.offload.bytes.rawBytes) else { return .dropped }
        var frame = sent.frame
        var decision = Pipeline.decide(
            frame.rawBytes, offload: offload, from: PortIndex(UInt16(segment * 2)), tables: tables, memory: &memory, now: now)
        strip(&frame, &decision)
        if frame.count < sent.frame.count { offload = Offload.shifted(offload, back: VLANTag.byteCount) }
        switch decision.verdict {
        case .encapsulate, .flood: break
        case .drop, .answer, .resolve, .deliver: return .dropped
        }
        guard let layout = decision.layout else { return .dropped }
        let limit = tables.fabric.mtu(of: decision.segment) - (layout.l2ByteCount - EthernetHeader.byteCount)
        switch decision.treatment {
        case .whole:
            complete(&frame, offload)
            return .frames([frame])
        case .cut(let segmentSize): return .frames(Self.cut(frame, segmentSize: segmentSize) ?? [])
        case .fragment:
            complete(&frame, offload)
            return .frames(Self.fragment(frame, limit: limit) ?? [])
        case .cutAndFragment(let segmentSize):
            return .frames((Self.cut(frame, segmentSize: segmentSize) ?? []).flatMap { Self.fragment($0, limit: limit) ?? [] })
        }
    }

    /// The frames of a superframe; nil when it can't be cut.
    static func cut(_ frame: [UInt8], segmentSize: Int) -> [[UInt8]]? {
        guard let layout = try? FrameLayout(parsing: frame.rawBytes),
            let segmenter = Segmenter(of: frame.rawBytes, layout: layout, segmentSize: segmentSize)
        else { return nil }
        return (0..<segmenter.pieceCount).map { piece in
            emitted(segmenter.headerByteCount) { segmenter.emitHeader(of: piece, from: frame.rawBytes, into: &$0) }
                + frame[segmenter.payload(of: piece)]
        }
    }

    private static func fragment(_ frame: [UInt8], limit: Int) -> [[UInt8]]? {
        guard let layout = try? FrameLayout(parsing: frame.rawBytes),
            let fragmenter = Fragmenter(frame: frame.rawBytes, layout: layout, limit: limit)
        else { return nil }
        return (0..<fragmenter.fragmentCount).map { index in
            emitted(fragmenter.headerByteCount) { fragmenter.emitHeader(of: index, from: frame.rawBytes, into: &$0) }
                + frame[fragmenter.payload(of: index)]
        }
    }

    private func complete(_ frame: inout [UInt8], _ offload: VirtioNetHeader) {
        guard offload.flags.contains(.needsChecksum) else { return }
        frame.withMutableRawBytes {
            _ = Checksum.complete(&$0, start: Int(offload.checksumStart), offset: Int(offload.checksumOffset))
        }
    }

    private func strip(_ frame: inout [UInt8], _ decision: inout Decision) {
        guard decision.stripsTag else { return }
        frame.withMutableRawBytes { FrameTag.strip(from: &$0) }
        frame.removeFirst(VLANTag.byteCount)
        decision.layout = try? FrameLayout(parsing: frame.rawBytes)
    }

    // MARK: Out of the tunnel

    /// Receives one batch; returns what is written, and which of the datagrams were dropped.
    func receive(_ batch: [Arrived]) -> (written: [Delivered], dropped: [Int]) {
        var written: [Delivered] = []
        var dropped: [Int] = []
        region = []
        var datagrams: [Range<Int>] = []
        for arrived in batch {
            let vni = UInt32(arrived.segment == 0 ? 100 : 200)
            let start = region.count
            region += [8, 0, 0, 0] + big(vni << 8) + arrived.frame
            datagrams.append(start..<region.count)
        }
        for (index, arrived) in batch.enumerated() where !take(datagrams[index], arrived, into: &written) {
            dropped.append(index)
        }
        deliver(into: &written)
        return (written, dropped)
    }

    /// Decides about one datagram; whether its frame goes to a port.
    private func take(_ datagram: Range<Int>, _ arrived: Arrived, into written: inout [Delivered]) -> Bool {
        let arrival = Arrival(peer: PeerIndex(UInt16(arrived.peer)), innerSegmentSize: arrived.segmentSize)
        if coalescer.extend(with: datagram, arrival: arrival, in: region.rawBytes) { return true }
        if coalescer.extend(with: datagram, arrival: arrival, in: region.rawBytes) { return true }
        var decision = Pipeline.decide(
            datagram: region.rawBytes.extracting(datagram), arrival: arrival, tables: tables, memory: &memory, now: now)
        let target: Coalescer.Target
        switch decision.verdict {
        case .deliver(let port): target = .port(port)
        case .flood: target = .flood(decision.segment)
        case .drop, .answer, .resolve, .encapsulate: return false
        }
        var frame = datagram.lowerBound + VXLANHeader.byteCount..<datagram.upperBound
        if decision.stripsTag {
            var bytes = Array(region[frame])
            bytes.withMutableRawBytes { FrameTag.strip(from: &$0) }
            region.replaceSubrange(frame, with: bytes)
            frame = frame.lowerBound + VLANTag.byteCount..<frame.upperBound
            decision.layout = try? FrameLayout(parsing: region.rawBytes.extracting(frame))
        }
        guard let layout = decision.layout else { return false }
        while true {
            let outcome = region.withMutableRawBytes {
                coalescer.add(
                    frame, of: datagram, layout: layout, treatment: decision.treatment, to: target,
                    from: PeerIndex(UInt16(arrived.peer)), in: &$0)
            }
            switch outcome {
            case .added: return true
            case .rejected: return false
            case .full: deliver(into: &written)
            }
        }
    }

    private func deliver(into written: inout [Delivered]) {
        region.withMutableRawBytes { coalescer.finish(in: &$0) }
        for output in coalescer.outputs {
            var bytes = Array(region[output.front])
            var next = output.firstSlice
            while next >= 0 {
                bytes += region[coalescer.slices[Int(next)].range]
                next = coalescer.slices[Int(next)].next
            }
            let header = Self.emitted(VirtioNetHeader.byteCount) { output.offload.emit(into: &$0) }
            var delivered = Delivered(
                segment: -1, isFlood: false, peer: Int(output.peer.rawValue), offload: OffloadHeader(header), bytes: bytes,
                frameCount: output.frameCount)
            switch output.target {
            case .port(let port): if port.rawValue != 1 { delivered.segment = Int(port.rawValue) / 2 }
            case .flood(let segment): (delivered.segment, delivered.isFlood) = (Int(segment.rawValue), true)
            }
            if output.byteCount != bytes.count { delivered.segment = -1 }
            written.append(delivered)
        }
        coalescer.removeAll()
    }
}
