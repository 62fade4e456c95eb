extension ShapeReader {
    /// Version of the format that this module reads.
    static var formatVersion: Int { 1 }

    static let fileKeys = ["weft", "name", "hosts", "segments", "ports", "defaults", "checks"]
    /// Keys that the format reserves for what is still to come.
    static let laterFileKeys = ["groups", "policies"]

    /// Reads a whole document; nil when nothing more can be said about it.
    mutating func draft(of document: TopologyDocument) -> Draft? {
        let root = document.root
        guard !root.isNothing else {
            problems.report(.emptyFile, at: root.span, "the file is empty; a topology begins with 'weft: 1'")
            return nil
        }
        guard
            let fields = fields(of: root, label: "the file", span: root.span, known: Self.fileKeys, later: Self.laterFileKeys),
            isKnownVersion(fields)
        else { return nil }
        for key in Self.laterFileKeys {
            if let field = fields[key] { use(.section(key), at: field.keySpan, label: fields.label) }
        }
        readDefaults(fields)

        var draft = Draft()
        draft.name = fabricName(fields)
        if !fields.has("hosts") { reportMissing("hosts", in: fields, help: "add hosts: { alpha: { underlay: 192.0.2.11 } }") }
        draft.hosts = objects(.hosts, of: fields, &draft) { reader, entry in reader.host(entry) }
        draft.segments = objects(.segments, of: fields, &draft) { reader, entry in reader.segment(entry) }
        draft.ports = objects(.ports, of: fields, &draft) { reader, entry in reader.port(entry) }
        if !fields.has("hosts") { draft.incomplete.insert(.hosts) }
        draft.checks = checks(fields)
        return draft
    }

    private mutating func isKnownVersion(_ fields: Fields) -> Bool {
        guard fields.has("weft") else {
            reportMissing("weft", in: fields, help: "the format's version comes first: weft: \(Self.formatVersion)")
            return true
        }
        guard let version = text("weft", of: fields) else { return true }
        guard version.value != String(Self.formatVersion) else { return true }
        problems.report(
            .unknownVersion, at: version.span,
            "format version '\(version.value.shortened)' is unknown; this program reads version \(Self.formatVersion)")
        return false
    }

    private mutating func fabricName(_ fields: Fields) -> TopologyName? {
        guard fields.has("name") else {
            reportMissing("name", in: fields, help: "name the fabric, the same on all its hosts: name: lab")
            return nil
        }
        return text("name", of: fields).flatMap { name($0.value, at: $0.span, what: "fabric", allowsTenant: false) }
    }

    /// Reads the entries of one section in the order of the file.
    private mutating func objects<Object>(
        _ section: Draft.Section, of fields: Fields, _ draft: inout Draft, read: (inout ShapeReader, DocumentEntry) -> Object
    ) -> [Object] {
        guard let field = fields[section.rawValue] else {
            if fields.mistypedKeys.contains(section.rawValue) { draft.incomplete.insert(section) }
            return []
        }
        let entries = entries(of: field.node, label: "'\(section.rawValue)'", span: field.keySpan)
        if entries?.count != field.node.entryCount { draft.incomplete.insert(section) }
        return (entries ?? []).filter { !$0.key.hasPrefix("x-") }.map { read(&self, $0) }
    }

    /// Defaults fill in what an object leaves out. They are stored as written and read again with each object, and
    /// reported under their own name.
    private mutating func readDefaults(_ fields: Fields) {
        guard let field = fields["defaults"],
            let sections = self.fields(
                of: field.node, label: "'defaults'", span: field.keySpan, known: ["host", "segment", "port"])
        else { return }
        for (kind, known) in [("host", Self.hostKeys), ("segment", Self.segmentKeys), ("port", Self.portKeys)] {
            guard let section = sections[kind] else { continue }
            defaults[kind] = self.fields(of: section.node, label: "default \(kind)", span: section.keySpan, known: known)
        }
    }
}
