import Glibc
import WeftLinux
import WeftTopology

/// A whole topology on this machine, in network namespaces: what `weft lab` does.
///
/// The functions are those of the command line. They need root, and change nothing of the machine's own: every device,
/// address and setting is in a namespace that the lab made.
public enum Lab {
    /// The names of the labs that there are, sorted.
    public static func names(root: String = LabLayout.defaultRoot) -> [LabName] {
        Files.names(in: root).compactMap { LabName($0) }
    }

    /// The lab called `name`, or the only one when no name is given.
    ///
    /// - Throws: ``LabError`` `.usage` when there is no such lab, none at all, or several to choose from.
    public static func find(_ name: String?, root: String = LabLayout.defaultRoot) throws(LabError) -> LabLayout {
        let names = names(root: root)
        let attempt = name.map { "find lab '\($0)'" } ?? "choose a lab"
        let list = names.map(\.rawValue).joined(separator: ", ")
        if let name {
            if let found = names.first(where: { $0.rawValue == name }) { return LabLayout(lab: found, root: root) }
            throw LabError(
                .usage, cannot: attempt, cause: "there is no such lab",
                remedy: names.isEmpty ? "make one: weft lab up FILE" : Suggestion.text(for: name, among: names.map(\.rawValue)))
        }
        if names.count == 1 { return LabLayout(lab: names[0], root: root) }
        throw names.isEmpty
            ? LabError(.usage, cannot: attempt, cause: "there is no lab", remedy: "make one: weft lab up FILE")
            : LabError(.usage, cannot: attempt, cause: "there are several", remedy: "name one with --lab: \(list)")
    }

    /// The API socket of a host's agent in the lab called `name`, or in the only one; without a host, of the first agent.
    public static func agentSocket(host: String?, lab name: String?, root: String = LabLayout.defaultRoot) throws(LabError)
        -> String
    {
        let layout = try find(name, root: root)
        let record = try requireRecord(layout)
        let agents = record.hosts.filter(\.value.hasAgent).keys.sorted()
        if let host = host ?? agents.first, agents.contains(host) { return layout.agentSocket(host) }
        throw LabError(
            .usage, cannot: "ask the agent of host '\(host ?? "")' in lab '\(layout.lab)'",
            cause: "no agent of that name runs there",
            remedy: Suggestion.text(for: host ?? "", among: agents))
    }

    /// What there is of every lab, or of the one called `name`.
    public static func list(_ name: String? = nil, root: String = LabLayout.defaultRoot) throws(LabError) -> [LabSummary] {
        var layouts = names(root: root).map { LabLayout(lab: $0, root: root) }
        if let name { layouts = [try find(name, root: root)] }
        var summaries: [LabSummary] = []
        for layout in layouts {
            if let record = try LabRecord.load(layout) { summaries.append(LabSummary(record, layout: layout)) }
        }
        return summaries
    }

    /// The record of a lab that must have one.
    static func requireRecord(_ layout: LabLayout) throws(LabError) -> LabRecord {
        if let record = try LabRecord.load(layout) { return record }
        throw LabError(
            .failed, cannot: "use lab '\(layout.lab)'", cause: "it was never completed",
            remedy: "weft lab down --lab \(layout.lab) removes what there is of it")
    }

    /// - Throws: ``LabError`` `.notPermitted` for anybody but root.
    static func requireRoot(_ attempt: String) throws(LabError) {
        guard geteuid() == 0 else {
            throw LabError(
                .notPermitted, cannot: attempt, cause: "a lab makes network namespaces and devices, which needs root",
                remedy: "run it with sudo")
        }
    }
}
