import WeftForwarding
import WeftTypes
import WeftWire

/// All that is measured of the packet path, one function a stage.
struct Suite {
    var stopwatch = Stopwatch()

    /// Bytes of data in a full frame of the segment.
    static let segmentSize = Samples.mtu - 20 - 32

    func all() -> [Measurement] {
        var rows = [parse()]
        for count in [1000, 100_000, 1_000_000] {
            let tables = Samples.tables(count)
            rows += [lookup(count, in: tables), decideToTunnel(count, in: tables)]
        }
        let tables = Samples.tables(0)
        for count in [1000, 100_000] {
            let tables = Samples.tables(count, bindings: count)
            rows += [lookUpBinding(count, in: tables), answer(count, in: tables)]
        }
        rows += [lookUpSender(), decideFromTunnel(in: tables), encapsulate(in: tables), cut(), merge()]
        rows += [checksum(1400, "1400 B"), checksum(64 << 10, "64 KiB")]
        return rows
    }

    func parse() -> Measurement {
        let frame = SampleFrame(payloadByteCount: Self.segmentSize).bytes
        return stopwatch.measure("parse, TCP over IPv4", count: 256) {
            var digest = 0
            for _ in 0..<256 { digest &+= (try? FrameLayout(parsing: frame.rawBytes))?.payloadOffset ?? 0 }
            return UInt64(truncatingIfNeeded: digest)
        }
    }

    func lookup(_ count: Int, in tables: ForwardingTables) -> Measurement {
        var random = SeededRandom(seed: 1)
        return stopwatch.measure("lookup, \(count) entries", per: "lookup", count: 1024) {
            var digest: UInt64 = 0
            for _ in 0..<1024 {
                let number = Int(truncatingIfNeeded: (random.next() >> 32 &* UInt64(count)) >> 32)
                if case .peer(let peer) = tables.fdb.entry(for: Samples.station(number))?.location {
                    digest &+= UInt64(peer.rawValue)
                }
            }
            return digest
        }
    }

    func lookUpSender() -> Measurement {
        var random = SeededRandom(seed: 2)
        return stopwatch.measure("lookup of the sender, \(Samples.peerCount) peers", per: "lookup", count: 1024) {
            var digest: UInt64 = 0
            for _ in 0..<1024 {
                let number = Int(truncatingIfNeeded: random.next() >> 33) % Samples.peerCount
                digest &+= UInt64(Samples.fabric.peer(at: Samples.address(of: number))?.rawValue ?? 0)
            }
            return digest
        }
    }

    /// Each frame goes to another station.
    func decideToTunnel(_ count: Int, in tables: ForwardingTables) -> Measurement {
        var random = SeededRandom(seed: 3)
        var frame = SampleFrame(isTCP: false, payloadByteCount: 22).bytes
        var memory = PathMemory()
        return stopwatch.measure("decide, port to tunnel, \(count) entries", count: 256) {
            var digest: UInt64 = 0
            for _ in 0..<256 {
                let number = Int(truncatingIfNeeded: (random.next() >> 32 &* UInt64(count)) >> 32)
                frame.withMutableRawBytes { $0.storeMACAddress(Samples.station(number).mac, at: 0) }
                let decision = Pipeline.decide(
                    frame.rawBytes, offload: .complete, from: Samples.port, tables: tables, memory: &memory, now: Samples.now)
                if case .encapsulate(let peer) = decision.verdict { digest &+= UInt64(peer.rawValue) }
            }
            return digest
        }
    }

    func decideFromTunnel(in tables: ForwardingTables) -> Measurement {
        var datagram = [UInt8](repeating: 0, count: VXLANHeader.byteCount)
        datagram.withMutableRawBytes { VXLANHeader(vni: Samples.vni).emit(into: &$0) }
        datagram += SampleFrame(isTCP: false, source: Samples.there, destination: Samples.here, payloadByteCount: 22).bytes
        var memory = PathMemory()
        return stopwatch.measure("decide, tunnel to port", count: 256) {
            var digest: UInt64 = 0
            for _ in 0..<256 {
                let arrival = Arrival(peer: tables.fabric.peer(at: Samples.address(of: 0)))
                let decision = Pipeline.decide(
                    datagram: datagram.rawBytes, arrival: arrival, tables: tables, memory: &memory, now: Samples.now)
                if case .deliver(let port) = decision.verdict { digest &+= UInt64(port.rawValue) + 1 }
            }
            return digest
        }
    }

