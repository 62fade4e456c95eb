extension PortSnippet {
    /// Firecracker: the part of the file of `--config-file`; one element of it is the body of `PUT /network-interfaces/{iface_id}`.
    @Sendable static func firecracker(_ wiring: PortWiring, _ access: PortWiring.Access) -> Part? {
        guard case .tap(let device) = access, wiring.queueCount == 1 else { return nil }
        // Letters, digits and underscores.
        let id = String(wiring.identifier.map { $0 == "-" ? "_" : $0 })
        let mac = wiring.mac.map { ", \"guest_mac\": \"\($0)\"" } ?? ""
        return Part(
            text: """
                {
                  "network-interfaces": [
                    { "iface_id": "\(id)", "host_dev_name": "\(device)"\(mac) }
                  ]
                }

                """,
            notes: [
                wiring.mtuNote,
                "in a running Firecracker's API the inner object is the body of PUT /network-interfaces/\(id)",
            ])
    }
}
