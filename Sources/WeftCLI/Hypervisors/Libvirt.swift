extension PortSnippet {
    /// libvirt: an `<interface>` of the domain's XML (libvirt.org/formatdomain.html#network-interfaces).
    ///
    /// `managed='no'` takes a TAP that is there already and leaves it when the domain ends.
    @Sendable static func libvirt(_ wiring: PortWiring, _ access: PortWiring.Access) -> Part? {
        let queues = wiring.queueCount > 1 ? "  <driver queues='\(wiring.queueCount)'/>\n" : ""
        switch access {
        case .tap(let device):
            let mac = wiring.mac.map { "  <mac address='\($0)'/>\n" } ?? ""
            let text = """
                <interface type='ethernet'>
                \(mac)  <target dev='\(device)' managed='no'/>
                  <model type='virtio'/>
                \(queues)  <mtu size='\(wiring.mtu)'/>
                </interface>

                """
            return Part(
                text: text,
                notes: [
                    "the hook weft-libvirt-hook in /etc/libvirt/hooks/qemu.d refuses a domain whose port is not ready, and says why"
                ])
        case .bridge(let bridge):
            let text = """
                <interface type='bridge'>
                  <source bridge='\(bridge)'/>
                  <model type='virtio'/>
                \(queues)  <mtu size='\(wiring.mtu)'/>
                </interface>

                """
            return Part(text: text)
        case .socket, .namespace: return nil
        }
    }
}
