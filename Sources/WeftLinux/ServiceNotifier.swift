import CWeftLinux
import Glibc
import WeftTypes

/// Tells the service manager how the agent is doing (`sd_notify(3)`); does nothing where nobody asked.
public struct ServiceNotifier: Sendable {
    /// What there is to tell.
    public enum State: Hashable, Sendable {
        /// Up and serving; also the end of a reload.
        case ready
        case reloading
        case stopping
        /// One line for `systemctl status`.
        case status(String)
        case watchdog

        /// The protocol's line.
        var line: String {
            switch self {
            case .ready: "READY=1"
            case .reloading: "RELOADING=1\nMONOTONIC_USEC=\(MonotonicClock.now().nanoseconds / 1000)"
            case .stopping: "STOPPING=1"
            case .status(let text): "STATUS=" + String(text.map { $0.isNewline ? " " : $0 })
            case .watchdog: "WATCHDOG=1"
            }
        }
    }

    /// The manager's datagram socket, a path or an abstract name after `@`; nil when there is no manager.
    public let address: String?

    /// Creates a notifier for that address, or for the one the manager put into the environment.
    public init(address: String? = Self.addressInEnvironment) { self.address = address }

    /// The value of `NOTIFY_SOCKET`.
    public static var addressInEnvironment: String? {
        guard let value = unsafe getenv("NOTIFY_SOCKET") else { return nil }
        return unsafe String(cString: value)
    }

    /// Sends the states in one message.
    ///
    /// - Throws: ``LinuxError`` `.notify`; the agent goes on without.
    public func notify(_ states: State...) throws(LinuxError) {
        guard let address, !address.isEmpty else { return }
        let socket = try UnixAddress.open(.datagram, for: address)
        let bytes = Array(states.map(\.line).joined(separator: "\n").utf8)
        let number = socket.rawValue
        let count = unsafe UnixAddress.with(address) { target, length in
            unsafe bytes.withUnsafeBytes { bytes in
                retrying {
                    unsafe sendto(number, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL), target, length)
                }
            }
        }
        guard let count else { throw LinuxError(.notify, address, errno: EINVAL, detail: "not an address of a unix socket") }
        try check(count, .notify, address)
    }
}
