/// A network interface of a libvirt domain, as far as Weft cares.
struct DomainInterface: Hashable {
    /// `ethernet` for a TAP that is there already.
    var type: String
    /// The MAC as it is written.
    var mac: String?
    /// The host's device.
    var device: String?
    /// Whether libvirt makes and removes the device, which it does unless it is told `managed='no'`.
    var isManaged = true
    /// Pairs of queues.
    var queueCount = 1
}

extension DomainInterface {
    /// The largest description that is read, bytes.
    static let byteLimit = 4 << 20
    /// How deep elements may lie in each other.
    static let depthLimit = 100

    /// The interfaces of a domain's XML, as libvirt writes it; what is not well formed ends the reading.
    static func all(inDomain text: String) -> [DomainInterface] {
        var found: [DomainInterface] = []
        var path: [String] = []
        var scanner = TagScanner(text)
        while let tag = scanner.next() {
            switch tag.kind {
            case .end:
                guard path.popLast() == tag.name else { return found }
                continue
            case .start, .empty: break
            }
            switch (path, tag.name) {
            case (["domain", "devices"], "interface"): found.append(DomainInterface(type: tag.attributes["type"] ?? ""))
            case (["domain", "devices", "interface"], _):
                guard !found.isEmpty else { return found }
                found[found.count - 1].read(tag)
            default: break
            }
            if tag.kind == .start { path.append(tag.name) }
            guard path.count <= depthLimit else { return found }
        }
        return found
    }

    private mutating func read(_ tag: TagScanner.Tag) {
        switch tag.name {
        case "mac": mac = tag.attributes["address"]
        case "target":
            device = tag.attributes["dev"]
            isManaged = tag.attributes["managed"] != "no"
        case "driver": queueCount = tag.attributes["queues"].flatMap { Int($0) } ?? 1
        default: break
        }
    }
}

/// Reads the tags of an XML text in order; text, comments and declarations are passed over.
struct TagScanner {
    struct Tag: Hashable {
        enum Kind { case start, end, empty }

        var kind: Kind
        var name: String
        var attributes: [String: String]
    }

    private var rest: Substring.UTF8View

    init(_ text: String) { rest = text[...].utf8 }

    /// The next tag; nil at the end, and where the text is not well formed.
    mutating func next() -> Tag? {
        while let start = rest.firstIndex(of: UInt8(ascii: "<")) {
            rest = rest[rest.index(after: start)...]
            if skip("!--", to: "-->") || skip("![CDATA[", to: "]]>") || skip("?", to: "?>") || skip("!", to: ">") { continue }
            return tag()
        }
        return nil
    }

    /// Whether the rest begins with `opening`; passes over it up to behind `closing`.
    private mutating func skip(_ opening: String, to closing: String) -> Bool {
        guard rest.starts(with: opening.utf8) else { return false }
        rest = rest.dropFirst(opening.utf8.count)
        while !rest.isEmpty, !rest.starts(with: closing.utf8) { rest = rest.dropFirst() }
        rest = rest.dropFirst(closing.utf8.count)
        return true
    }

    private mutating func tag() -> Tag? {
        var tag = Tag(kind: .start, name: "", attributes: [:])
        if take("/") { tag.kind = .end }
        tag.name = name()
        guard !tag.name.isEmpty else { return nil }
        while true {
            skipSpace()
            if take(">") { return tag }
            if take("/") {
                tag.kind = .empty
                return take(">") ? tag : nil
            }
            let key = name()
            skipSpace()
            guard !key.isEmpty, take("=") else { return nil }
            skipSpace()
            guard let quote = rest.first, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\""),
                let end = rest.dropFirst().firstIndex(of: quote)
            else { return nil }
            tag.attributes[key] = String(decoding: rest[..<end].dropFirst(), as: UTF8.self)
            rest = rest[rest.index(after: end)...]
        }
    }

    private mutating func name() -> String {
        let name = rest.prefix { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "_-.:".utf8.contains(byte) || byte >= 0x80
            }
        }
        rest = rest[name.endIndex...]
        return String(decoding: name, as: UTF8.self)
    }

    private mutating func take(_ character: Character) -> Bool {
        guard rest.first == character.asciiValue else { return false }
        rest = rest.dropFirst()
        return true
    }

    private mutating func skipSpace() { rest = rest.drop { $0 == 0x20 || (0x09...0x0D).contains($0) } }
}
