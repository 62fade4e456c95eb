/// Something that happened in the fabric, as one agent saw it.
public struct EventReport: Codable, Hashable, Sendable {
    /// What kind of thing happened.
    public enum Kind: String, Codable, Hashable, Sendable, CaseIterable {
        case peerJoined = "peer-joined"
        /// A probe of it went unanswered; it has some seconds to refute that.
        case peerSuspect = "peer-suspect"
        case peerAlive = "peer-alive"
        /// It did not refute the suspicion. Its routes stay.
        case peerDead = "peer-dead"
        /// It said goodbye.
        case peerLeft = "peer-left"
        /// It is reached at other addresses than before.
        case peerAddress = "peer-address"
        /// A MAC address is at another port or host than before.
        case stationMoved = "station-moved"
        /// A MAC address moved so often that it must be at two places (RFC 7432 §15.1).
        case duplicateMAC = "duplicate-mac"
        /// Two MAC addresses have the same IP address.
        case duplicateIP = "duplicate-ip"
        /// A MAC address that must not move was seen elsewhere (RFC 7432 §15.2).
        case stickyConflict = "sticky-conflict"
        /// Two agents have the same name.
        case duplicateName = "duplicate-name"
        /// Two agents have the same node key, as after cloning a disk.
        case duplicateKey = "duplicate-key"
        /// Two agents describe a segment differently.
        case specMismatch = "spec-mismatch"
        /// The largest packet that reaches a peer has another size than before.
        case pathMTU = "path-mtu"
        /// A port brings more frames to be flooded than it may; what is beyond is dropped.
        case floodLimited = "bum-limited"
        /// It has stopped.
        case floodCalm = "bum-calm"
        /// A port is on one wire with another of its segment, and gives way.
        case portBlocked = "port-blocked"
        /// It may forward again.
        case portUnblocked = "port-unblocked"
        case keyRing = "key-ring"
        /// The host runs another revision of the topology, or one was confirmed or resolved.
        case revision
        /// Another host runs a revision that does not continue this host's.
        case revisionConflict = "revision-conflict"
        /// Anything else that an operator should look at.
        case alarm
    }

    /// Number of the event: 1 for the first since the agent started, then one more each time.
    public var sequence: UInt64
    /// When it was noticed, UTC with milliseconds (ISO 8601): `2026-11-23T12:00:00.123Z`.
    public var time: String
    /// What kind of thing happened.
    public var kind: Kind
    /// What it happened to: a peer, a MAC address, a segment.
    public var object: String
    /// What happened, in words, without the object.
    public var text: String
    /// More about it, by name: node ids, places, sizes.
    public var detail: [String: String]

    /// Creates an event; an agent lets ``EventLog`` do so.
    public init(
        sequence: UInt64, time: String, kind: Kind, object: String, text: String, detail: [String: String] = [:]
    ) {
        (self.sequence, self.time, self.kind) = (sequence, time, kind)
        (self.object, self.text, self.detail) = (object, text, detail)
    }
}
