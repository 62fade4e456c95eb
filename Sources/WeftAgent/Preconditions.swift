import Glibc
import WeftAPI
import WeftLinux

/// What must be true before an agent touches anything; each says in one sentence what to do about it.
enum Preconditions {
    /// Whether this process may configure the network.
    ///
    /// - Throws: ``APIError`` `.notPermitted` without CAP_NET_ADMIN.
    static func checkPrivileges() throws(APIError) {
        guard HostFacts.effectiveCapabilities().contains(.networkAdministration) else {
            throw APIError(
                .notPermitted, cannot: "start the agent", on: "this host",
                cause: "it may not configure the network: CAP_NET_ADMIN is missing",
                help: "run it as root or by its systemd unit; nothing was changed")
        }
    }

    /// Whether TAP devices can be made.
    ///
    /// - Throws: ``APIError`` when `/dev/net/tun` is missing or refuses.
    static func checkTun() throws(APIError) {
        let path = "/dev/net/tun"
        guard unsafe access(path, R_OK | W_OK) != 0 else { return }
        let error = errno
        let help =
            switch error {
            case ENOENT: "load the module with: modprobe tun; in a container, pass the device into it"
            case EACCES, EPERM: "run as root, or let the group of \(path) have it"
            default: "check the device node"
            }
        throw APIError(
            error == ENOENT ? .failed : .notPermitted, cannot: "make TAP devices", on: path,
            cause: unsafe String(cString: strerror(error)), help: help + "; nothing was changed")
    }
}
