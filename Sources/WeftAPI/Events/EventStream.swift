internal import FoundationEssentials

/// Events on the wire: server-sent events (WHATWG HTML §9.2), one line of JSON each.
///
///     event: start          the stream has begun
///     data: {"next":18}
///
///     id: 18                an event of the log; its JSON is an ``EventReport``
///     event: peer-joined
///     data: {…}
///
///     :                     nothing happened for a while
///
///     event: end            the server ends the stream, and why
///     data: {"reason":"stopping"}
enum EventStream {
    static let contentType = "text/event-stream"
    /// What is sent when nothing happens.
    static let comment = ":\n\n"
    /// The longest line that a client takes.
    static let lineByteLimit = 64 << 10

    /// The first event of a stream.
    struct Start: Codable, Hashable, Sendable {
        /// The sequence of the event that comes next, unless it is overwritten first.
        var next: UInt64
    }

    /// The last event of a stream that the server ends.
    struct End: Codable, Hashable, Sendable {
        enum Reason: String, Codable, Hashable, Sendable {
            /// The agent stops.
            case stopping
            /// Events were overwritten before the client had fetched them.
            case tooSlow = "too-slow"
        }

        var reason: Reason
        /// With ``Reason/tooSlow``: the oldest event that there is.
        var oldest: UInt64?
    }

    /// What a client reads.
    enum Item: Hashable, Sendable {
        case start(Start)
        case event(EventReport)
        case end(End)
    }

    static func text(of start: Start) throws(APIError) -> String { "event: start\ndata: \(try json(start))\n\n" }
    static func text(of end: End) throws(APIError) -> String { "event: end\ndata: \(try json(end))\n\n" }
    static func text(of event: EventReport) throws(APIError) -> String {
        "id: \(event.sequence)\nevent: \(event.kind.rawValue)\ndata: \(try json(event))\n\n"
    }

    private static func json(_ value: some Encodable) throws(APIError) -> String {
        String(decoding: try JSON.encode(value), as: UTF8.self)
    }

    /// Puts the bytes of a stream together again, however they were cut.
    struct Parser {
        enum Problem: Error { case lineTooLong }

        private var line: [UInt8] = []
        private var name = ""
        private var data: [UInt8] = []

        /// Takes in the next bytes and returns the items that are complete now; what this version does not know is skipped.
        mutating func parse(_ bytes: some Sequence<UInt8>) throws -> [Item] {
            var items: [Item] = []
            for byte in bytes {
                guard byte == UInt8(ascii: "\n") else {
                    line.append(byte)
                    guard line.count <= EventStream.lineByteLimit else { throw Problem.lineTooLong }
                    continue
                }
                if let item = try endLine() { items.append(item) }
            }
            return items
        }

        private mutating func endLine() throws -> Item? {
            defer { line.removeAll(keepingCapacity: true) }
            guard !line.isEmpty else {
                defer { (name, data) = ("", []) }
                guard !data.isEmpty else { return nil }
                switch name {
                case "start": return .start(try JSON.decode(Start.self, from: Data(data)))
                case "end": return .end(try JSON.decode(End.self, from: Data(data)))
                default:
                    guard EventReport.Kind(rawValue: name) != nil else { return nil }
                    return .event(try JSON.decode(EventReport.self, from: Data(data)))
                }
            }
            if let value = value(of: "event: ") { name = String(decoding: value, as: UTF8.self) }
            if let value = value(of: "data: ") { data = Array(value) }
            return nil
        }

        private func value(of field: String) -> ArraySlice<UInt8>? {
            line.starts(with: field.utf8) ? line.dropFirst(field.utf8.count) : nil
        }
    }
}
