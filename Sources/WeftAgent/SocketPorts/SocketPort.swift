import WeftLinux
import WeftTopology

/// A port of kind `socket` as its relay needs it.
struct SocketPort: Hashable, Sendable {
    /// The port's name.
    let name: TopologyName
    /// The TAP whose queue the relay holds while a guest is there.
    let device: String
    /// The socket.
    let options: SocketOptions
    /// Who may use the socket besides root, and as whom its path is followed.
    let identity: FileIdentity

    /// The users whose left-over socket may be replaced, and whose programs may connect.
    var users: Set<UInt32> { [0, identity.userID] }
}

/// How long to wait before the next attempt: twice as long each time.
struct Backoff: Hashable, Sendable {
    private var pause = Self.first

    static var first: Duration { .milliseconds(100) }
    static var longest: Duration { .seconds(2) }

    /// The pause before the next attempt.
    mutating func next() -> Duration {
        defer { pause = min(pause * 2, Self.longest) }
        return pause
    }

    /// Begins anew, after a success.
    mutating func reset() { pause = Self.first }
}