    /// A small frame as a worker takes it: offload header, decision, source port, VXLAN header.
    func encapsulate(in tables: ForwardingTables) -> Measurement {
        let sample = SampleFrame(isTCP: false, payloadByteCount: 22)
        var read = [UInt8](repeating: 0, count: VirtioNetHeader.byteCount) + sample.bytes
        let frame = VirtioNetHeader.byteCount..<read.count
        var memory = PathMemory()
        return stopwatch.measure("encapsulate, 64 bytes", count: 256) {
            var digest: UInt64 = 0
            for _ in 0..<256 {
                // In place of the VXLAN header of the one before.
                read.withMutableRawBytes { $0.storeBigEndian(UInt64(0), at: 0) }
                guard let offload = try? VirtioNetHeader(parsing: read.rawBytes) else { return 0 }
                let decision = Pipeline.decide(
                    read.rawBytes.extracting(frame), offload: offload, from: Samples.port, tables: tables, memory: &memory,
                    now: Samples.now)
                guard let layout = decision.layout else { return 0 }
                digest &+= UInt64(FlowHash.hash(of: read.rawBytes.extracting(frame), layout: layout))
                let header = VXLANHeader(vni: tables.fabric.vni(of: decision.segment))
                read.withMutableRawBytes { header.emit(into: &$0) }
            }
            return digest
        }
    }

    /// A superframe, cut into full frames: headers are made, and payload is summed for the checksum.
    func cut() -> Measurement {
        let sample = SampleFrame(payloadByteCount: 46 * Self.segmentSize, hasPartialChecksum: true)
        let frame = sample.bytes
        var header = [UInt8](repeating: 0, count: 128)
        guard let layout = try? FrameLayout(parsing: frame.rawBytes) else { preconditionFailure("the sample is no frame") }
        return stopwatch.measure("cut, 64 KiB of TCP", per: "piece", count: 46, byteCount: Self.segmentSize) {
            guard let segmenter = Segmenter(of: frame.rawBytes, layout: layout, segmentSize: Self.segmentSize) else { return 0 }
            header.withMutableRawBytes { bytes in
                for piece in 0..<segmenter.pieceCount { segmenter.emitHeader(of: piece, from: frame.rawBytes, into: &bytes) }
            }
            return UInt64(header[50]) + UInt64(segmenter.pieceCount)
        }
    }

    /// A run of full frames in receive buffers, put together again.
    func merge() -> Measurement {
        let count = 44
        let stride = 2048
        let byteCount = VXLANHeader.byteCount + SampleFrame.tcpHeaderByteCount + Self.segmentSize
        var region = [UInt8](repeating: 0, count: count * stride)
        for index in 0..<count {
            let frame = SampleFrame(
                source: Samples.there, destination: Samples.here,
                sequence: UInt32(1 + index * Self.segmentSize), identification: UInt16(1 + index),
                payloadByteCount: Self.segmentSize)
            let start = index * stride + VXLANHeader.byteCount
            region.replaceSubrange(start..<start + byteCount - VXLANHeader.byteCount, with: frame.bytes)
        }
        // Finishing a merge changes the first frame's headers.
        let headers = Array(region[..<(VXLANHeader.byteCount + SampleFrame.tcpHeaderByteCount)])
        let first = VXLANHeader.byteCount..<byteCount
        guard let layout = try? FrameLayout(parsing: region.rawBytes.extracting(first)) else {
            preconditionFailure("the sample is no frame")
        }
        var coalescer = Coalescer()
        let arrival = Arrival(peer: PeerIndex(0))
        return stopwatch.measure("merge, \(count) segments of TCP", per: "segment", count: count, byteCount: Self.segmentSize) {
            var digest: UInt64 = 0
            region.withMutableRawBytes { bytes in
                bytes.copy(headers.rawBytes, at: 0)
                _ = coalescer.add(
                    first, of: 0..<byteCount, layout: layout, treatment: .whole, to: .port(Samples.port), from: PeerIndex(0),
                    in: &bytes)
                for index in 1..<count {
                    let start = index * stride
                    if coalescer.extend(with: start..<start + byteCount, arrival: arrival, in: bytes.bytes) { digest += 1 }
                }
                coalescer.finish(in: &bytes)
                digest += UInt64(coalescer.outputs[0].byteCount)
                precondition(coalescer.outputs.count == 1 && coalescer.outputs[0].frameCount == count, "not merged")
                coalescer.removeAll()
            }
            return digest
        }
    }

    func checksum(_ byteCount: Int, _ label: String) -> Measurement {
        let bytes = SampleFrame(payloadByteCount: byteCount).bytes
        return stopwatch.measure("checksum, \(label)", per: "run", count: 16, byteCount: byteCount) {
            var digest: UInt64 = 0
            for _ in 0..<16 { digest &+= Checksum.sum(bytes.rawBytes.extracting(66..<66 + byteCount), initial: digest) }
            return digest
        }
    }
}
