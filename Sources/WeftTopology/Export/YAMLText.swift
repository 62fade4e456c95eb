/// The little of YAML's flow style that a topology is written with: maps and lists on one line, strings quoted where a reader
/// could take them for something else.
enum YAMLText {
    /// `{ host: alpha, segment: blue }`
    static func map(_ entries: [(key: String, value: String)]) -> String {
        entries.isEmpty ? "{}" : "{ " + entries.map { "\($0.key): \($0.value)" }.joined(separator: ", ") + " }"
    }

    /// `[a, b]`
    static func list(_ values: [String]) -> String { "[" + values.joined(separator: ", ") + "]" }

    /// A value alone, more than one as a list.
    static func oneOrList(_ values: [String]) -> String { values.count == 1 ? values[0] : list(values) }

    /// A string as a plain scalar where that is sure to be read as the same string, else in double quotes.
    static func string(_ text: String) -> String { isPlain(text) ? text : quoted(text) }

    /// Words that YAML 1.1 or 1.2 reads as something other than a string.
    private static let reserved: Set<String> = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"]

    private static func isPlain(_ text: String) -> Bool {
        guard let first = text.utf8.first, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first), !reserved.contains(text)
        else {
            return isIPv4(text)
        }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
            default: "-_./".utf8.contains(byte)
            }
        }
    }

    /// Digits with three dots in between, and a length perhaps, are nothing but a string.
    private static func isIPv4(_ text: String) -> Bool {
        text.utf8.count { $0 == UInt8(ascii: ".") } == 3
            && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || "./".utf8.contains($0) }
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            default:
                if scalar.properties.generalCategory == .control || !scalar.isASCII && isAmbiguous(scalar) {
                    let digits = String(scalar.value, radix: 16, uppercase: true)
                    result += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
                } else {
                    result.unicodeScalars.append(scalar)
                }
            }
        }
        return result + "\""
    }

    /// What YAML takes for a line's end, or forbids in the open.
    private static func isAmbiguous(_ scalar: Unicode.Scalar) -> Bool {
        [0x85, 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF].contains(scalar.value)
    }
}
