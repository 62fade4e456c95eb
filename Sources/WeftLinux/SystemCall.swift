import Glibc

/// What became of one transfer that must not block.
@frozen public enum TransferResult: Hashable, Sendable {
    /// Bytes of a read or write, datagrams of a batch, events of a wait.
    case transferred(Int)
    /// Nothing could be done now: wait until the descriptor is ready.
    case wouldBlock
    /// The call failed for good or for this item; the batch goes on where that makes sense.
    case failed(errno: Int32)
}

/// Repeats `call` while a signal interrupts it.
@inlinable package func retrying<Result: SignedInteger>(_ call: () -> Result) -> Result {
    while true {
        let result = call()
        if result >= 0 || errno != EINTR { return result }
    }
}

/// Repeats `call` while a signal interrupts it and tells "would block" from failure.
@inlinable package func transfer<Result: SignedInteger>(_ call: () -> Result) -> TransferResult {
    let result = retrying(call)
    if result >= 0 { return .transferred(Int(result)) }
    let error = errno
    return error == EAGAIN || error == EWOULDBLOCK ? .wouldBlock : .failed(errno: error)
}

/// Repeats `call` while a signal interrupts it; a negative result becomes an error with the errno.
@discardableResult
package func check<Result: SignedInteger>(
    _ call: @autoclosure () -> Result, _ operation: LinuxError.Operation, _ object: @autoclosure () -> String
) throws(LinuxError) -> Result {
    let result = retrying(call)
    if result >= 0 { return result }
    let error = errno
    throw LinuxError(operation, object(), errno: error)
}
