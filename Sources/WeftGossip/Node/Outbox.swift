import WeftTypes

/// What goes out at the end of a turn: parts for the same address share a datagram as long as it has room.
struct Outbox {
    /// A datagram being put together.
    struct Pending {
        var address: GossipAddress
        var writer: DatagramWriter
        /// Whether it tells the receiver what the sender's views add up to.
        var carriesDigests: Bool
    }

    var pending: [Pending] = []
    private let sender: NodeID
    private let limit: Int
    /// Written to the header of each datagram of this turn.
    var incarnation: Incarnation

    /// How many of the latest datagrams are looked at for room.
    private static var searchDepth: Int { 4 }
    /// Bytes of the two digests, that of membership and that of state, with their part headers.
    private static var digestByteCount: Int { 2 * (DatagramWriter.partHeaderByteCount + 8) }

    init(sender: NodeID, incarnation: Incarnation, limit: Int) {
        self.sender = sender
        self.incarnation = incarnation
        self.limit = limit
    }

    /// Writes the digests where they were promised.
    mutating func finish(_ index: Int, _ membership: UInt64, _ state: UInt64) {
        guard pending[index].carriesDigests else { return }
        pending[index].writer.release(Self.digestByteCount)
        pending[index].writer.part(MembershipPart.digest.rawValue) { $0.write(membership) }
        pending[index].writer.part(StatePart.root.rawValue) { $0.write(state) }
    }

    /// The most bytes the body of a part may have.
    var maximumBodyByteCount: Int { limit - DatagramWriter.headerByteCount - DatagramWriter.partHeaderByteCount }
    var count: Int { pending.count }
    var isEmpty: Bool { pending.isEmpty }

    /// Adds a part to a datagram for `address`; `body` writes at most `byteCount` bytes.
    ///
    /// `byteCount` is at most ``maximumBodyByteCount``. A datagram that `carriesDigests` gets the digests of the sender's views
    /// when it is finished, for which room is kept.
    mutating func add(
        _ type: UInt8, to address: GossipAddress, byteCount: Int, carriesDigests: Bool = false,
        _ body: (inout DatagramWriter) -> Void
    ) {
        var index = pending.count - 1
        let last = max(0, pending.count - Self.searchDepth)
        while index >= last {
            if pending[index].address == address,
                pending[index].writer.fits(body: byteCount + (carriesDigests ? Self.digestByteCount : 0))
            {
                pending[index].writer.part(type, body)
                if carriesDigests && !pending[index].carriesDigests {
                    pending[index].writer.reserve(Self.digestByteCount)
                    pending[index].carriesDigests = true
                }
                return
            }
            index -= 1
        }
        var writer = DatagramWriter(sender: sender, incarnation: incarnation, limit: limit)
        if carriesDigests { writer.reserve(Self.digestByteCount) }
        writer.part(type, body)
        pending.append(Pending(address: address, writer: writer, carriesDigests: carriesDigests))
    }

    /// Adds a part of membership.
    mutating func add(
        _ part: MembershipPart, to address: GossipAddress, byteCount: Int, carriesDigests: Bool = false,
        _ body: (inout DatagramWriter) -> Void
    ) {
        add(part.rawValue, to: address, byteCount: byteCount, carriesDigests: carriesDigests, body)
    }
}
