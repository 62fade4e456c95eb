import FoundationEssentials

/// Numbers in a form for people: few digits, a unit, an en dash for none.
package enum Quantity {
    /// What stands where there is no value.
    package static let none = "–"

    /// Bytes in powers of 1000: `512 B`, `1.2 GB`, `801 MB`.
    package static func bytes(_ count: UInt64) -> String {
        let (number, unit) = scaled(Double(count), units: ["B", "kB", "MB", "GB", "TB", "PB", "EB"])
        return "\(number) \(unit)"
    }

    /// A number of things: `999`, `1.2k`, `34M`.
    package static func count(_ value: Double) -> String {
        let (number, unit) = scaled(value.rounded(), units: ["", "k", "M", "G", "T", "P", "E"])
        return number + unit
    }

    /// A number of things: `999`, `1.2k`, `34M`.
    package static func count(_ value: UInt64) -> String { count(Double(value)) }

    /// Bits per second: `940 Mbit/s`.
    package static func bitsPerSecond(_ value: Double) -> String {
        let (number, unit) = scaled(value.rounded(), units: ["bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"])
        return "\(number) \(unit)"
    }

    /// How long ago something was: `5 s`, `3 m`, `2 h`, `9 d`.
    package static func age(seconds: Double) -> String {
        let seconds = max(0, seconds)
        return switch seconds {
        case ..<60: "\(Int(seconds)) s"
        case ..<3600: "\(Int(seconds / 60)) m"
        case ..<86400: "\(Int(seconds / 3600)) h"
        default: "\(Int(seconds / 86400)) d"
        }
    }

    /// How long something has been going on: `42s`, `5m03s`, `3h04m`, `3d04h`.
    package static func uptime(seconds: Double) -> String {
        let total = Int(max(0, seconds))
        let two = { (number: Int) in number < 10 ? "0\(number)" : "\(number)" }
        return switch total {
        case ..<60: "\(total)s"
        case ..<3600: "\(total / 60)m\(two(total % 60))s"
        case ..<86400: "\(total / 3600)h\(two(total / 60 % 60))m"
        default: "\(total / 86400)d\(two(total / 3600 % 24))h"
        }
    }

    /// A round-trip time: `85 µs`, `0.3 ms`, `12 ms`, `1.5 s`.
    package static func latency(seconds: Double) -> String {
        return switch seconds {
        case ..<0.0001: "\(Int((seconds * 1e6).rounded())) µs"
        case ..<0.00995: "\(fixed(seconds * 1e3, digits: 1)) ms"
        case ..<0.9995: "\(Int((seconds * 1e3).rounded())) ms"
        default: "\(fixed(seconds, digits: 1)) s"
        }
    }

    /// A share as a percentage with two digits after the point: `0.00%`.
    package static func percent(ratio: Double) -> String { fixed(ratio * 100, digits: 2) + "%" }

    /// A moment in seconds since 1970 as UTC (ISO 8601): `2026-11-23T07:41:00Z`.
    package static func time(seconds: UInt64) -> String {
        let last = 253_402_300_799.0  // the end of the year 9999
        return Date(timeIntervalSince1970: min(Double(seconds), last)).formatted(Date.ISO8601FormatStyle())
    }

    /// One digit after the point below ten, none above; the unit is the largest that leaves at least 1.
    private static func scaled(_ value: Double, units: [String]) -> (number: String, unit: String) {
        var value = value
        var index = 0
        while index < units.count - 1, value >= (index == 0 ? 1000 : 999.5) {
            value /= 1000
            index += 1
        }
        guard index > 0 else { return (String(Int(value)), units[0]) }
        return (value < 9.95 ? fixed(value, digits: 1) : String(Int(value.rounded())), units[index])
    }

    /// `value` with exactly that many digits after the point.
    private static func fixed(_ value: Double, digits: Int) -> String {
        var factor = 1
        for _ in 0..<digits { factor *= 10 }
        let whole = Int((value * Double(factor)).rounded())
        let fraction = String(abs(whole) % factor)
        let padding = String(repeating: "0", count: digits - fraction.count)
        return (whole < 0 ? "-" : "") + "\(abs(whole) / factor).\(padding)\(fraction)"
    }
}
