import Glibc
import WeftForwarding
import WeftLinux

/// A device whose frames the workers read and write, each behind its offload header; kept open by whoever holds this.
///
/// Any worker may write to it; one, the owner, reads it. Frames go by way of its ``line``.
final class PortDevice: Sendable {
    enum Kind: ~Copyable {
        /// One queue of a TAP.
        case tap(TapQueue)
        /// A device that is not ours, such as the host's end of a veth pair.
        case packet(PacketSocket)
    }

    /// What the packet path needs to know.
    let line: PortLine
    private let kind: Kind

    init(_ port: PortIndex, queue: consuming TapQueue) {
        line = PortLine(port, kind: .tap, descriptor: queue.rawValue)
        kind = .tap(queue)
    }

    init(_ port: PortIndex, socket: consuming PacketSocket) {
        line = PortLine(port, kind: .packet, descriptor: socket.rawValue)
        kind = .packet(socket)
    }

    /// Whether the device was deleted and its descriptor will not tell.
    var isGone: Bool {
        switch kind {
        case .tap: false
        case .packet(let socket): socket.isDeviceGone
        }
    }

    /// Frames the kernel dropped because the agent did not read them in time, where the descriptor counts them.
    var kernelDropCount: Int {
        switch kind {
        case .tap: 0
        case .packet(let socket): socket.kernelDropCount()
        }
    }
}

/// A device as the packet path sees it: numbers only, so that passing it on costs nothing.
///
/// Good for as long as the worker holds the ``PortDevice`` it is of.
struct PortLine {
    enum Kind {
        case tap, packet
    }

    /// The port whose frames these are.
    let port: PortIndex
    let kind: Kind
    let descriptor: Int32
    /// The port's row of counters.
    let row: Int

    init(_ port: PortIndex, kind: Kind, descriptor: Int32) {
        self.port = port
        self.kind = kind
        self.descriptor = descriptor
        row = CounterBlock.row(port)
    }
}
