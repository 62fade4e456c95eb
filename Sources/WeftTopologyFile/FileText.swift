import WeftTopology

/// Bytes to text: UTF-8 with or without a byte order mark, and only the characters that YAML allows.
enum FileText {
    static func decode(_ bytes: [UInt8], file: String) throws(Diagnostic) -> String {
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            throw Diagnostic(
                .notUTF8, "the file is UTF-16", file: file, at: SourceSpan(line: 1, column: 1),
                help: "save it as UTF-8: iconv -f UTF-16 -t UTF-8 \(file)")
        }
        let content = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes[3...] : bytes[...]
        guard let text = String(validating: content, as: UTF8.self) else {
            throw notUTF8(content, file: file)
        }
        if let offender = text.unicodeScalars.firstIndex(where: { !isAllowed($0) }) {
            let value = String(text.unicodeScalars[offender].value, radix: 16, uppercase: true)
            let code = String(repeating: "0", count: max(0, 4 - value.count)) + value
            throw Diagnostic(
                .yamlSyntax, "the control character U+\(code) is not allowed in YAML", file: file,
                at: span(atEndOf: text.unicodeScalars[..<offender]), help: "remove it, or write it as an escape in double quotes")
        }
        return text
    }

    private static func notUTF8(_ bytes: ArraySlice<UInt8>, file: String) -> Diagnostic {
        // The longest valid front ends where the offending bytes begin.
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var front = String.UnicodeScalarView()
        decoding: while true {
            switch decoder.decode(&iterator) {
            case .scalarValue(let scalar): front.append(scalar)
            case .emptyInput, .error: break decoding
            }
        }
        return Diagnostic(
            .notUTF8, "the file is not UTF-8 text", file: file, at: span(atEndOf: front[...]),
            help: "save it as UTF-8; if it is Latin-1: iconv -f LATIN1 -t UTF-8 \(file)")
    }

    /// The place right after some text.
    private static func span(atEndOf front: Substring.UnicodeScalarView) -> SourceSpan {
        let lines = SourceText(String(front))
        return SourceSpan(line: lines.count, column: (lines.line(lines.count)?.count ?? 0) + 1)
    }

    /// The printable characters of YAML 1.1 §5.1.
    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A, 0x0D, 0x20...0x7E, 0x85, 0xA0...0xD7FF, 0xE000...0xFEFE, 0xFF00...0xFFFD, 0x10000...0x10FFFF: true
        default: false
        }
    }
}
