/// Durations as they are typed: `30s`, `500ms`, `2m`, `1h`; a bare number is seconds.
package enum DurationText {
    /// Parses a duration of 0 to a year, or returns nil.
    package static func parse(_ text: String) -> Duration? {
        let units: [(suffix: String, length: Duration)] = [
            ("ms", .milliseconds(1)), ("s", .seconds(1)), ("m", .seconds(60)), ("h", .seconds(3600)), ("", .seconds(1)),
        ]
        guard let unit = units.first(where: { text.hasSuffix($0.suffix) }) else { return nil }
        let number = text.dropLast(unit.suffix.count)
        guard let first = number.first, first.isNumber, let value = Double(number), value.isFinite else { return nil }
        let seconds = value * (unit.length / .seconds(1))
        return (0...31_536_000).contains(seconds) ? .seconds(seconds) : nil
    }
}
