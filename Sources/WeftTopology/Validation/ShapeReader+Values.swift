import WeftTypes

/// Single values. Each function is nil when the key is absent, and nil with a report when the value is wrong.
extension ShapeReader {
    /// A text; numbers are texts too, nothing is not.
    mutating func text(_ key: String, of fields: Fields) -> Located<String>? {
        fields[key].flatMap { text(of: $0.node, key: key, label: $0.label) }
    }

    /// The text of a node that stands for `key`.
    mutating func text(of node: DocumentNode, key: String, label: String, expected: String = "a text") -> Located<String>? {
        guard case .scalar(let text, _) = node.content, !node.isNothing else {
            problems.report(.wrongType, at: node.span, "\(label): '\(key)' is \(node.summary); expected \(expected)")
            return nil
        }
        return Located(value: text, span: node.span)
    }

    /// A number within a range; outside of it `code` is reported with the message that `complain` makes.
    mutating func number(
        of node: DocumentNode, key: String, label: String, in range: ClosedRange<Int>, code: DiagnosticCode,
        complain: (String) -> String
    ) -> Located<Int>? {
        guard let text = text(of: node, key: key, label: label, expected: "a whole number") else { return nil }
        let digits = text.value.utf8.drop { $0 == UInt8(ascii: "-") }
        let isNumber =
            !digits.isEmpty && digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            && text.value.utf8.count - digits.count <= 1
        guard isNumber else {
            problems.report(
                .wrongType, at: text.span, "\(label): '\(key)' is '\(text.value.shortened)'; expected a whole number")
            return nil
        }
        guard let number = Int(text.value), range.contains(number) else {
            problems.report(code, at: text.span, "\(label): \(complain(text.value.shortened))")
            return nil
        }
        return Located(value: number, span: text.span)
    }

    /// A number of a key, as above.
    mutating func number(
        _ key: String, of fields: Fields, in range: ClosedRange<Int>, code: DiagnosticCode, complain: (String) -> String
    ) -> Located<Int>? {
        fields[key].flatMap { number(of: $0.node, key: key, label: $0.label, in: range, code: code, complain: complain) }
    }

    /// A TCP or UDP port.
    mutating func portNumber(_ key: String, of fields: Fields, what: String) -> Located<UInt16>? {
        number(key, of: fields, in: 1...65535, code: .portNumberRange) { "\(what) \($0) is outside 1…65535" }
            .map { Located(value: UInt16($0.value), span: $0.span) }
    }

    /// One of the words of an enumeration.
    mutating func word<Word: RawRepresentable<String> & CaseIterable>(
        _ key: String, of fields: Fields, as type: Word.Type = Word.self
    ) -> Located<Word>? {
        guard let field = fields[key], let text = text(of: field.node, key: key, label: field.label) else { return nil }
        if let word = Word(rawValue: text.value) { return Located(value: word, span: text.span) }
        reportUnknownWord(text, key: key, label: field.label, words: Word.allCases.map(\.rawValue))
        return nil
    }

    /// Reports a word that a key does not take.
    mutating func reportUnknownWord(_ text: Located<String>, key: String, label: String, words: [String]) {
        let list = "'\(key)' is one of: " + words.joined(separator: ", ")
        let near = NearestName.nearest(to: text.value, in: words).map { "did you mean '\($0)'? " } ?? ""
        problems.report(
            .unknownWord, at: text.span, "\(label): '\(key)' can't be '\(text.value.shortened)'", help: near + list)
    }

    /// `true` or `false`.
    mutating func flag(_ key: String, of fields: Fields) -> Bool? {
        guard let field = fields[key] else { return nil }
        switch field.node.content {
        case .scalar("true", isQuoted: false): return true
        case .scalar("false", isQuoted: false): return false
        case .scalar, .sequence, .mapping:
            problems.report(
                .wrongType, at: field.node.span, "\(field.label): '\(key)' is \(field.node.summary); expected true or false")
            return nil
        }
    }

    /// The items of a list, or the one value that may stand for a list of one.
    func items(_ key: String, of fields: Fields) -> [DocumentNode] {
        guard let node = fields[key]?.node, !node.isNothing else { return [] }
        if case .sequence(let nodes) = node.content { return nodes }
        return [node]
    }

    /// The name of a device.
    mutating func device(of node: DocumentNode, key: String, label: String) -> Located<DeviceName>? {
        guard let text = text(of: node, key: key, label: label, expected: "the name of a device") else { return nil }
        if let device = DeviceName(text.value) { return Located(value: device, span: text.span) }
        let byteCount = text.value.utf8.count
        let cause =
            byteCount > DeviceName.maximumByteCount
            ? "has \(byteCount) bytes; a device name has at most \(DeviceName.maximumByteCount)"
            : "is not a device name; use [A-Za-z0-9][A-Za-z0-9_.-]*, but not 'all' or 'default'"
        problems.report(.invalidDevice, at: text.span, "\(label): '\(text.value.shortened)' \(cause)")
        return nil
    }

    /// The MAC of a station; without quotes it draws a warning.
    mutating func mac(_ key: String, of fields: Fields) -> Located<MACAddress>? {
        guard let field = fields[key],
            let text = text(of: field.node, key: key, label: field.label, expected: "a MAC address")
        else { return nil }
        guard let mac = MACAddress(text.value) else {
            problems.report(
                .malformedAddress, at: text.span, "\(field.label): '\(text.value.shortened)' is not a MAC address",
                help: "write six pairs of hexadecimal digits: \"52:54:00:00:01:01\"")
            return nil
        }
        if case .scalar(_, isQuoted: false) = field.node.content {
            problems.report(
                .unquotedMAC, at: text.span, "\(field.label): MAC without quotes",
                help: "write \(key): \"\(text.value)\"; YAML 1.1 takes some MACs for numbers in base 60")
        }
        guard mac.isStation else {
            let cause = mac.isZero ? "is zero" : mac.isBroadcast ? "is the broadcast address" : "is a multicast address"
            problems.report(
                .invalidMAC, at: text.span, "\(field.label): MAC \(mac) \(cause); use the address of one station",
                help: mac.isZero ? nil : "the lowest bit of the first byte is clear in a station's address")
            return nil
        }
        return Located(value: mac, span: text.span)
    }

    /// Free key-value pairs; the values are texts.
    mutating func labels(of fields: Fields) -> [String: String] {
        guard let field = fields["labels"] else { return [:] }
        var labels: [String: String] = [:]
        for entry in entries(of: field.node, label: "\(field.label): 'labels'", span: field.keySpan) ?? [] {
            guard !entry.key.hasPrefix("x-") else { continue }
            let value = text(of: entry.value, key: entry.key.shortened, label: "\(field.label): labels")
            guard isPlainText(entry.key, at: entry.keySpan, what: "\(field.label): a label's key") else { continue }
            guard let value, isPlainText(value.value, at: value.span, what: "\(field.label): a label's value") else { continue }
            labels[entry.key] = value.value
        }
        return labels
    }

    private mutating func isPlainText(_ text: String, at span: SourceSpan, what: String) -> Bool {
        let isPlain = text.unicodeScalars.count <= 128 && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
        if !isPlain {
            problems.report(.invalidText, at: span, "\(what) has at most 128 characters and no control characters")
        }
        return isPlain
    }
}
