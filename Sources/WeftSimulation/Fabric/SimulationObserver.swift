import WeftGossip
import WeftTypes

/// Sees what nodes tell their shells, as it happens.
public protocol SimulationObserver: AnyObject {
    /// A node was told of a change of another, or of itself.
    func memberChanged(_ id: NodeID, _ state: MemberState, _ incarnation: Incarnation, at node: Int, in simulation: Simulation)
    /// A node was told of a record, or that it is gone (nil).
    func recordChanged(_ origin: NodeID, _ key: RecordKey, _ value: RecordValue?, at node: Int, in simulation: Simulation)
    /// A node raised an alarm.
    func alarmRaised(_ alarm: GossipAlarm, at node: Int, in simulation: Simulation)
}

extension SimulationObserver {
    public func memberChanged(
        _ id: NodeID, _ state: MemberState, _ incarnation: Incarnation, at node: Int, in simulation: Simulation
    ) {}
    public func recordChanged(
        _ origin: NodeID, _ key: RecordKey, _ value: RecordValue?, at node: Int, in simulation: Simulation
    ) {}
    public func alarmRaised(_ alarm: GossipAlarm, at node: Int, in simulation: Simulation) {}
}

/// One line of a run, for reading.
public struct TraceLine: Hashable, Sendable, CustomStringConvertible {
    /// Since the run began.
    public var at: Duration
    /// The node it happened at.
    public var node: Int
    public var text: String

    /// `12.345678  n3  told n5 is dead in 1.0`
    public var description: String { "\(at.secondsText)  n\(node)  \(text)" }
}

extension Duration {
    /// Seconds with six digits behind the point, such as `12.345678`.
    public var secondsText: String {
        let microseconds = wholeNanoseconds / 1000
        let fraction = String(abs(microseconds) % 1_000_000 + 1_000_000).dropFirst()
        return "\(microseconds < 0 ? "-" : "")\(abs(microseconds) / 1_000_000).\(fraction)"
    }
}
