import WeftAPI
import WeftFabric
import WeftTopology

/// `weft test`: what came of each check.
package struct CheckReport: Encodable, Hashable, Sendable {
    /// The port the traffic starts at.
    package let from: String
    /// The port it is meant for.
    package let to: String
    /// `icmp`, `arp`, `tcp/80`, `udp/53`.
    package let traffic: String
    /// `allow` or `deny`.
    package let expect: String
    /// Whether it arrives and is answered; nil when it could not be tried.
    package let isReached: Bool?
    /// Whether that is what the check expects; nil when it could not be tried.
    package let isPassed: Bool?
    /// Why, in a sentence.
    package let cause: String
    /// The packets that were followed.
    package let packets: [Packet]

    /// One packet and its way.
    package struct Packet: Encodable, Hashable, Sendable {
        package let packet: String
        package let from: String
        package let to: String
        package let segment: String
        package let arrives: Bool
        package let stages: [Stage]
    }

    /// One stage of a packet's way.
    package struct Stage: Encodable, Hashable, Sendable {
        package let host: String
        package let point: String
        package let object: String
        package let detail: String
    }

    private enum CodingKeys: String, CodingKey {
        case from, to, traffic, expect, cause, packets
        case isReached = "reached"
        case isPassed = "passed"
    }

    package init(_ check: Check, isReached: Bool?, cause: String, packets: [Packet]) {
        (from, to, traffic) = (check.from.text, check.to.text, check.traffic.name)
        (self.isReached, self.cause, self.packets) = (isReached, cause, packets)
        expect = check.expectation.rawValue
        isPassed = isReached.map { $0 == (check.expectation == .allow) }
    }

    package init(_ verdict: CheckVerdict) {
        let packets = verdict.legs.map { leg in
            Packet(
                packet: leg.packet, from: leg.from.text, to: leg.to.text, segment: leg.segment.text, arrives: leg.arrives,
                stages: leg.journey.stages.map {
                    Stage(host: $0.host.text, point: $0.point.rawValue, object: $0.object, detail: $0.detail)
                })
        }
        self.init(verdict.check, isReached: verdict.isReached, cause: verdict.cause, packets: packets)
    }
}

/// `weft test` for people: a line per check, and with `-o wide` or for a check that fails the way of its last packet.
package enum CheckView {
    /// The reports, each line ended.
    package static func text(_ reports: [CheckReport], isWide: Bool, paint: Paint = .plain) -> String {
        let widths = (
            talk: reports.map { "\($0.from) → \($0.to)".count }.max() ?? 0, traffic: reports.map(\.traffic.count).max() ?? 0
        )
        return reports.map { report in
            let word = report.isPassed.map { $0 ? "ok" : "FAIL" } ?? "–"
            let tone: Paint.Tone = report.isPassed.map { $0 ? .good : .bad } ?? .faint
            let fields = [
                pad("\(report.from) → \(report.to)", widths.talk), pad(report.traffic, widths.traffic), pad(report.expect, 5),
                report.cause,
            ]
            let line =
                paint(word, tone) + String(repeating: " ", count: 6 - word.count)
                + Table.printable(fields.joined(separator: "  ")) + "\n"
            let told = isWide ? report.packets : report.isPassed != false ? [] : report.packets.suffix(1)
            return line + told.map { way(of: $0, paint) }.joined()
        }.joined()
    }

    /// The stages of a packet's way, indented.
    private static func way(of packet: CheckReport.Packet, _ paint: Paint) -> String {
        let rows = packet.stages.map { stage -> [Table.Cell] in
            ["      \(stage.host)", "\(stage.point)", "\(stage.object)", Table.Cell(stage.detail, .faint)]
        }
        let head = "      \(packet.packet) of \(packet.from) for \(packet.to)\n"
        guard !rows.isEmpty else { return "" }
        return paint(Table.printable(head.trimmingLineEnd), .faint) + "\n" + Table(titles: [], rows: rows).text(paint)
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
