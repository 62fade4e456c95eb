import Glibc
import WeftForwarding
import WeftLinux

/// A device whose frames the workers read and write, as batches of frames with offload headers.
///
/// Today one queue of a TAP; other kinds become other cases here, so that the worker stays free of existentials. Any
/// worker may write to it; one, the owner, reads it.
final class PortDevice: Sendable {
    /// The port whose frames these are.
    let port: PortIndex
    private let queue: TapQueue

    init(_ port: PortIndex, queue: consuming TapQueue) {
        self.port = port
        self.queue = queue
    }

    /// The device's name.
    var name: String { queue.name }
    /// The descriptor's number, for a poller.
    var descriptor: Int32 { queue.rawValue }

    /// Reads one frame with its offload header before it; none when there is none.
    func receive(_ slices: UnsafeMutableBufferPointer<iovec>) -> TransferResult { unsafe queue.receive(slices) }

    /// Writes one frame with its offload header before it.
    func transmit(_ slices: UnsafeMutableBufferPointer<iovec>) -> TransferResult { unsafe queue.transmit(slices) }
}
