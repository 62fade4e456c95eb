/// What goes over a virtual machine's command channel, one command at a time.
///
/// The channel is a byte stream that outlives its users, and a user may go away in the middle of a frame. So a session
/// begins with a ``CommandPreamble`` that the guest answers with the same bytes, and whoever waits for a preamble
/// skips everything before it. After that come frames, either way:
///
///     | payload bytes, 4, big-endian | kind, 1 | payload, at most 16 KiB |
///
/// The host sends ``start(_:)`` and waits; the guest asks for input when the command has taken what it got, so that
/// a command that reads nothing never holds up a signal behind its input.
enum CommandFrame: Hashable, Sendable {
    // Host to guest.
    /// The words of the command, the first one the program.
    case start([String])
    /// Input for the command; empty is its end.
    case input([UInt8])
    /// A signal for the command and its children, by number.
    case signal(Int32)

    // Guest to host.
    /// The command can take more input.
    case wantsInput
    /// Bytes from the command's standard output.
    case output([UInt8])
    /// Bytes from the command's standard error.
    case errorOutput([UInt8])
    /// The command ended with this exit code, 128 + n for a signal; nothing follows.
    case exit(Int32)
    /// The command could not be started: the errno. Nothing follows.
    case notStarted(Int32)

    /// Bytes before the payload.
    static var headerByteCount: Int { 5 }
    /// The most bytes of a payload; whoever sends more data splits it.
    static var maximumPayloadByteCount: Int { 16 * 1024 }

    private var kind: UInt8 {
        switch self {
        case .start: UInt8(ascii: "S")
        case .input: UInt8(ascii: "I")
        case .signal: UInt8(ascii: "K")
        case .wantsInput: UInt8(ascii: "W")
        case .output: UInt8(ascii: "O")
        case .errorOutput: UInt8(ascii: "E")
        case .exit: UInt8(ascii: "X")
        case .notStarted: UInt8(ascii: "F")
        }
    }

    private var payload: [UInt8] {
        switch self {
        case .start(let words): Array(words.map { Array($0.utf8) }.joined(separator: [0]))
        case .input(let bytes), .output(let bytes), .errorOutput(let bytes): bytes
        case .signal(let number), .exit(let number), .notStarted(let number): Self.bytes(UInt32(bitPattern: number))
        case .wantsInput: []
        }
    }

    /// The frame as it is sent; nil when the payload is larger than a frame holds, which only ``start(_:)`` can be.
    var encoded: [UInt8]? {
        let payload = payload
        guard payload.count <= Self.maximumPayloadByteCount else { return nil }
        return Self.bytes(UInt32(payload.count)) + [kind] + payload
    }

    /// Takes the first whole frame off the front of `bytes`, or returns nil when there is none yet.
    ///
    /// - Throws: ``Malformed`` for a frame that no peer of ours sends; the session is then over.
    static func next(from bytes: inout [UInt8]) throws(Malformed) -> CommandFrame? {
        guard bytes.count >= headerByteCount else { return nil }
        let payloadByteCount = Int(number(bytes[0..<4]))
        guard payloadByteCount <= maximumPayloadByteCount else { throw Malformed() }
        guard bytes.count >= headerByteCount + payloadByteCount else { return nil }
        let payload = Array(bytes[headerByteCount..<headerByteCount + payloadByteCount])
        guard let frame = CommandFrame(kind: bytes[4], payload: payload) else { throw Malformed() }
        bytes.removeFirst(headerByteCount + payloadByteCount)
        return frame
    }

    /// A frame of unknown kind, or whose payload does not suit its kind.
    struct Malformed: Error, Hashable {}

    private init?(kind: UInt8, payload: [UInt8]) {
        switch kind {
        case UInt8(ascii: "S"):
            self = .start(
                payload.split(separator: 0, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) })
        case UInt8(ascii: "I"): self = .input(payload)
        case UInt8(ascii: "W"): self = .wantsInput
        case UInt8(ascii: "O"): self = .output(payload)
        case UInt8(ascii: "E"): self = .errorOutput(payload)
        case UInt8(ascii: "K") where payload.count == 4: self = .signal(Int32(bitPattern: Self.number(payload[...])))
        case UInt8(ascii: "X") where payload.count == 4: self = .exit(Int32(bitPattern: Self.number(payload[...])))
        case UInt8(ascii: "F") where payload.count == 4: self = .notStarted(Int32(bitPattern: Self.number(payload[...])))
        default: return nil
        }
    }

    private static func bytes(_ number: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> UInt32($0)) }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.reduce(0) { $0 << 8 | UInt32($1) }
    }
}

/// The 16 bytes that begin a session: 8 that are always the same and 8 that name this one.
struct CommandPreamble: Hashable, Sendable {
    /// Which session.
    let session: UInt64

    /// Encoded size in bytes.
    static var byteCount: Int { 16 }
    private static let magic: [UInt8] = [0x00, 0xFF] + Array("wftcmd".utf8)

    /// The preamble as it is sent.
    var encoded: [UInt8] {
        Self.magic + (0..<8).map { UInt8(truncatingIfNeeded: session >> UInt64(56 - 8 * $0)) }
    }

    /// Drops what stands before the first preamble in `bytes`, takes the preamble off and returns it; nil, with as
    /// little kept as a preamble may have begun with, when there is none yet.
    static func next(from bytes: inout [UInt8]) -> CommandPreamble? {
        var start = 0
        while start < bytes.count {
            let candidate = bytes[start...].prefix(magic.count)
            if candidate.elementsEqual(magic.prefix(candidate.count)) { break }
            start += 1
        }
        bytes.removeFirst(start)
        guard bytes.count >= byteCount else { return nil }
        let session = bytes[magic.count..<byteCount].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        bytes.removeFirst(byteCount)
        return CommandPreamble(session: session)
    }
}
