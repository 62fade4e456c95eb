import Glibc
import WeftForwarding
import WeftLinux
import WeftTypes
import WeftWire

// Another agent asks whether a datagram of some size arrives; it is told so at once, by the worker that received it.

/// What a worker needs to answer path probes: room for one acknowledgement, and a limit per peer.
struct ProbeAnswerer: Sendable {
    /// Answers a peer may have at once, and how often another one: far more than an agent asks for.
    private static let burst = 128
    private static let interval = Duration.milliseconds(10)
    /// Rows of limits; peers beyond share them.
    private static let rowCount = 256

    private var limits = [TokenBucket?](repeating: nil, count: rowCount)
    private var bytes = [UInt8](repeating: 0, count: PathProbe.byteCount)

    /// Whether `peer` may have another answer now.
    mutating func mayAnswer(_ peer: PeerIndex, now: Instant) -> Bool {
        let row = Int(peer.rawValue) % Self.rowCount
        var bucket = limits[row] ?? TokenBucket(burst: Self.burst, interval: Self.interval, now: now)
        let isAllowed = bucket.take(now: now)
        limits[row] = bucket
        return isAllowed
    }

    /// Sends the acknowledgement; one that can't be sent is a probe that was lost.
    mutating func acknowledge(_ probe: PathProbe, to source: VTEP, by socket: SharedSocket) {
        bytes.withMutableRawBytes { probe.acknowledgement.emit(into: &$0) }
        _ = socket.socket.transmit(bytes.rawBytes, to: source)
    }
}

extension Worker {
    /// Answers a datagram that is the path probe of an agent; whether it was one.
    ///
    /// Probes are no frames and have a counter of their own. Those of strangers and of plain VTEPs are left to the pipeline, which
    /// drops and counts them. The answer goes to whoever the peer's address says, and is never longer than the probe, so that
    /// nobody gains by lying.
    mutating func answerProbe(_ datagram: Range<Int>, _ arrival: Arrival, from source: VTEP?, by socket: SharedSocket) -> Bool {
        let region = region
        guard PathProbe.isPossible(region.bytes(datagram)), !arrival.isFromOverlay, let source, let peer = arrival.peer,
            tables.fabric.isAgent(peer), let probe = try? PathProbe(parsing: region.bytes(datagram)), probe.kind == .probe
        else { return false }
        let row = CounterBlock.row(peer)
        guard answerer.mayAnswer(peer, now: now) else {
            link.counters.add(to: .receivedFrames, row: row)
            link.counters.drop(.probeLimited, row: row)
            return true
        }
        link.counters.add(to: .probes, row: row)
        answerer.acknowledge(probe, to: source, by: socket)
        return true
    }

    /// Whether the path to a member takes a datagram of so many bytes of VXLAN and frame.
    func isTaken(_ byteCount: Int, by peer: PeerIndex) -> Bool {
        let packetByteCount = byteCount - VXLANHeader.byteCount - EthernetHeader.byteCount
        return packetByteCount <= tables.paths.smallest || packetByteCount <= tables.paths.limit(of: peer)
    }
}
