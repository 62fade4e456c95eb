import WeftGossip
import WeftTypes

/// What a simulation keeps of one host beside its node's own state.
struct Station {
    /// What a host's agent is doing.
    enum Condition: Hashable {
        /// It has not been started, has crashed or was stopped.
        case down
        case running
        /// It said goodbye and still runs.
        case left
    }

    var id: NodeID
    var address: GossipAddress
    /// How often its address has changed.
    var moves = 0
    /// How often its disk was lost.
    var disks = 0
    /// How often it was started.
    var starts: UInt32 = 0
    var condition = Condition.down
    /// The epoch on its disk.
    var savedEpoch: UInt32 = 0
    /// Until when it is stopped, in nanoseconds; 0 for a node that runs.
    var pausedUntil: Int64 = 0
    /// Until when neither what comes for it gets in nor what it sends gets out, though it runs; 0 for never.
    var blockedUntil: Int64 = 0
    /// What it sent meanwhile, and how many bytes that is.
    var outbound: [(bytes: [UInt8], to: GossipAddress)] = []
    var outboundByteCount = 0
    /// Datagrams that wait in its socket while it is stopped or blocked, and how many bytes they are.
    var backlog: [UInt32] = []
    var backlogByteCount = 0
    /// What its agent wanted to do meanwhile.
    var deferred: [GossipNode.Input] = []
    /// When its node wants to be woken, and when it will be; they differ when it changed its mind.
    var wakeAt = Int64.max
    var queuedWakeAt = Int64.max
    /// The nodes it was told to join at when it was started or came back.
    var joins: [Int] = []
    /// It runs a later version: it sends parts, keys and fields that the others don't know.
    var isNewer = false
    var traffic = Traffic()
}

/// What a node has sent.
public struct Traffic: Hashable, Sendable {
    public var datagramCount = 0
    /// With sealing, UDP and IPv4 headers.
    public var byteCount = 0

    /// Bytes that sealing adds: a header of 29 and a tag of 16.
    public static var sealingByteCount: Int { 45 }
    /// Bytes of IPv4 and UDP headers; over IPv6 there are 20 more.
    public static var headerByteCount: Int { 28 }
}

/// A datagram under way.
struct Parcel {
    var bytes: [UInt8]
    var from: GossipAddress
    /// How often the receiver had moved when it was sent: to an address that was left it doesn't come.
    var moves: Int
}
