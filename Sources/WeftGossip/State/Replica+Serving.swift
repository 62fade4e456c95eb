import WeftTypes

/// What a node that is behind asks for: what one origin said after `from`.
///
///     | origin (16) | epoch (4) | salt (4) | from (8) | floor of the replay under way, or 0 (8) |
struct DeltaRequest: Hashable {
    var origin: NodeID
    var epoch: UInt32
    var salt: UInt32
    var from: UInt64
    /// The floor of a replay that has come as far as `from`; 0 if there is none.
    var replayFloor: UInt64

    static var byteCount: Int { 40 }

    init(origin: NodeID, epoch: UInt32, salt: UInt32 = 0, from: UInt64, replayFloor: UInt64) {
        self.origin = origin
        self.epoch = epoch
        self.salt = salt
        self.from = from
        self.replayFloor = replayFloor
    }

    var rank: UInt64 { Origin.rank(epoch: epoch, salt: salt) }

    init(parsing reader: inout ByteReader) throws(GossipFormatError) {
        origin = try reader.nodeID()
        epoch = try reader.integer()
        salt = try reader.integer()
        from = try reader.integer()
        replayFloor = try reader.integer()
    }

    func emit(into bytes: inout [UInt8]) {
        bytes.append(origin)
        bytes.append(bigEndian: epoch)
        bytes.append(bigEndian: salt)
        bytes.append(bigEndian: from)
        bytes.append(bigEndian: replayFloor)
    }
}

extension Replica {
    /// What to ask for so that an origin here gets where another's digest says that it is.
    func request(for entry: DigestEntry) -> DeltaRequest {
        guard let origin = origin(entry.origin), origin.rank == entry.rank else {
            return DeltaRequest(origin: entry.origin, epoch: entry.epoch, salt: entry.salt, from: 0, replayFloor: 0)
        }
        if origin.hasPending, let replay = origin.pending.replay, replay.floor == entry.floor {
            return DeltaRequest(
                origin: entry.origin, epoch: entry.epoch, salt: entry.salt, from: replay.progress, replayFloor: replay.floor)
        }
        return DeltaRequest(
            origin: entry.origin, epoch: entry.epoch, salt: entry.salt, from: origin.through, replayFloor: 0)
    }

    /// The pages that answer a request, each at most `pageByteCount` bytes, until `budget` bytes are used up, and whether
    /// they are all.
    ///
    /// Below this replica's floor it is a replay from 0, unless the request goes on with one of the same floor.
    func pages(for request: DeltaRequest, pageByteCount: Int, budget: inout Int) -> (pages: [Delta], areAll: Bool) {
        guard let origin = origin(request.origin), !origin.isForgotten, origin.rank >= request.rank else { return ([], true) }
        var start = origin.rank == request.rank ? request.from : 0
        var isReplay = false
        if origin.rank == request.rank, request.replayFloor != 0, request.replayFloor == origin.floor {
            isReplay = true
        } else if start < origin.floor {
            (start, isReplay) = (0, true)
        }
        let records = origin.records.filter { $0.version > start && (!isReplay || $0.version <= origin.through) }
            .sorted { $0.version < $1.version }
        guard isReplay || start < origin.through || origin.rank > request.rank || origin.through == 0 else { return ([], true) }
        var pages: [Delta] = []
        var index = 0
        repeat {
            var page = Delta(origin: origin.id, epoch: origin.epoch, floor: origin.floor, from: start, to: start)
            (page.salt, page.isReplay) = (origin.salt, isReplay)
            var byteCount = Delta.headerByteCount
            while index < records.count, byteCount + Delta.byteCount(of: records[index]) <= pageByteCount {
                byteCount += Delta.byteCount(of: records[index])
                page.records.append(records[index])
                index += 1
            }
            let isLast = index == records.count
            page.to = max(start, isLast ? origin.through : min(origin.through, page.records.last?.version ?? start))
            page.isReplayEnd = isReplay && isLast
            pages.append(page)
            budget -= byteCount
            start = page.to
        } while index < records.count && budget > 0
        return (pages, index == records.count)
    }
}
