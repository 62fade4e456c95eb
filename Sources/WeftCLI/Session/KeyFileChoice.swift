import WeftAPI
import WeftLinux
import WeftSealing
import WeftTopology

/// Which key ring file a command is about.
package struct KeyFileChoice: Hashable, Sendable {
    /// The file the user named, if any.
    package var path: String?
    /// The fabric the user named, if any.
    package var fabric: String?
    /// The agent's state folder.
    package var stateDirectory: String

    package init(path: String? = nil, fabric: String? = nil, stateDirectory: String) {
        (self.path, self.fabric, self.stateDirectory) = (path, fabric, stateDirectory)
    }

    /// Decides by what the user said and what is there: the named file wins; then that of the named fabric; then the only one
    /// in the state folder.
    ///
    /// - Throws: ``APIError`` `usage` with the list of what there is, when it takes a name to decide.
    func resolve(isNew: Bool = false) throws(APIError) -> String {
        if let path { return path }
        if let fabric {
            guard let name = TopologyName(fabric) else {
                throw Self.usage(
                    "'\(fabric)' can't be the name of a fabric", "give the name: of a topology file by --fabric NAME")
            }
            return KeyRing.path(fabric: name.text, folder: stateDirectory)
        }
        guard !isNew else {
            throw Self.usage("it is not said for which fabric", "give --fabric NAME, the name: of its topology file")
        }
        let names: [String]
        do throws(LinuxError) {
            names = (try SmallFile.names(in: stateDirectory) ?? []).filter { $0.hasSuffix(".keys") }
        } catch {
            throw APIError(
                error.errno == 13 ? .notPermitted : .failed, cannot: "find the key ring", on: stateDirectory, cause: error.cause,
                help: error.remedy)
        }
        guard let name = names.first, names.count == 1 else {
            throw Self.usage(
                names.isEmpty ? "there is none in \(stateDirectory)" : "there is more than one: \(names.joined(separator: ", "))",
                names.isEmpty ? "make one with weft key init --fabric NAME" : "say which: --fabric NAME")
        }
        return "\(stateDirectory)/\(name)"
    }

    private static func usage(_ cause: String, _ help: String) -> APIError {
        APIError(.usage, cannot: "choose a key ring", on: "", cause: cause, help: help)
    }
}

extension APIError {
    /// The same failure in the words of the API.
    package init(_ error: SealingError) {
        let isAbsence = error.kind == .missing
        self.init(
            error.kind == .notPermitted ? .notPermitted : isAbsence ? .notFound : .failed,
            cannot: "\(error.operation.rawValue) \(error.place)", on: "", cause: error.cause, help: error.remedy)
    }
}
