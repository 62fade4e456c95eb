/// The unix socket of a port of kind `socket`, over which a rootless VM exchanges its frames with the agent.
public struct SocketOptions: Hashable, Sendable {
    /// Its absolute path, at most ``maximumPathByteCount(_:)`` bytes.
    public let path: String
    /// What kind of socket.
    public let mode: Mode
    /// Whether the agent makes the socket and waits for the VM; else the VM makes it and the agent connects.
    public let listens: Bool

    /// The kinds of socket, by the words of the file.
    public enum Mode: String, Hashable, Sendable, CaseIterable {
        /// `SOCK_STREAM`, each frame after its size in 4 bytes, as QEMU's `-netdev stream` has it.
        case stream
        /// `SOCK_DGRAM`, a datagram for each frame, as QEMU's `-netdev dgram` has it.
        case dgram
    }

    /// The most bytes of a path: the size of `sun_path` less the final zero, and with datagrams less what the other end's has more.
    public static func maximumPathByteCount(_ mode: Mode) -> Int { mode == .dgram ? 107 - guestSuffix.utf8.count : 107 }

    /// Where the guest's program has its socket: with datagrams each end needs an address of its own.
    public var guestPath: String { mode == .dgram && listens ? path + Self.guestSuffix : path }

    /// Where the agent has its socket.
    public var agentPath: String { mode == .dgram && !listens ? path + ".weft" : path }

    private static var guestSuffix: String { ".guest" }

    /// Creates the options of a socket.
    public init(path: String, mode: Mode = .stream, listens: Bool = true) {
        self.path = path
        self.mode = mode
        self.listens = listens
    }

    /// Whether `path` can be that of a socket: absolute, not too long, no control characters, no component `..`.
    static func isPath(_ path: String, _ mode: Mode) -> Bool {
        path.hasPrefix("/") && !path.hasSuffix("/") && path.utf8.count <= maximumPathByteCount(mode)
            && path.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
            && !path.utf8.split(separator: UInt8(ascii: "/")).contains { $0.elementsEqual("..".utf8) }
    }
}
