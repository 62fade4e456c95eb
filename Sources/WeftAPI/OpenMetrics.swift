/// One metric of all its objects (OpenMetrics 1.0 §4): a name, its meaning, and a sample per combination of labels.
public struct MetricFamily: Hashable, Sendable {
    /// Whether the value only grows.
    public enum Kind: String, Hashable, Sendable { case counter, gauge }

    /// One value with its labels.
    public struct Sample: Hashable, Sendable {
        /// Name and value of each label; no MAC or IP address, which would make series without end.
        public var labels: [(name: String, value: String)]
        /// The value, in the base unit that the name ends in.
        public var value: Double

        /// Creates a sample, by default without labels.
        public init(_ value: Double, _ labels: [(name: String, value: String)] = []) {
            (self.value, self.labels) = (value, labels)
        }

        /// Equal values with equal labels in the same order.
        public static func == (left: Sample, right: Sample) -> Bool {
            left.value == right.value && left.labels.elementsEqual(right.labels, by: ==)
        }

        /// Feeds what `==` compares.
        public func hash(into hasher: inout Hasher) {
            hasher.combine(value)
            for label in labels {
                hasher.combine(label.name)
                hasher.combine(label.value)
            }
        }
    }

    /// The family's name in base units, without the `_total` of a counter: `weft_port_receive_bytes`.
    public var name: String
    /// Whether the values only grow.
    public var kind: Kind
    /// What the values mean, in a sentence.
    public var help: String
    /// One sample per combination of labels.
    public var samples: [Sample]

    /// Creates a family.
    public init(_ name: String, _ kind: Kind, _ help: String, samples: [Sample]) {
        (self.name, self.kind, self.help, self.samples) = (name, kind, help, samples)
    }
}

/// The text form of metrics (OpenMetrics 1.0 §5).
enum OpenMetrics {
    static let contentType = "application/openmetrics-text; version=1.0.0; charset=utf-8"

    /// Units that a name may end in and that are then declared.
    private static let units = ["bytes", "seconds", "ratio"]

    /// Writes all families and the closing `# EOF`; families without a sample are left out.
    static func text(_ families: [MetricFamily]) -> String {
        var text = ""
        for family in families where !family.samples.isEmpty {
            text += "# TYPE \(family.name) \(family.kind.rawValue)\n"
            if let unit = units.first(where: { family.name.hasSuffix("_" + $0) }) { text += "# UNIT \(family.name) \(unit)\n" }
            text += "# HELP \(family.name) \(escape(family.help))\n"
            let suffix = family.kind == .counter ? "_total" : ""
            for sample in family.samples {
                let labels = sample.labels.map { "\($0.name)=\"\(escape($0.value))\"" }.joined(separator: ",")
                text += family.name + suffix + (labels.isEmpty ? "" : "{\(labels)}") + " \(number(sample.value))\n"
            }
        }
        return text + "# EOF\n"
    }

    private static func escape(_ text: String) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }

    private static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 0x1p53 ? String(Int64(value)) : String(value)
    }
}
