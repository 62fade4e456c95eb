import WeftLinux
import WeftNetlink

/// Why a step could not be done: the kernel's answer to a system call or to a netlink request.
public enum LinkFailure: Error, Hashable, Sendable, CustomStringConvertible {
    case linux(LinuxError)
    case netlink(NetlinkError)
    /// What the step is about is not what it was when the step was planned.
    case changed(String)

    public var description: String {
        switch self {
        case .linux(let error): error.description
        case .netlink(let error): error.description
        case .changed(let cause): cause
        }
    }

    /// The kernel's error number, nil when it was not asked.
    var errno: Int32? {
        switch self {
        case .linux(let error): error.errno
        case .netlink(let error): error.errno
        case .changed: nil
        }
    }
}

/// Runs `body`, which asks the kernel by netlink.
func asking<Value>(_ body: () throws(NetlinkError) -> Value) throws(LinkFailure) -> Value {
    do throws(NetlinkError) { return try body() } catch { throw .netlink(error) }
}

/// Runs `body`, which calls the kernel.
func calling<Value: ~Copyable>(_ body: () throws(LinuxError) -> Value) throws(LinkFailure) -> Value {
    do throws(LinuxError) { return try body() } catch { throw .linux(error) }
}

extension NetworkNamespace {
    /// Runs `body` inside, on a thread of its own unless it is the calling thread's.
    func visit<Value: Sendable>(_ body: () throws(LinkFailure) -> Value) throws(LinkFailure) -> Value {
        let outcome = try calling { () throws(LinuxError) in try result(of: body) }
        return try outcome.get()
    }
}
