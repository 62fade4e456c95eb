/// Reads a document's shape: known keys, types, single values. It reports what is wrong and goes on, so that one run
/// finds everything.
///
/// The objects are read in extensions, one file each; this file has what they share.
struct ShapeReader {
    var problems: ProblemList
    /// Defaults of the file by kind of object, empty where none are given.
    var defaults: [String: Fields] = [:]
    /// What the file makes use of; whether this version can do it is judged after everything else.
    var uses: [Feature.Use] = []

    init(files: [String]) { problems = ProblemList(files: files) }

    /// The entries of a mapping by its known keys; nil when it is something else. A value left out is an empty mapping.
    mutating func fields(
        of node: DocumentNode, label: String, span: SourceSpan, known: [String], later: [String] = []
    ) -> Fields? {
        guard let entries = entries(of: node, label: label, span: span) else { return nil }
        var fields = Fields(label: label, span: span)
        for entry in entries where !entry.key.hasPrefix("x-") {
            if known.contains(entry.key) || later.contains(entry.key) {
                fields.add(entry)
            } else {
                let meant = reportUnknown(entry, known: known)
                fields.mistypedKeys.formUnion(meant)
            }
        }
        return fields
    }

    /// The entries of a mapping whose keys are free; a key that is there twice is reported and only the first kept.
    mutating func entries(of node: DocumentNode, label: String, span: SourceSpan) -> [DocumentEntry]? {
        if node.isNothing { return [] }
        guard case .mapping(let entries) = node.content else {
            problems.report(
                .wrongType, at: node.span, "\(label): expected a mapping, found \(node.summary)", help: node.colonHelp)
            return nil
        }
        var first: [String: SourceSpan] = [:]
        return entries.filter { entry in
            guard let earlier = first[entry.key] else {
                first[entry.key] = entry.keySpan
                return true
            }
            if !entry.key.hasPrefix("x-") {
                problems.report(
                    .duplicateKey, at: entry.keySpan, "duplicate key '\(entry.key.shortened)'",
                    help: "it is first given at \(problems.place(earlier)), which is the one looked at")
            }
            return false
        }
    }

    /// Reports a key that is not known; gives those that were probably meant.
    private mutating func reportUnknown(_ entry: DocumentEntry, known: [String]) -> [String] {
        let keys = "Keys here: " + known.joined(separator: ", ")
        let near = problems.wantsSuggestions ? NearestName.nearest(to: entry.key, in: known) : nil
        let help =
            if entry.key == "<<" {
                "YAML merge keys are not read; put what ports share under 'defaults'. \(keys)"
            } else if let near {
                "did you mean '\(near)'? \(keys)"
            } else {
                keys
            }
        problems.report(.unknownKey, at: entry.keySpan, "unknown key '\(entry.key.shortened)'", help: help)
        return entry.key == "<<" ? known : near.map { [$0] } ?? []
    }

    /// Reports a key that the object can't do without.
    mutating func reportMissing(_ key: String, in fields: Fields, help: String) {
        guard !fields.mistypedKeys.contains(key) else { return }
        problems.report(.missingKey, at: fields.span, "\(fields.label): missing key '\(key)'", help: help)
    }

    /// Notes that the file makes use of something that not every version can do.
    mutating func use(_ feature: Feature, at span: SourceSpan, label: String) {
        uses.append(Feature.Use(feature: feature, label: label, span: span))
    }

    /// Checks the name of an object at its key; nil, and a report, when it breaks a rule.
    @discardableResult
    mutating func name(_ text: String, at span: SourceSpan, what: String, allowsTenant: Bool) -> TopologyName? {
        let name = TopologyName(text)
        if let name, allowsTenant || name.tenant == nil { return name }
        let repaired = String(
            text.lowercased().prefix(TopologyName.maximumCount).map { $0 == "_" || $0 == "." || $0 == " " ? "-" : $0 })
        let help =
            if name != nil {
                "only segments and ports can belong to a tenant"
            } else if text.unicodeScalars.count > TopologyName.maximumCount {
                "it has \(text.unicodeScalars.count) characters; at most \(TopologyName.maximumCount) are allowed"
            } else if TopologyName(repaired) != nil {
                "did you mean '\(repaired)'?"
            } else {
                "use a…z, 0…9 and '-', beginning and ending with a letter or digit"
                    + (allowsTenant ? ", with at most one '/' after a tenant" : "")
            }
        problems.report(.invalidName, at: span, "\(what): '\(text.shortened)' is not a valid name", help: help)
        return nil
    }
}
