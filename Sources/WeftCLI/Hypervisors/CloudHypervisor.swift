extension PortSnippet {
    /// Cloud Hypervisor: `--net`, as its `docs/` have it; `num_queues` counts both queues of a pair.
    @Sendable static func cloudHypervisor(_ wiring: PortWiring, _ access: PortWiring.Access) -> Part? {
        guard case .tap(let device) = access else { return nil }
        let value = "tap=\(device)\(wiring.macOption("mac")),mtu=\(wiring.mtu),num_queues=\(2 * wiring.queueCount)"
        return Part(text: "--net \(value)\n", arguments: ["--net", value])
    }
}
