import WeftTypes

/// What a node's two views add up to: nodes that know the same have the same.
public struct GossipDigests: Hashable, Sendable {
    /// Over the view of membership.
    public var membership: UInt64
    /// Over the records held.
    public var state: UInt64

    /// Creates a pair.
    public init(membership: UInt64, state: UInt64) { (self.membership, self.state) = (membership, state) }
}

extension GossipNode {
    /// Pings everybody at once and takes down what they answer with, until the next survey.
    ///
    /// For an operator who wants to know whether all know the same; the protocol itself never needs it.
    mutating func beginSurvey() {
        survey = [:]
        for slot in membership.table.entries.indices where slot != MemberTable.ownSlot { membership.ping(slot, 0, &turn) }
    }

    /// Takes down what a datagram tells of its sender's views, while there is a survey.
    mutating func surveyed(_ datagram: Datagram) {
        guard survey != nil else { return }
        var digests = (membership: UInt64?.none, state: UInt64?.none)
        for part in datagram.parts {
            var body = part.body
            switch part.type {
            case .membership(.digest): digests.membership = try? body.integer()
            case .state(.root): digests.state = try? body.integer()
            default: break
            }
        }
        guard let sum = digests.membership, let root = digests.state else { return }
        survey?[datagram.sender] = GossipDigests(membership: sum, state: root)
    }

    /// What this node's own views add up to.
    public var digests: GossipDigests { GossipDigests(membership: membershipDigest, state: stateDigest) }

    /// What each node answered in the last survey; who has not answered is missing.
    public var surveyAnswers: [NodeID: GossipDigests] { survey ?? [:] }
}
