import Glibc
import WeftLinux

/// A ping that goes on beside a test.
struct Pinger {
    /// What came of it.
    struct Summary: Hashable, CustomStringConvertible {
        /// Requests that were answered or could have been: the last one may still be on its way.
        var sent: Int
        var answered: Int
        var duplicates: Int
        var lost: Int { sent - answered }
        var description: String { "\(answered) of \(sent) answered, \(duplicates) duplicates" }
    }

    private let program: RunningProgram

    /// Pings `address` from a guest until ``stop()``.
    init(from guest: Place, to address: String, interval: Duration = .milliseconds(20)) throws {
        program = try guest.start(["ping", "-n", "-i", "\(interval / .seconds(1))", address])
    }

    /// Ends it, and counts the requests up to the last one but one that was sent.
    func stop() throws -> Summary {
        try program.stop(SIGINT)
        let lines = program.said().split(separator: "\n")
        let answers = lines.filter { $0.contains("bytes from") }.compactMap { line in
            line.firstRange(of: "icmp_seq=").flatMap { Int(line[$0.upperBound...].prefix { $0.isNumber }) }
        }
        guard let last = lines.first(where: { $0.contains("packets transmitted") }),
            let sent = last.split(separator: " ").first.flatMap({ Int($0) })
        else { throw Failure("ping said: \(lines.suffix(5).joined(separator: "\n"))") }
        let counted = Set(answers.filter { $0 < sent })
        return Summary(sent: max(0, sent - 1), answered: counted.count, duplicates: answers.count - Set(answers).count)
    }
}
