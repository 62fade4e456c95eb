/// The known keys of one object, its own and those that the defaults add.
struct Fields {
    /// What the object is called in a message: `port 'vm1'`.
    let label: String
    /// The place of the object's name, where a missing key is reported.
    let span: SourceSpan
    private var entries: [String: (entry: DocumentEntry, label: String, isDefault: Bool)] = [:]

    /// Known keys that were probably meant by unknown ones, which were reported: they are not reported as missing too.
    var mistypedKeys: Set<String> = []

    init(label: String, span: SourceSpan) {
        self.label = label
        self.span = span
    }

    /// One value to be read, and the name of the object it is to be reported under.
    struct Field {
        let node: DocumentNode
        let keySpan: SourceSpan
        let label: String
        let isDefault: Bool
    }

    subscript(key: String) -> Field? {
        entries[key].map { Field(node: $0.entry.value, keySpan: $0.entry.keySpan, label: $0.label, isDefault: $0.isDefault) }
    }

    /// Whether the object has the key, by itself or from the defaults.
    func has(_ key: String) -> Bool { entries[key] != nil }
    /// Whether the object's own entry has the key.
    func hasOwn(_ key: String) -> Bool { entries[key]?.isDefault == false }

    mutating func add(_ entry: DocumentEntry) { entries[entry.key] = (entry, label, false) }

    /// Adds what `defaults` has beyond the object's own keys.
    mutating func fill(from defaults: Fields) {
        for (key, value) in defaults.entries where entries[key] == nil { entries[key] = (value.entry, defaults.label, true) }
    }

    /// Forgets keys that came from the defaults and have no meaning for this object.
    mutating func dropDefaults(_ keys: [String]) {
        for key in keys where entries[key]?.isDefault == true { entries[key] = nil }
    }
}
