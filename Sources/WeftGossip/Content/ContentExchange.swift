import WeftTypes

/// Contents that are larger than a record: whoever has one serves it by its name, whoever needs it asks for its pieces.
///
/// The receiver sets the pace, by a window of pieces under way; the sender only answers, and never with more than was asked for.
struct ContentExchange {
    /// The most contents fetched at a time.
    private static var fetchLimit: Int { 4 }
    /// The most nodes that are asked for one.
    private static var sourceLimit: Int { 16 }

    var shelf = ContentShelf()
    private var fetches: [ContentFetch] = []

    /// When something is to be done next.
    var nextDeadline: Instant? { fetches.compactMap(\.deadline).min() }

    // MARK: Asking

    /// Begins to fetch; what is here already is there at once.
    mutating func fetch(
        _ id: ContentID, byteCount: Int, from sources: [NodeID], _ membership: Membership, _ turn: inout Turn
    ) {
        if let content = shelf[id] { return turn.effects.append(.fetched(id, content)) }
        guard !fetches.contains(where: { $0.id == id }) else { return }
        guard fetches.count < Self.fetchLimit, (0...ContentFetch.maximumByteCount).contains(byteCount) else {
            return turn.effects.append(.fetchFailed(id, .tooMuch))
        }
        fetches.append(
            ContentFetch(id, byteCount: byteCount, from: Array(sources.prefix(Self.sourceLimit)), now: turn.now))
        advance(fetches.count - 1, membership, &turn)
    }

    mutating func cancel(_ id: ContentID) { fetches.removeAll { $0.id == id } }

    /// Asks again for what is late.
    mutating func tick(_ membership: Membership, _ turn: inout Turn) {
        for index in fetches.indices.reversed() {
            if let deadline = fetches[index].deadline, deadline <= turn.now { advance(index, membership, &turn) }
        }
    }

    /// Asks the present source for what is to be asked for, or the next one.
    private mutating func advance(_ index: Int, _ membership: Membership, _ turn: inout Turn) {
        while let source = fetches[index].source {
            guard let slot = membership.table.slot(of: source), let address = membership.reach(slot),
                let runs = fetches[index].requests(now: turn.now, roundTrip: membership.table[slot].roundTrip)
            else {
                fetches[index].giveUp(.noAnswer, now: turn.now)
                continue
            }
            let id = fetches[index].id
            for run in runs {
                turn.outbox.add(ContentPart.request.optionalCode, to: address, byteCount: ContentID.byteCount + 5) {
                    $0.write(id.bytes)
                    $0.write(UInt32(run.lowerBound))
                    $0.write(UInt8(run.count))
                }
            }
            return
        }
        let fetch = fetches.remove(at: index)
        turn.effects.append(.fetchFailed(fetch.id, fetch.failure))
    }

    // MARK: Hearing

    mutating func handle(
        _ part: ContentPart, _ body: ByteReader, from slot: Int, at address: GossipAddress, _ membership: Membership,
        _ turn: inout Turn
    ) throws(GossipFormatError) {
        var body = body
        switch part {
        case .request:
            let id = ContentID(bytes: try body.array(ContentID.byteCount))
            let first: UInt32 = try body.integer()
            let count: UInt8 = try body.integer()
            try body.finish()
            if let id { serve(id, Int(first), count: Int(count), to: address, &turn) }
        case .piece:
            let tag: UInt64 = try body.integer()
            let index: UInt32 = try body.integer()
            let piece = try body.array(body.remaining)
            guard let place = place(tag, membership.table[slot].id) else { return }
            if fetches[place].take(Int(index), piece, now: turn.now) { received(place, membership, &turn) }
        case .unknown:
            let tag: UInt64 = try body.integer()
            try body.finish()
            guard let place = place(tag, membership.table[slot].id) else { return }
            fetches[place].giveUp(.unknownThere, now: turn.now)
            advance(place, membership, &turn)
        }
    }

    /// The fetch that an answer of `sender` belongs to.
    private func place(_ tag: UInt64, _ sender: NodeID) -> Int? {
        fetches.firstIndex { $0.id.tag == tag && $0.source == sender }
    }

    private mutating func received(_ place: Int, _ membership: Membership, _ turn: inout Turn) {
        guard fetches[place].isComplete else { return advance(place, membership, &turn) }
        let (id, content) = (fetches[place].id, fetches[place].content)
        guard ContentID(of: content) == id else {
            fetches[place].giveUp(.wrongContent, now: turn.now)
            return advance(place, membership, &turn)
        }
        fetches.remove(at: place)
        turn.effects.append(.fetched(id, content))
    }

    // MARK: Serving

    private mutating func serve(
        _ id: ContentID, _ first: Int, count: Int, to address: GossipAddress, _ turn: inout Turn
    ) {
        let tag = id.tag
        guard let content = shelf[id] else {
            return turn.outbox.add(ContentPart.unknown.optionalCode, to: address, byteCount: 8) { $0.write(tag) }
        }
        let pieceCount = max(1, (content.count + ContentFetch.pieceByteCount - 1) / ContentFetch.pieceByteCount)
        let wanted = min(count, ContentFetch.requestLimit, max(0, pieceCount - first))
        for index in first..<first + shelf.take(max(0, wanted), now: turn.now) {
            let start = index * ContentFetch.pieceByteCount
            let piece = Array(content[start..<min(content.count, start + ContentFetch.pieceByteCount)])
            turn.outbox.add(ContentPart.piece.optionalCode, to: address, byteCount: 12 + piece.count) {
                $0.write(tag)
                $0.write(UInt32(index))
                $0.write(piece)
            }
        }
    }
}

extension ContentPart {
    /// The type as it is sent.
    var optionalCode: UInt8 { rawValue | PartType.optionalBit }
}
