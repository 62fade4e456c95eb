import WeftTypes

/// Where a lab's things are: the names of its namespaces and devices, and its files.
///
/// The one place that makes these names. `weft agent --lab` finds a guest's namespace by the same rule.
public struct LabLayout: Hashable, Sendable {
    /// The lab.
    public let lab: LabName
    /// The folder that holds a folder per lab.
    public let root: String

    /// The folder of labs when nothing else is said.
    public static var defaultRoot: String { "/run/weft/labs" }

    /// Creates the layout of `lab` under `root`.
    public init(lab: LabName, root: String = LabLayout.defaultRoot) {
        self.lab = lab
        self.root = root
    }

    /// `name` as a part of a namespace's name or a path: the one slash a name may have becomes a dot.
    public static func component(_ name: String) -> String {
        String(name.map { $0 == "/" ? "." : $0 })
    }

    // MARK: Namespaces

    /// The namespace of the router between the hosts.
    public var underlayNamespace: String { "weft-\(lab)-u" }

    /// The namespace of a host.
    public func hostNamespace(_ host: String) -> String { "weft-\(lab)-h-\(Self.component(host))" }

    /// The namespace of the guest on `port`.
    public func guestNamespace(_ port: String) -> String { "weft-\(lab)-g-\(Self.component(port))" }

    /// The device of `host` in the router's namespace: the host's own name if it can be a device's, else `h-` with the
    /// first 8 hexadecimal digits of its SHA-256.
    public static func routerDevice(host: String) -> String {
        let reserved = ["lo", "all", "default"]
        if host.utf8.count <= 15, !host.contains("/"), !reserved.contains(host) { return host }
        let digest = SHA256.digest(of: host)
        return "h-" + digest.prefix(4).map { hexadecimal($0, width: 2) }.joined()
    }

    // MARK: Files

    /// Everything the lab keeps is in here.
    public var directory: String { "\(root)/\(lab)" }
    /// The record of what was made.
    public var record: String { "\(directory)/lab.json" }
    /// The topology as the agents read it: a copy, so that an edit of the original does nothing until the next `up`.
    public var topology: String { "\(directory)/topology.weft.yaml" }

    /// The key ring that every host of the lab gets a copy of, in a folder of its own: the lab holds the lock of ``directory``.
    public var keys: String { "\(directory)/keys/fabric.keys" }

    /// The folder of a host.
    public func hostDirectory(_ host: String) -> String { "\(directory)/hosts/\(Self.component(host))" }
    /// The API socket of a host's agent.
    public func agentSocket(_ host: String) -> String { "\(hostDirectory(host))/agent.sock" }
    /// The log of a host's agent.
    public func agentLog(_ host: String) -> String { "\(hostDirectory(host))/agent.log" }
    /// The state folder of a host's agent.
    public func agentState(_ host: String) -> String { "\(hostDirectory(host))/state" }

    /// The folder of a guest that is a virtual machine.
    public func guestDirectory(_ port: String) -> String { "\(directory)/guests/\(Self.component(port))" }
    /// What the virtual machine starts from.
    public func initramfs(_ port: String) -> String { "\(guestDirectory(port))/initramfs" }
    /// The socket of the virtual machine's console.
    public func consoleSocket(_ port: String) -> String { "\(guestDirectory(port))/console.sock" }
    /// What the console said so far.
    public func consoleLog(_ port: String) -> String { "\(guestDirectory(port))/console.log" }
    /// What QEMU itself said.
    public func machineLog(_ port: String) -> String { "\(guestDirectory(port))/qemu.log" }
    /// One of the sockets on which the virtual machine takes commands.
    public func commandSocket(_ port: String, channel: Int) -> String { "\(guestDirectory(port))/exec\(channel).sock" }

    /// The longest path of a unix socket (`sun_path` less its closing zero).
    public static var maximumSocketPathByteCount: Int { 107 }
}
