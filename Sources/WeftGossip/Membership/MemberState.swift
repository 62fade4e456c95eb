/// What the failure detector thinks of a node. It only advises: no route or record goes because of it.
///
/// Of two statements with the same incarnation the later in this list wins (SWIM §4.2).
@frozen public enum MemberState: UInt8, Hashable, Sendable, Comparable, CaseIterable, CustomStringConvertible {
    /// It answers.
    case alive
    /// Somebody got no answer; it has time to refute.
    case suspect
    /// Nobody refuted the suspicion in time. It is probed for ever and comes back with a higher incarnation.
    case dead
    /// It said goodbye.
    case left

    @inlinable public static func < (left: MemberState, right: MemberState) -> Bool { left.rawValue < right.rawValue }

    /// Whether it takes part: alive, or suspected of not being so.
    @inlinable public var isPresent: Bool { self < .dead }

    public var description: String {
        switch self {
        case .alive: "alive"
        case .suspect: "suspect"
        case .dead: "dead"
        case .left: "left"
        }
    }
}
