import Glibc
import WeftLinux

/// A file of keys or of a node's state that can't be used: what was to be done, on which file, why, and what helps.
public struct SealingError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was to be done; the text reads on with the object.
    public enum Operation: String, Hashable, Sendable, CaseIterable {
        case readKeyRing = "read the key ring"
        case writeKeyRing = "write the key ring"
        case changeKeyRing = "change the key ring"
        case readKey = "read the key"
        case readNodeKey = "read the node key"
        case writeNodeKey = "write the node key"
        case readEpoch = "read the number of starts"
        case writeEpoch = "write the number of starts"
    }

    /// What kind of failure it is.
    public enum Kind: Hashable, Sendable {
        /// There is no such file.
        case missing
        /// What the file says makes no sense, or what was asked does not fit it.
        case invalid
        /// Others than its owner could read or change the file, or this process may not.
        case notPermitted
        /// The system failed.
        case failed
    }

    /// What was to be done.
    public let operation: Operation
    /// The file.
    public let object: String
    /// The line of the file, from 1, where one is to blame.
    public let line: Int?
    /// What kind of failure it is.
    public let kind: Kind
    /// The reason.
    public let cause: String
    /// What the user can do about it.
    public let remedy: String

    /// Creates an error.
    public init(
        _ operation: Operation, _ object: String, line: Int? = nil, kind: Kind, cause: String, remedy: String
    ) {
        (self.operation, self.object, self.line) = (operation, object, line)
        (self.kind, self.cause, self.remedy) = (kind, cause, remedy)
    }

    /// The same failure of a system call in this module's words.
    init(_ operation: Operation, _ object: String, _ error: LinuxError) {
        let isForbidden = error.errno == EACCES || error.errno == EPERM
        self.init(
            operation, object, kind: isForbidden ? .notPermitted : error.errno == ENOENT ? .missing : .failed,
            cause: error.cause, remedy: error.remedy ?? "see to the file system of that file")
    }

    /// The file, with the line where one is to blame.
    public var place: String { line.map { "\(object):\($0)" } ?? object }

    /// `cannot <do> <file>: <cause>; <remedy>`.
    public var description: String { "cannot \(operation.rawValue) \(place): \(cause); \(remedy)" }
}
