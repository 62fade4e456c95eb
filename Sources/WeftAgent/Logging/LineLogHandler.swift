import Foundation
import Glibc
import Logging
import Synchronization

/// Writes each log entry as one line on standard error: level, time, logger, message, then the metadata as `key=value`
/// sorted by key.
///
/// When standard error is the journal, a line carries its priority in front (sd-daemon(3)) and no time, which the journal adds.
struct LineLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level
    private let label: String
    private let isJournal: Bool

    /// Creates the handler of one logger.
    init(label: String, level: Logger.Level, isJournal: Bool = LineLogHandler.isStandardErrorTheJournal) {
        (self.label, self.logLevel, self.isJournal) = (label, level, isJournal)
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        let fields = all.sorted { $0.key < $1.key }.map { " \($0.key)=\(Self.quoted("\($0.value)"))" }.joined()
        let front =
            isJournal
            ? "<\(event.level.journalPriority)>" : "\(Self.timestamp()) \(event.level.rawValue.uppercased()) "
        // One write a line, so that lines of several threads never mix.
        let line = "\(front)\(label): \(Self.escaped("\(event.message)"))\(fields)\n"
        FileHandle.standardError.write(Data(line.utf8))
    }

    /// Whether descriptor 2 is the stream that `JOURNAL_STREAM` names by device and inode (systemd.exec(5)).
    static var isStandardErrorTheJournal: Bool {
        guard let stream = ProcessInfo.processInfo.environment["JOURNAL_STREAM"] else { return false }
        var status = stat()
        guard unsafe fstat(STDERR_FILENO, &status) == 0 else { return false }
        return stream == "\(status.st_dev):\(status.st_ino)"
    }

    private static func timestamp() -> String {
        Date.now.formatted(.iso8601.time(includingFractionalSeconds: true))
    }

    /// A value with anything that would break the line or the key=value form in quotes.
    private static func quoted(_ text: String) -> String {
        text.isEmpty || text.contains { $0 == " " || $0 == "=" || $0 == "\"" || $0.isNewline }
            ? "\"\(escaped(text).replacing("\"", with: "\\\""))\"" : escaped(text)
    }

    private static func escaped(_ text: String) -> String {
        text.contains(where: \.isNewline) ? text.split(whereSeparator: \.isNewline).joined(separator: " | ") : text
    }
}

extension Logger.Level {
    /// The syslog priority of sd-daemon(3).
    fileprivate var journalPriority: Int {
        switch self {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }
}
