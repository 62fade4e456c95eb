import WeftTopology

extension SocketOptions {
    /// QEMU's `-netdev` for the guest's end of the socket, as qemu(1) has it: what listens on one end connects on the other.
    package func qemuBackend(id: String) -> String {
        // A comma ends an option's value unless it stands twice.
        func escaped(_ path: String) -> String {
            path.split(separator: ",", omittingEmptySubsequences: false).joined(separator: ",,")
        }
        let (guest, agent) = (escaped(guestPath), escaped(agentPath))
        return switch mode {
        case .stream: "stream,id=\(id),server=\(listens ? "off" : "on"),addr.type=unix,addr.path=\(guest)"
        case .dgram: "dgram,id=\(id),local.type=unix,local.path=\(guest),remote.type=unix,remote.path=\(agent)"
        }
    }
}
