import WeftLinux
import WeftTypes

/// What makes a node the same node after a restart: its key, and how often it was started.
///
/// Two files in the agent's state folder, mode 0600, each replaced in one step: `node.key` and `node.epoch`. An agent
/// always starts: what can't be read or kept is told in ``problems`` and the agent runs from memory.
public struct NodeState: Sendable {
    /// The node's identity.
    public let key: NodeKey
    /// The number of this start, from 1: the upper half of the node's incarnation. It is on disk before it is used.
    public private(set) var epoch: UInt32
    /// What went wrong, in the order it did; to be logged.
    public private(set) var problems: [SealingError]

    private let folder: String
    private let keepsEpoch: Bool

    /// Reads the node's state, makes what is missing, and counts this start.
    ///
    /// A file that makes no sense is moved to `<name>.corrupt` and replaced. A lost key is a new node; a lost count starts at
    /// 1, and gossip moves it past what others remember (``raiseEpoch(to:)``).
    /// - Throws: ``SealingError`` `.notPermitted` when others can read the key: such a key identifies nobody.
    public static func start(in folder: String) throws(SealingError) -> NodeState {
        var problems: [SealingError] = []
        let (key, isKept) = try loadKey(folder, &problems)
        var state = NodeState(key: key, epoch: 0, problems: problems, folder: folder, keepsEpoch: isKept)
        state.countStart()
        return state
    }

    private init(key: NodeKey, epoch: UInt32, problems: [SealingError], folder: String, keepsEpoch: Bool) {
        (self.key, self.epoch, self.problems) = (key, epoch, problems)
        (self.folder, self.keepsEpoch) = (folder, keepsEpoch)
    }

    /// Keeps a higher number, as the core asks when others remember one from before the disk was lost.
    public mutating func raiseEpoch(to epoch: UInt32) throws(SealingError) {
        guard epoch > self.epoch else { return }
        self.epoch = epoch
        try writeEpoch()
    }

    // MARK: - The key

    private static func loadKey(
        _ folder: String, _ problems: inout [SealingError]
    ) throws(SealingError) -> (key: NodeKey, isKept: Bool) {
        let path = folder + "/node.key"
        do throws(SecretFile.Problem) {
            if let bytes = try SecretFile.read(path) {
                if let key = NodeKey(parsing: bytes) { return (key, true) }
                let isFree = quarantine(path, .readNodeKey, "this agent is a new node from now on", &problems)
                if !isFree { return (NodeKey(), false) }
            }
        } catch {
            switch error {
            case .unsafe(let cause, let remedy):
                throw SealingError(.readNodeKey, path, kind: .notPermitted, cause: cause, remedy: remedy)
            case .system(let error):
                // The key may be whole behind this failure, so nothing is written over it.
                problems.append(SealingError(.readNodeKey, path, error))
                return (NodeKey(), false)
            }
        }
        let key = NodeKey()
        do throws(LinuxError) {
            try SecretFile.makeFolder(of: path)
            try SecretFile.write(Array(key.text.utf8), to: path)
            return (key, true)
        } catch {
            problems.append(SealingError(.writeNodeKey, path, error))
            return (key, false)
        }
    }

    /// Moves a file away that makes no sense; false when that failed and it is still there.
    private static func quarantine(
        _ path: String, _ operation: SealingError.Operation, _ consequence: String, _ problems: inout [SealingError]
    ) -> Bool {
        do throws(LinuxError) {
            let copy = try SecretFile.quarantine(path)
            problems.append(
                SealingError(
                    operation, path, kind: .invalid, cause: "it is damaged",
                    remedy: "it was moved to \(copy), and \(consequence)"))
            return true
        } catch {
            problems.append(SealingError(operation, path, error))
            return false
        }
    }

    // MARK: - The number of starts

    private var epochPath: String { folder + "/node.epoch" }

    private mutating func countStart() {
        var last: UInt32 = 0
        do throws(SecretFile.Problem) {
            if let bytes = try SecretFile.read(epochPath, limit: 4096) {
                if let count = parseEpoch(bytes) {
                    last = count
                } else {
                    _ = Self.quarantine(
                        epochPath, .readEpoch, "the count starts anew and passes what other nodes remember", &problems)
                }
            }
        } catch {
            switch error {
            case .unsafe(let cause, let remedy):
                problems.append(SealingError(.readEpoch, epochPath, kind: .notPermitted, cause: cause, remedy: remedy))
            case .system(let error): problems.append(SealingError(.readEpoch, epochPath, error))
            }
        }
        epoch = last == .max ? last : last + 1
        do throws(SealingError) { try writeEpoch() } catch { problems.append(error) }
    }

    private func writeEpoch() throws(SealingError) {
        // Where the key is not kept the next start is another node's, and this count is not its.
        guard keepsEpoch else { return }
        let text = "# How often the node below was started; lost, it starts at 1.\nepoch \(epoch)\nnode \(key.nodeID)\n"
        do throws(LinuxError) {
            try SecretFile.write(Array(text.utf8), to: epochPath)
        } catch {
            throw SealingError(.writeEpoch, epochPath, error)
        }
    }

    /// The last start; 0 when the file is of another node; nil when it makes no sense.
    private func parseEpoch(_ bytes: [UInt8]) -> UInt32? {
        guard let fields = FieldFile.parse(bytes), Set(fields.keys) == ["epoch", "node"],
            let epoch = fields["epoch"].flatMap({ UInt32($0) }), let node = fields["node"],
            [UInt8](hexadecimalDigits: node)?.count == 16
        else { return nil }
        return node == key.nodeID.description ? epoch : 0
    }
}
