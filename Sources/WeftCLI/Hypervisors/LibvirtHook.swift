import Glibc
import WeftAPI
import WeftLinux
import WeftNetlink
import WeftTopology
import WeftTypes

/// `weft-libvirt-hook`: what libvirt runs in `/etc/libvirt/hooks/qemu.d` before a domain starts (libvirt.org/hooks.html).
///
/// libvirt hands the domain's XML to it, and starts the domain only when it ends with 0; what it writes on standard error becomes libvirt's
/// own message. A domain is refused when an interface of it can't be what its port is: QEMU or libvirt would fail with an errno, or,
/// worse, go on with a guest that nobody hears.
package enum LibvirtHook {
    /// The name under which the program does this.
    package static let name = "weft-libvirt-hook"

    /// Looks at a domain that is about to start, and lets all else pass.
    ///
    /// - Parameters:
    ///   - words: the domain's name, the operation, what part of it, and more.
    ///   - client: of this host's agent.
    package static func run(_ words: [String], client: AgentClient, console: Console) async -> ExitStatus {
        guard words.count >= 3, words[1] == "prepare", words[2] == "begin" else { return .done }
        let text = String(decoding: readInput(), as: UTF8.self)
        // A bridge's interfaces are libvirt's own business.
        let interfaces = DomainInterface.all(inDomain: text).filter { $0.type == "ethernet" && $0.device != nil }
        guard !interfaces.isEmpty else { return .done }
        let links = (try? RouteNetlink.open().links()) ?? []
        let marked = links.filter { link in link.alias.flatMap { Mark(alias: $0) } != nil }.map(\.name)
        guard interfaces.contains(where: { isOurs($0, marked: marked) }) else { return .done }
        let ports: [PortReport]
        do throws(APIError) {
            ports = try await client.ports()
        } catch {
            // The devices outlive the agent, and so do the virtual machines on them.
            console.note("\(name): domain \(words[0]) starts without a look at its ports: \(error)")
            return .done
        }
        let down = Set(links.filter { !$0.isUp }.map(\.name))
        let complaints = interfaces.filter { isOurs($0, marked: marked) }.compactMap { complaint($0, ports: ports, down: down) }
        for text in complaints { console.note("cannot start domain \(words[0]): \(Table.printable(text))") }
        return complaints.isEmpty ? .done : .failed
    }

    /// Whether an interface means a port: by the mark of its device, or by the name where the device is not there.
    static func isOurs(_ interface: DomainInterface, marked: [String]) -> Bool {
        guard let device = interface.device else { return false }
        return marked.contains(device) || device.hasPrefix(Mark.Kind.tap.devicePrefix)
    }

    /// Why an interface can't work, nil when it can.
    ///
    /// - Parameter down: devices that are switched off.
    static func complaint(_ interface: DomainInterface, ports: [PortReport], down: Set<String>) -> String? {
        let device = interface.device ?? ""
        guard let port = ports.first(where: { $0.device == device }) else {
            let near = NearestName.nearest(to: device, in: ports.compactMap(\.device)).map { "; did you mean '\($0)'?" }
            return "\(device) is the device of no port of this host\(near ?? "; see weft ports")"
        }
        let subject = "port \(port.name) (\(device))"
        guard port.kind == "tap" else { return "\(subject) is of kind \(port.kind); a domain takes a port of kind tap" }
        switch port.state {
        case .up: return "\(subject) is in use; another virtual machine has it open"
        case .waiting, .error, .blocked: return "\(subject) is not ready: \(port.detail ?? "see weft doctor")"
        case .down, nil: break
        }
        if down.contains(device) { return "\(subject) is switched off: \(port.detail ?? "see weft port show \(port.name)")" }
        if interface.isManaged {
            return "\(subject) would be removed by libvirt when the domain ends; write <target dev='\(device)' managed='no'/>"
        }
        if let text = interface.mac, let mac = port.mac, MACAddress(text.lowercased()) != mac {
            return "\(subject) has the MAC \(mac), and the domain says \(text); write <mac address='\(mac)'/>"
        }
        if interface.queueCount != port.queueCount {
            return "\(subject) has queues: \(port.queueCount), and the domain says \(interface.queueCount); "
                + (port.queueCount == 1 ? "leave <driver queues=…/> out" : "write <driver queues='\(port.queueCount)'/>")
        }
        return nil
    }

    private static func readInput() -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count < DomainInterface.byteLimit {
            // Sound: the pointer and the count are of the same buffer.
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe read(STDIN_FILENO, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            bytes += chunk.prefix(count)
        }
        return bytes
    }
}
