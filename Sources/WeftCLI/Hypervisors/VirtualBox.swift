extension PortSnippet {
    /// VirtualBox: `VBoxManage modifyvm`, as chapter 8 of its manual has it. The MAC is 12 hexadecimal digits.
    @Sendable static func virtualBox(_ wiring: PortWiring, _ access: PortWiring.Access) -> Part? {
        guard case .bridge(let bridge) = access else { return nil }
        let isPort = !isForeign(bridge, wiring)
        var arguments = ["VBoxManage", "modifyvm", "VM", "--nic1", "bridged", "--bridgeadapter1", bridge, "--nictype1", "virtio"]
        if isPort, let mac = wiring.mac { arguments += ["--macaddress1", mac.description.filter { $0 != ":" }.uppercased()] }
        return Part(
            text: arguments.joined(separator: " ") + "\n", arguments: arguments,
            notes: ["VM stands for the machine's name", wiring.mtuNote] + (isPort ? [unusedTap(wiring)] : []))
    }
}
