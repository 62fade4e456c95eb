import WeftAPI
import WeftTypes

/// What to tell a hypervisor or a container runtime so that its guest uses a port.
package enum PortSnippet {
    /// The programs that a snippet can be made for.
    package enum Target: String, Hashable, Sendable, CaseIterable {
        case qemu, libvirt, xl, virtualbox, firecracker
        case cloudHypervisor = "cloud-hypervisor"
        case lxc, netns
    }

    /// The snippet, each line ended.
    ///
    /// - Parameter segment: the port's segment, for its bridge and the lengths of addresses.
    /// - Throws: ``APIError`` when the port's kind and the target don't go together.
    package static func text(_ port: PortReport, segment: SegmentReport?, as target: Target) throws(APIError) -> String {
        switch target {
        case .qemu: qemu(port, tap: try tap(port, target))
        case .libvirt: libvirt(port, tap: try tap(port, target))
        case .firecracker: firecracker(port, tap: try tap(port, target))
        case .cloudHypervisor: cloudHypervisor(port, tap: try tap(port, target))
        case .xl: xl(port, bridge: try bridge(port, segment, target))
        case .virtualbox: virtualBox(port, bridge: try bridge(port, segment, target))
        case .lxc: lxc(port, segment, bridge: try bridge(port, segment, target))
        case .netns: netns(port, segment, bridge: try bridge(port, segment, target))
        }
    }

    // MARK: - Programs that open the port's TAP

    private static func qemu(_ port: PortReport, tap: String) -> String {
        let id = identifier(port.name)
        let queues = port.queueCount > 1 ? ",queues=\(port.queueCount)" : ""
        // A queue pair has two vectors, and configuration and control have one each.
        let multiqueue = port.queueCount > 1 ? ",mq=on,vectors=\(2 * port.queueCount + 2)" : ""
        return """
            -netdev tap,id=\(id),ifname=\(tap),script=no,downscript=no\(queues) \\
            -device virtio-net-pci,netdev=\(id)\(mac(port, "mac")),host_mtu=\(port.mtu)\(multiqueue)

            """
    }

    private static func libvirt(_ port: PortReport, tap: String) -> String {
        let mac = port.mac.map { "  <mac address='\($0)'/>\n" } ?? ""
        let queues = port.queueCount > 1 ? "  <driver queues='\(port.queueCount)'/>\n" : ""
        return """
            <interface type='ethernet'>
            \(mac)  <target dev='\(tap)' managed='no'/>
              <model type='virtio'/>
              <mtu size='\(port.mtu)'/>
            \(queues)</interface>

            """
    }

    private static func firecracker(_ port: PortReport, tap: String) -> String {
        let id = identifier(port.name).map { $0 == "-" || $0 == "." ? "_" : String($0) }.joined()
        let mac = port.mac.map { ", \"guest_mac\": \"\($0)\"" } ?? ""
        return """
            # Firecracker does not tell its guest an MTU: set \(port.mtu) inside.
            curl --unix-socket /tmp/firecracker.socket -X PUT http://localhost/network-interfaces/\(id) \\
              -H 'Content-Type: application/json' \\
              -d '{ "iface_id": "\(id)", "host_dev_name": "\(tap)"\(mac) }'

            """
    }

    private static func cloudHypervisor(_ port: PortReport, tap: String) -> String {
        "--net tap=\(tap)\(mac(port, "mac")),mtu=\(port.mtu),num_queues=\(2 * port.queueCount)\n"
    }

    // MARK: - Programs that put a device of their own into the segment's bridge

    private static func xl(_ port: PortReport, bridge: String) -> String {
        "vif = [ '\(port.mac.map { "mac=\($0)," } ?? "")bridge=\(bridge),mtu=\(port.mtu)' ]\n"
    }

    private static func virtualBox(_ port: PortReport, bridge: String) -> String {
        let mac = port.mac.map { " --macaddress1 \($0.description.filter { $0 != ":" }.uppercased())" } ?? ""
        return """
            # VirtualBox does not tell its guest an MTU: set \(port.mtu) inside.
            VBoxManage modifyvm VM --nic1 bridged --bridgeadapter1 \(bridge) --nictype1 virtio\(mac)

            """
    }

    private static func lxc(_ port: PortReport, _ segment: SegmentReport?, bridge: String) -> String {
        let mac = port.mac.map { "lxc.net.0.hwaddr = \($0)\n" } ?? ""
        let addresses = port.addresses.map { address in
            "lxc.net.0.\(address.family == .v4 ? "ipv4" : "ipv6").address = \(withLength(address, segment))\n"
        }.joined()
        return """
            lxc.net.0.type = veth
            lxc.net.0.link = \(bridge)
            lxc.net.0.mtu = \(port.mtu)
            \(mac)\(addresses)lxc.net.0.flags = up

            """
    }

    private static func netns(_ port: PortReport, _ segment: SegmentReport?, bridge: String) -> String {
        let name = identifier(port.name)
        let host = "v" + String(name.prefix(14))
        let mac = port.mac.map { " address \($0)" } ?? ""
        let addresses = port.addresses.map { "ip -n \(name) address add \(withLength($0, segment)) dev eth0\n" }.joined()
        return """
            ip netns add \(name)
            ip link add \(host) type veth peer name eth0 netns \(name)\(mac) mtu \(port.mtu)
            ip link set \(host) master \(bridge) up
            \(addresses)ip -n \(name) link set eth0 up

            """
    }

    // MARK: - Parts

    private static func tap(_ port: PortReport, _ target: Target) throws(APIError) -> String {
        guard port.kind == "tap", let device = port.device else {
            throw APIError(
                .usage, cannot: "show port as \(target.rawValue)", on: port.name,
                cause: "its kind is \(port.kind), and \(target.rawValue) needs a TAP",
                help: "give the port kind: tap, or use --as lxc or netns")
        }
        return device
    }

    private static func bridge(_ port: PortReport, _ segment: SegmentReport?, _ target: Target) throws(APIError) -> String {
        guard let bridge = segment?.bridge, port.attach == "bridge" else {
            throw APIError(
                .usage, cannot: "show port as \(target.rawValue)", on: port.name,
                cause: "there is no bridge of its segment on this host, and \(target.rawValue) needs one",
                help: "ask the agent of host \(port.host), and give the port attach: bridge")
        }
        return bridge
    }

    private static func mac(_ port: PortReport, _ key: String) -> String { port.mac.map { ",\(key)=\($0)" } ?? "" }

    private static func withLength(_ address: IPAddress, _ segment: SegmentReport?) -> String {
        let subnet = segment?.subnets.first { $0.contains(address) }
        return "\(address)/\(subnet?.length ?? address.family.bitCount)"
    }

    /// The name as an identifier of QEMU and others: it starts with a letter and has no slash.
    private static func identifier(_ name: String) -> String {
        let text = String(name.map { $0 == "/" ? "-" : $0 })
        return text.first?.isLetter == true ? text : "p" + text
    }
}
