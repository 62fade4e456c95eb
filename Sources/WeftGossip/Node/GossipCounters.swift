/// What happened, by reason. They only grow.
public struct GossipCounters: Hashable, Sendable {
    /// A reason to count.
    public enum Reason: Int, Hashable, Sendable, CaseIterable {
        case datagramsSent, bytesSent, datagramsReceived, bytesReceived
        /// Datagrams ignored: too long, of another format, cut short, with a field that means nothing, with a mandatory part that is unknown.
        case droppedOversized, droppedVersion, droppedMalformed, droppedMandatory
        /// Optional parts skipped.
        case skippedParts
        /// Probes started; direct answers; answers through others; probes without any answer (SWIM §3.1).
        case probes, probesAnswered, probesAnsweredIndirectly, probesFailed
        /// Pings made for others; theirs that were refused because too many were under way.
        case relayedProbes, relaysRefused
        /// Probes of dead members, and members that came back.
        case deadProbes, returned
        /// Suspicions heard of or begun here, confirmed here, refuted by their subject, and expired.
        case suspicions, confirmations, refutedSuspicions, deaths
        /// Suspicions and deaths of this node that it refuted.
        case refutations
        /// Members not taken in because the table is full, or because nobody said how to reach them.
        case membersRefused, membersWithoutAddress
        /// Comparisons of views begun, pages sent and received, statements that were news.
        case syncs, pagesSent, pagesReceived, syncedMembers
        /// Datagrams from a member's identity at another address, and conflicts another told this node of.
        case addressConflicts, addressConflictsHeard
        /// Hops of pushes: sent, sent again, given to another node, given up after all tries, dropped because too many were under way.
        case pushesSent, pushesRepeated, pushesDelegated, pushesGivenUp, pushesDropped
        /// New nodes that introduced themselves here and were made known to all; those that were not, for want of room or because they
        /// spoke for another.
        case introductions, introductionsRefused
        /// Pushes that came, and those that had come before.
        case pushesReceived, pushesRepeatedToUs
        /// Conversations that repair state: begun here, and given up because the other fell silent.
        case repairs, repairsGivenUp
        /// Deltas sent in repairs; deltas received by push or repair, and those that told something new.
        case deltasSent, deltasReceived, deltasWithNews
        /// Origins not taken in because there are too many; records not published because there are too many.
        case originsRefused, recordsRefused
        /// Records of this node's own that were written or withdrawn.
        case recordsWritten
        /// Times this node was stopped longer than tolerated.
        case pauses
    }

    private var values = [UInt64](repeating: 0, count: Reason.allCases.count)

    public init() {}

    /// The count of one reason.
    public subscript(reason: Reason) -> UInt64 { values[reason.rawValue] }

    /// Adds to one reason.
    public mutating func count(_ reason: Reason, by number: Int = 1) { values[reason.rawValue] &+= UInt64(number) }
}
