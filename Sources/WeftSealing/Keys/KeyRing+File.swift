import Glibc
import WeftLinux

extension KeyRing {
    /// Where an agent looks for the keys of a fabric: `<folder>/<fabric>.keys`, with a dot for a slash in the name.
    public static func path(fabric: String, folder: String) -> String {
        "\(folder)/\(String(fabric.map { $0 == "/" ? "." : $0 })).keys"
    }

    /// Reads a key ring file, at start and again whenever the agent is told to.
    ///
    /// - Throws: ``SealingError`` `.missing` when there is none; `.notPermitted` when others than its owner can read or write
    ///   it, or this process can't; `.invalid` with the line that is wrong.
    public static func load(_ path: String) throws(SealingError) -> KeyRing {
        let bytes: [UInt8]?
        do throws(SecretFile.Problem) {
            bytes = try SecretFile.read(path, limit: fileByteCountLimit)
        } catch {
            switch error {
            case .system(let error): throw SealingError(.readKeyRing, path, error)
            case .unsafe(let cause, let remedy):
                throw SealingError(.readKeyRing, path, kind: .notPermitted, cause: cause, remedy: remedy)
            }
        }
        guard let bytes else {
            throw SealingError(
                .readKeyRing, path, kind: .missing, cause: "there is no such file",
                remedy: "make one with weft key init, or copy the one of another host of the fabric")
        }
        do throws(LineProblem) {
            return try KeyRing(parsing: bytes)
        } catch {
            throw SealingError(
                .readKeyRing, path, line: error.line, kind: .invalid, cause: error.cause, remedy: error.remedy)
        }
    }

    /// Writes a new key ring file, mode 0600, and its folder where that is missing.
    ///
    /// - Throws: ``SealingError`` `.invalid` when there is a file: its keys may be in use.
    public func create(_ path: String) throws(SealingError) {
        do throws(LinuxError) { try SecretFile.makeFolder(of: path) } catch { throw SealingError(.writeKeyRing, path, error) }
        try Self.whileAlone(path) { () throws(SealingError) in
            // F_OK asks only whether the name is taken, also by what can't be read.
            guard unsafe access(path, F_OK) != 0 else {
                throw SealingError(
                    .writeKeyRing, path, kind: .invalid, cause: "the file is there already",
                    remedy: "weft key add puts another key into it; remove it first if the fabric is to start anew")
            }
            try write(path)
        }
    }

    /// Changes a key ring file: reads it, hands the ring to `change`, writes what came of it in one step.
    ///
    /// - Throws: ``SealingError`` as ``load(_:)``, and `.invalid` for a change that the ring can't have; the file is then as it
    ///   was.
    @discardableResult
    public static func update(
        _ path: String, _ change: (inout KeyRing) throws(Problem) -> Void
    ) throws(SealingError) -> KeyRing {
        try whileAlone(path) { () throws(SealingError) in
            var ring = try load(path)
            let before = ring
            do throws(Problem) {
                try change(&ring)
            } catch {
                throw SealingError(.changeKeyRing, path, kind: .invalid, cause: "\(error)", remedy: error.remedy)
            }
            if ring != before { try ring.write(path) }
            return ring
        }
    }

    private func write(_ path: String) throws(SealingError) {
        do throws(LinuxError) {
            try SecretFile.write(Array(text.utf8), to: path)
        } catch {
            throw SealingError(.writeKeyRing, path, error)
        }
    }

    /// Two commands at once must not lose a key.
    private static func whileAlone<Value>(
        _ path: String, _ body: () throws(SealingError) -> Value
    ) throws(SealingError) -> Value {
        try SecretFile.whileAlone(in: path, body, failing: { SealingError(.changeKeyRing, path, $0) })
    }
}
