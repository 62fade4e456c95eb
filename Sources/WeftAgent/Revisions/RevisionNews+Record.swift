import WeftGossip
import WeftTopology

// What the commit says and what gossip carries, one from the other.

extension TopologyRevisionRecord {
    /// The record of what this node tells.
    init(_ news: RevisionNews) {
        self.init(
            current: news.current.flatMap { Stamp($0.stamp) }, isUnconfirmed: news.current?.isConfirmed == false,
            isOverridden: news.isOverridden,
            vote: news.vote.flatMap { vote in
                ContentID(bytes: vote.id.bytes).map { Vote(content: $0, objection: vote.objection) }
            },
            proposal: news.proposal.flatMap { proposal in
                Stamp(proposal.stamp).map {
                    Proposal(
                        serial: proposal.serial, stamp: $0, phase: proposal.phase.rawValue,
                        confirmSeconds: proposal.confirmSeconds)
                }
            })
    }
}

extension RevisionNews {
    /// What a node's record tells; a phase of a later version is as good as none.
    init(_ record: TopologyRevisionRecord) {
        self.init(
            current: record.current.flatMap { RevisionStamp($0) }.map { Current($0, isConfirmed: !record.isUnconfirmed) },
            isOverridden: record.isOverridden,
            vote: record.vote.flatMap { vote in
                RevisionID(bytes: vote.content.bytes).map { Vote($0, objection: vote.objection) }
            },
            proposal: record.proposal.flatMap { proposal in
                guard let stamp = RevisionStamp(proposal.stamp), let phase = Phase(rawValue: proposal.phase) else { return nil }
                return Proposal(
                    serial: proposal.serial, stamp: stamp, phase: phase, confirmSeconds: proposal.confirmSeconds)
            })
    }
}

extension TopologyRevisionRecord.Stamp {
    fileprivate init?(_ stamp: RevisionStamp) {
        guard let content = ContentID(bytes: stamp.id.bytes) else { return nil }
        self.init(number: stamp.number, content: content, byteCount: UInt32(clamping: stamp.byteCount))
    }
}

extension RevisionStamp {
    fileprivate init?(_ stamp: TopologyRevisionRecord.Stamp) {
        guard let id = RevisionID(bytes: stamp.content.bytes) else { return nil }
        self.init(number: stamp.number, id: id, byteCount: Int(stamp.byteCount))
    }
}
