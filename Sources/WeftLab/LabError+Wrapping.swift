import Glibc
import WeftLinux
import WeftNetlink

extension LabError {
    /// Runs `body` and says of any error in it what was being attempted.
    static func wrapping<Value: ~Copyable>(_ attempt: String, _ body: () throws -> Value) throws(LabError) -> Value {
        do {
            return try body()
        } catch {
            throw LabError(error, cannot: attempt)
        }
    }

    /// An error of a module below as one of a lab: its own sentence becomes the cause.
    init(_ error: any Error, cannot attempt: String) {
        switch error {
        case let error as LabError: self = error
        case let error as LinuxError:
            self.init(error.errno == EPERM ? .notPermitted : .failed, cannot: attempt, cause: error.description)
        case let error as NetlinkError:
            self.init(error.errno == EPERM ? .notPermitted : .failed, cannot: attempt, cause: error.description)
        default: self.init(.failed, cannot: attempt, cause: "\(error)")
        }
    }

    /// The same error with more lines to its cause.
    func adding(_ lines: [String]) -> LabError {
        var error = LabError(kind, cannot: attempt, cause: ([cause] + lines).joined(separator: "\n"), remedy: remedy)
        error.isChanged = isChanged
        return error
    }
}
