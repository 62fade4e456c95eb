import Glibc
import WeftAPI
import WeftLinux
import WeftSealing
import WeftTypes

/// `weft key`: makes and changes key ring files. No agent is asked.
package struct KeyCommands: Sendable {
    let choice: KeyFileChoice
    let format: OutputFormat
    let isQuiet: Bool
    let console: Console

    package init(_ choice: KeyFileChoice, format: OutputFormat, isQuiet: Bool, console: Console) {
        (self.choice, self.format, self.isQuiet, self.console) = (choice, format, isQuiet, console)
    }

    /// `weft key init`: a new ring with a new key, or with one from `source`.
    package func initialize(from source: String?) throws(APIError) -> ExitStatus {
        let path = try choice.resolve(isNew: true)
        let key = try Self.key(from: source)
        do throws(SealingError) { try KeyRing(key).create(path) } catch { throw APIError(error) }
        try tell(key.id, "key \(key.id) seals now; wrote \(path)")
        return .done
    }

    /// `weft key show`: fingerprints; the keys themselves only with `isSecretShown`.
    package func show(_ id: String?, isSecretShown: Bool) throws(APIError) -> ExitStatus {
        let path = try choice.resolve()
        let ring = try load(path)
        var keys = [ring.primary] + ring.keys.filter { $0.id != ring.primaryID }
        if let id {
            let wanted = try Self.find(id, in: ring, path)
            keys.removeAll { $0.id != wanted }
        }
        let rows = keys.map {
            KeyView.Row(
                id: $0.id.description, isPrimary: $0.id == ring.primaryID, key: isSecretShown ? $0.secretText : nil)
        }
        console.write(try KeyView.text(rows, format: format, paint: console.paint))
        return .done
    }

    /// `weft key add`: a new key, or one from `source`, that opens and does not seal yet.
    package func add(from source: String?) throws(APIError) -> ExitStatus {
        let path = try choice.resolve()
        // A ring that can't be changed is told before a key is waited for.
        _ = try load(path)
        let key = try Self.key(from: source)
        do throws(SealingError) {
            try KeyRing.update(path) { ring throws(KeyRing.Problem) in try ring.add(key) }
        } catch {
            throw APIError(error)
        }
        try tell(
            key.id, "key \(key.id) opens now; when every host has it, let it seal: weft key use \(key.id)")
        return .done
    }

    /// `weft key use`: lets another key of the ring seal.
    package func use(_ id: String) throws(APIError) -> ExitStatus {
        let id = try change(id) { ring, id throws(KeyRing.Problem) in try ring.use(id) }
        try tell(id, "key \(id) seals now; when it does so on every host, the earlier one can be removed")
        return .done
    }

    /// `weft key remove`: takes a key out that does not seal.
    package func remove(_ id: String) throws(APIError) -> ExitStatus {
        let id = try change(id) { ring, id throws(KeyRing.Problem) in try ring.remove(id) }
        try tell(id, "key \(id) is removed; what is sealed with it is refused from now on")
        return .done
    }

    // MARK: - Common to several

    private func change(
        _ text: String, _ change: (inout KeyRing, KeyID) throws(KeyRing.Problem) -> Void
    ) throws(APIError) -> KeyID {
        let path = try choice.resolve()
        let id = try Self.find(text, in: try load(path), path)
        do throws(SealingError) {
            try KeyRing.update(path) { ring throws(KeyRing.Problem) in try change(&ring, id) }
        } catch {
            throw APIError(error)
        }
        return id
    }

    private func load(_ path: String) throws(APIError) -> KeyRing {
        do throws(SealingError) { return try KeyRing.load(path) } catch { throw APIError(error) }
    }

    /// The fingerprint for scripts, a sentence for people.
    private func tell(_ id: KeyID, _ sentence: String) throws(APIError) {
        switch format {
        case .table, .wide: if !isQuiet { console.note(sentence) }
        case .name: console.write("\(id)\n")
        case .json, .jsonl: console.write(try Session.document(KeyView.Changed(id: "\(id)"), isPretty: format == .json))
        }
    }

    /// The key of a ring whose fingerprint begins with `text`.
    static func find(_ text: String, in ring: KeyRing, _ path: String) throws(APIError) -> KeyID {
        let wanted = text.lowercased()
        let matches = wanted.isEmpty ? [] : ring.keys.map(\.id).filter { $0.description.hasPrefix(wanted) }
        guard let match = matches.first, matches.count == 1 else {
            let ids = ring.keys.map(\.id.description).joined(separator: ", ")
            throw APIError(
                .notFound, cannot: "find key '\(text)'", on: path,
                cause: matches.isEmpty ? "no key has that fingerprint" : "more than one fingerprint begins so",
                help: "the ring has \(ids)")
        }
        return match
    }

    /// A new key, or the one in the file `source`; `-` is standard input. A key on the command line would show in `ps`.
    private static func key(from source: String?) throws(APIError) -> RingKey {
        guard let source else {
            var random = SystemRandomNumberGenerator()
            return RingKey(using: &random)
        }
        let bytes: [UInt8]
        do throws(LinuxError) {
            let file = try open(source)
            bytes = try file.readToEnd(limit: 4096, name: source == "-" ? "standard input" : source)
        } catch {
            throw APIError(
                error.errno == EACCES ? .notPermitted : .failed, cannot: "read a key", on: error.object, cause: error.cause,
                help: error.remedy)
        }
        let words = String(decoding: bytes, as: UTF8.self).split { $0.isWhitespace }
        guard words.count == 1, let key = RingKey(text: words[0]) else {
            throw APIError(
                .failed, cannot: "read a key", on: source == "-" ? "standard input" : source,
                cause: "it is not 64 hexadecimal digits alone",
                help: "weft key show ID --secret -o name prints a key so, and openssl rand -hex 32 makes one")
        }
        return key
    }

    private static func open(_ source: String) throws(LinuxError) -> Descriptor {
        guard source == "-" else { return try Descriptor.open(source, flags: O_RDONLY) }
        return Descriptor(owning: try check(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0), .read, "standard input"))
    }
}
