import FoundationEssentials

/// What was made for a lab, kept in its folder.
///
/// It is written before each thing is made, so whatever a killed `up` left is known to the next `up` or `down`: an entry
/// with an empty fingerprint is half-made.
struct LabRecord: Codable, Hashable {
    /// A host that was made.
    struct Host: Codable, Hashable {
        /// Its namespace.
        var namespace: String
        /// ``LabHost/fingerprint`` of what was made; empty until it is complete.
        var fingerprint = ""
        /// Its underlay addresses.
        var addresses: [String]
        /// Its agent; nil on a host without one, or before it was started.
        var agent: ProcessIdentity?
        /// Whether it is of kind `agent`.
        var hasAgent: Bool
    }

    /// A guest that was made.
    struct Guest: Codable, Hashable {
        /// What it is.
        var kind: LabGuest.Kind
        /// Its namespace; nil for a virtual machine.
        var namespace: String?
        /// ``LabGuest/fingerprint`` of what was made; empty until it is complete.
        var fingerprint = ""
        /// The host it is on.
        var host: String
        /// The segment it is in.
        var segment: String
        /// Its addresses, each with its length.
        var addresses: [String]
        /// QEMU, for a virtual machine.
        var machine: ProcessIdentity?
    }

    /// Version of this format.
    var version = 1
    /// The file the lab was made from.
    var topologyPath: String
    /// MTU of the underlay, bytes.
    var underlayMTUByteCount: Int
    /// Whether guests are virtual machines.
    var isVirtual: Bool
    /// The router's namespace; nil before it is made.
    var underlayNamespace: String?
    /// The hosts by name.
    var hosts: [String: Host] = [:]
    /// The guests by the name of their port.
    var guests: [String: Guest] = [:]
    /// Whether the last `up` reached its end.
    var isComplete = false

    /// All namespaces of the lab, sorted.
    var namespaces: [String] {
        ([underlayNamespace].compactMap { $0 } + hosts.values.map(\.namespace) + guests.values.compactMap(\.namespace)).sorted()
    }

    /// Reads a record; nil when the lab has none.
    static func load(_ layout: LabLayout) throws(LabError) -> LabRecord? {
        let attempt = "read the record of lab '\(layout.lab)'"
        guard let bytes = try Files.read(layout.record, attempt: attempt) else { return nil }
        let record: LabRecord
        do {
            record = try JSONDecoder().decode(LabRecord.self, from: Data(bytes))
        } catch {
            throw LabError(
                .failed, cannot: attempt, cause: "\(layout.record) is damaged: \(error)",
                remedy: "remove the lab's namespaces (ip netns list) and then \(layout.directory) by hand")
        }
        guard record.version == 1 else {
            throw LabError(
                .failed, cannot: attempt, cause: "\(layout.record) has the format version \(record.version)",
                remedy: "use the weft that made the lab")
        }
        return record
    }

    /// Writes the record; a reader sees either the old one or this.
    func save(_ layout: LabLayout) throws(LabError) {
        let attempt = "write the record of lab '\(layout.lab)'"
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let bytes: [UInt8]
        do {
            bytes = [UInt8](try encoder.encode(self))
        } catch {
            throw LabError(.failed, cannot: attempt, cause: "\(error)")
        }
        try Files.replace(layout.record, with: bytes, attempt: attempt)
    }
}
