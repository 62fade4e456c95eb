import WeftLinux

extension Lab {
    /// Takes a lab down: afterwards there is no namespace, device, process or file of it.
    ///
    /// - Parameter name: The lab; the only one when nil.
    /// - Returns: The lab's name.
    @discardableResult
    public static func down(
        _ name: String?, root: String = LabLayout.defaultRoot, interruption: Interruption = .never,
        progress: (String) -> Void = { _ in }
    ) throws(LabError) -> LabName {
        let layout = try find(name, root: root)
        try requireRoot("take lab '\(layout.lab)' down")
        let lock = try LabLock(layout, patience: .seconds(60), interruption: interruption)
        let record = try LabRecord.load(layout)
        try remove(record, layout, progress: progress)
        _ = consume lock
        return layout.lab
    }

    /// Removes all of a lab; the caller has its lock.
    static func remove(_ record: LabRecord?, _ layout: LabLayout, progress: (String) -> Void) throws(LabError) {
        let attempt = "take lab '\(layout.lab)' down"
        if let record {
            progress("stopping \(record.hosts.count) hosts and \(record.guests.count) guests")
            let known = record.hosts.values.compactMap(\.agent) + record.guests.values.compactMap(\.machine)
            try removeNamespaces(record.namespaces, processes: known, attempt: attempt)
        }
        try Files.remove(layout.directory, attempt: attempt)
        Files.removeIfEmpty(layout.root)
        if layout.root == LabLayout.defaultRoot { Files.removeIfEmpty("/run/weft") }
    }

    /// Ends `processes` and whatever else runs in the namespaces, then deletes those. What is gone already is fine.
    static func removeNamespaces(_ names: [String], processes: [ProcessIdentity], attempt: String) throws(LabError) {
        let present = names.filter(NetworkNamespace.exists)
        let paths = present.map { NetworkNamespace.named($0).path }
        let inside = ProcessIdentity.inNamespaces(paths).filter { !processes.contains($0) }
        ProcessIdentity.stop(processes + inside)
        // One that was just being started when the others were listed.
        ProcessIdentity.stop(ProcessIdentity.inNamespaces(paths))
        for name in present {
            try LabError.wrapping(attempt) { try NetworkNamespace.delete(name) }
        }
    }
}
