/// A change of one port, as `weft port attach`, `detach`, `move`, `up` and `down` ask for it.
///
/// An edit makes a new file of what runs, which is planned, checked and applied as any other: it is in the history, can be rolled back, and
/// what it may not do is told by the same rules.
public struct PortEdit: Hashable, Sendable {
    /// What is done.
    public enum Action: String, Hashable, Sendable, CaseIterable {
        /// A port that is not there is added.
        case attach
        /// A port is removed, with the checks that name it.
        case detach
        /// A port gets other values, such as another segment; those that are not given stay.
        case move
        /// A port may carry frames.
        case up
        /// A port may not carry frames; its device stays, down.
        case down
    }

    /// A value of the file.
    public enum Value: Hashable, Sendable {
        case text(String)
        case number(Int)
        case flag(Bool)
        case list([String])
        case map([String: Int])

        fileprivate var yaml: String {
            switch self {
            case .text(let text): YAMLText.string(text)
            case .number(let number): "\(number)"
            case .flag(let flag): "\(flag)"
            case .list(let items): YAMLText.list(items.map(YAMLText.string))
            case .map(let items): YAMLText.map(items.sorted { $0.key < $1.key }.map { (YAMLText.string($0.key), "\($0.value)") })
            }
        }
    }

    /// What is done.
    public var action: Action
    /// The port's name.
    public var port: String
    /// Keys of the file with their values, for `attach` and `move`; an empty list takes the key away.
    public var values: [String: Value]

    /// Describes an edit.
    public init(_ action: Action, port: String, values: [String: Value] = [:]) {
        (self.action, self.port, self.values) = (action, port, values)
    }

    /// What is written beside the revision, such as `port move vm1`.
    public var note: String { "port \(action.rawValue) \(port)" }
}

/// Why an edit can't even be written down.
public struct PortEditError: Error, Hashable, CustomStringConvertible {
    /// What is wrong.
    public let description: String
    /// What to do.
    public let help: String
}

extension Topology {
    /// The file of this topology with a port changed.
    ///
    /// - Throws: ``PortEditError`` for a port that is there already, or is not there. Whether the file is valid shows when it is read.
    public func fileText(after edit: PortEdit) throws(PortEditError) -> String {
        var entries = ports.map { (name: $0.name.text, entry: $0.entry(in: self)) }
        let place = entries.firstIndex { $0.name == edit.port }
        var checks = checks
        switch (edit.action, place) {
        case (.attach, let place?):
            let present = ports[place]
            throw PortEditError(
                description: "there is a port '\(edit.port)' already, on host '\(present.host)'",
                help: "choose another name, or change it: weft port move \(edit.port)")
        case (.attach, nil): entries.append((edit.port, Self.changed([], by: edit.values)))
        case (_, nil):
            let near = NearestName.nearest(to: edit.port, in: ports.lazy.map(\.name.text))
            throw PortEditError(
                description: "there is no port '\(edit.port.shortened)'",
                help: near.map { "did you mean '\($0)'?" } ?? "see weft ports --all")
        case (.detach, let place?):
            entries.remove(at: place)
            checks.removeAll { $0.from.text == edit.port || $0.to.text == edit.port }
        case (.move, let place?): entries[place].entry = Self.changed(entries[place].entry, by: edit.values)
        case (.up, let place?): entries[place].entry = Self.changed(entries[place].entry, by: ["enabled": .list([])])
        case (.down, let place?): entries[place].entry = Self.changed(entries[place].entry, by: ["enabled": .flag(false)])
        }
        return fileText(ports: entries.map { ($0.name, YAMLText.map($0.entry)) }, checks: checks)
    }

    /// An entry with some values replaced. A segment takes the place of a trunk and the other way round.
    private static func changed(
        _ entry: [(key: String, value: String)], by values: [String: PortEdit.Value]
    ) -> [(key: String, value: String)] {
        var dropped = Set(values.keys)
        if values["segment"] != nil { dropped.formUnion(["trunk", "native", "protocol"]) }
        if values["trunk"] != nil { dropped.formUnion(["segment", "native"]) }
        let new = values.filter { $0.value != .list([]) }.sorted { $0.key < $1.key }
        return entry.filter { !dropped.contains($0.key) } + new.map { (YAMLText.string($0.key), $0.value.yaml) }
    }
}
