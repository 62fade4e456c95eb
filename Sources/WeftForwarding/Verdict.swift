import WeftTypes
import WeftWire

/// What happens to a frame.
@frozen public enum Verdict: Hashable, Sendable {
    /// It goes to one local port.
    case deliver(PortIndex)
    /// It goes to one other host; from a tunnel only if it is late for a station that has moved there (X9).
    case encapsulate(PeerIndex)
    /// It goes to everybody in the segment but where it came from: from a port to all members and other ports, from a
    /// tunnel to all ports (split horizon, X9).
    case flood
    /// It is answered with an ICMP "too big" that quotes this MTU, out of the port it came from.
    case answer(mtu: Int)
    /// It asks who has an address, of a station that is elsewhere, and is answered for that one, out of the port it came from
    /// (E8).
    case resolve(Binding)
    /// It ends here.
    case drop(DropReason)
}

/// What must be done to a frame's bytes on its way to a tunnel, or to a port.
@frozen public enum Treatment: Hashable, Sendable {
    /// Nothing, apart from completing a partial checksum on the way into a tunnel.
    case whole
    /// It is a superframe. Into a tunnel: cut it into pieces of this many payload bytes. To a port: write it with this
    /// segment size.
    case cut(segmentSize: Int)
    /// It is an IPv4 packet too big for the segment that may be fragmented.
    case fragment
    /// It is a superframe of UDP datagrams, each of this many payload bytes and too big for the segment: cut it, then fragment
    /// each piece.
    case cutAndFragment(segmentSize: Int)
}

/// A verdict with all that is needed to carry it out.
@frozen public struct Decision: Sendable {
    public var verdict: Verdict
    public var treatment: Treatment
    /// The segment; meaningless when the frame was dropped before it was known.
    public var segment: SegmentIndex
    /// Bytes of an IP packet, tags counted, that a frame that leaves through a tunnel may have: what the segment takes, and what
    /// the paths take.
    public var mtu: Int
    /// The frame's layout; nil when it is too short to have one.
    public var layout: FrameLayout?
    /// Whether the frame's first tag is a priority tag to be taken out before anything else (X6); ``layout`` still has it.
    public var stripsTag: Bool
    /// A checksum of a frame from a tunnel that the sender left to us and that no port's kernel would complete, because it is not
    /// the one that ``layout`` knows: complete it before anything else.
    public var remoteChecksum: VXLANHeader.RemoteChecksum?
    /// What the control side should hear.
    public var learnt: LearnEvent?

    @inlinable init(
        _ verdict: Verdict, segment: SegmentIndex = SegmentIndex(0), layout: FrameLayout? = nil, stripsTag: Bool = false
    ) {
        self.verdict = verdict
        self.treatment = .whole
        self.segment = segment
        self.mtu = .max
        self.layout = layout
        self.stripsTag = stripsTag
        self.remoteChecksum = nil
        self.learnt = nil
    }
}

/// How a datagram came in, the same for all frames that `UDP_GRO` put together.
@frozen public struct Arrival: Hashable, Sendable {
    /// The peer that sends from the datagram's source address, if there is one.
    public var peer: PeerIndex?
    /// Whether the datagram came in through one of our own overlay devices.
    public var isFromOverlay: Bool
    /// The payload bytes of each piece, where the kernel says that the frame is a superframe of the sender's guest.
    public var innerSegmentSize: Int?

    /// Describes an arrival.
    @inlinable public init(peer: PeerIndex?, isFromOverlay: Bool = false, innerSegmentSize: Int? = nil) {
        self.peer = peer
        self.isFromOverlay = isFromOverlay
        self.innerSegmentSize = innerSegmentSize
    }
}
