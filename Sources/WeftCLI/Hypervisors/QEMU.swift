import WeftAPI
import WeftLab
import WeftTopology

extension PortSnippet {
    /// QEMU: `-netdev` and `-device`, as qemu(1) has them.
    ///
    /// A TAP with several queues can only be opened with `queues=`, one with a single queue only without. A pair of queues has two
    /// vectors; configuration and control have one each.
    @Sendable static func qemu(_ wiring: PortWiring, _ access: PortWiring.Access) -> Part? {
        let id = wiring.identifier
        var backend: String
        var notes: [String] = []
        switch access {
        case .tap(let device):
            backend = "tap,id=\(id),ifname=\(device),script=no,downscript=no"
            if wiring.queueCount > 1 { backend += ",queues=\(wiring.queueCount)" }
            notes = tapNotes(wiring, id: id)
        case .socket(let socket):
            guard let netdev = netdev(socket, id: id) else { return nil }
            backend = netdev
            notes = socketNotes(wiring, socket)
        case .bridge(let bridge):
            backend = "bridge,id=\(id),br=\(bridge)"
            notes = ["QEMU's own helper puts the guest into \(bridge): /etc/qemu/bridge.conf has to allow it"]
        case .namespace: return nil
        }
        var device = "virtio-net-pci,netdev=\(id)"
        if case .bridge = access {} else { device += wiring.macOption("mac") }
        device += ",host_mtu=\(wiring.mtu)"
        if wiring.queueCount > 1 { device += ",mq=on,vectors=\(2 * wiring.queueCount + 2)" }
        let arguments = ["-netdev", backend, "-device", device]
        // On one line, so that $(weft port show … --as qemu -q) works, too.
        return Part(text: arguments.map(quoted).joined(separator: " ") + "\n", arguments: arguments, notes: notes)
    }

    private static func tapNotes(_ wiring: PortWiring, id: String) -> [String] {
        let fast = "where the host has /dev/vhost-net, vhost=on after downscript=no spares QEMU the copying"
        guard wiring.owner != nil || wiring.queueCount == 1 else {
            return ["only root may open the TAP: owner: NAME in the topology lets a user", fast]
        }
        guard let owner = wiring.owner else {
            return ["only root may open the TAP: owner: NAME in the topology lets a user, also by weft-qemu-helper", fast]
        }
        guard wiring.queueCount == 1 else { return ["user \(owner) may run it", fast] }
        return [
            "user \(owner) may run it; where the TAP is to be opened outside of QEMU: "
                + "-netdev 'tap,id=\(id),helper=/usr/local/libexec/weft-qemu-helper --port \(wiring.name)'",
            fast,
        ]
    }

    private static func socketNotes(_ wiring: PortWiring, _ socket: PortReport.Socket) -> [String] {
        let who =
            wiring.owner.map { "user \($0) may run it" }
            ?? "only root may use the socket: owner: NAME in the topology lets a user"
        let isKept = socket.mode == "dgram" || !socket.isListening
        return [who]
            + (isKept ? [] : ["QEMU does not connect again by itself when the agent was stopped, before reconnect= of version 8"])
    }

    /// The backend of a port of kind socket: the agent is at one end and QEMU at the other.
    private static func netdev(_ socket: PortReport.Socket, id: String) -> String? {
        SocketOptions.Mode(rawValue: socket.mode).map { mode in
            SocketOptions(path: socket.path, mode: mode, listens: socket.isListening).qemuBackend(id: id)
        }
    }

    /// `text` as one word of a shell.
    static func quoted(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: ",=./:_-+@".utf8.contains(byte)
            }
        }
        if isPlain, !text.isEmpty { return text }
        return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
