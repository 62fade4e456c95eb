import Glibc
import Synchronization
import WeftTypes

/// Where the data path's descriptors come from: opened here, or inherited from the agent that ran before.
///
/// All TAP queues and underlay sockets of an agent are asked for here under a name of their own, such as `tap wfu-blue 0`,
/// so that a later agent can be handed those of a running one without a lost frame.
public final class DescriptorSource: Sendable {
    private let inherited: Mutex<[String: Int32]>

    /// Creates a source that owns the inherited descriptors, by name; without any, all are opened.
    public init(inheriting descriptors: [String: Int32] = [:]) { inherited = Mutex(descriptors) }

    deinit { closeUnclaimed() }

    /// The queue inherited under that name, or a new one.
    ///
    /// - Throws: ``LinuxError`` `.adoptTAP` when what was inherited is no queue of `device`, or what
    ///   ``TapDevice/open(name:options:existence:)`` throws.
    public func tapQueue(
        _ name: String, device: String, options: TapOptions, existence: TapDevice.Existence = .createOrAdopt
    ) throws(LinuxError) -> TapQueue {
        if let descriptor = claim(name) { return try TapDevice.adopt(Descriptor(owning: descriptor), name: device) }
        return try TapDevice.open(name: device, options: options, existence: existence)
    }

    /// The socket inherited under that name, or a new one.
    ///
    /// - Throws: ``LinuxError`` `.openSocket` when what was inherited is bound elsewhere, or what ``UDPSocket/open(_:)`` throws.
    public func udpSocket(_ name: String, options: UDPSocketOptions) throws(LinuxError) -> UDPSocket {
        guard let descriptor = claim(name) else { return try UDPSocket.open(options) }
        let socket = try UDPSocket(adopting: Descriptor(owning: descriptor))
        let isRightPort =
            switch options.port {
            case .fixed(let port): socket.local.udpPort == port
            case .ephemeral: true
            }
        guard socket.local.address == options.address, isRightPort else {
            throw LinuxError(
                .openSocket, "\(options.address)", errno: EINVAL, detail: "the inherited one is bound to \(socket.local)")
        }
        return socket
    }

    /// Closes what was inherited and not asked for: the new agent has no use for it.
    public func closeUnclaimed() {
        let unclaimed = inherited.withLock { inherited in
            defer { inherited = [:] }
            return inherited
        }
        for descriptor in unclaimed.values { close(descriptor) }
    }

    private func claim(_ name: String) -> Int32? { inherited.withLock { $0.removeValue(forKey: name) } }
}
