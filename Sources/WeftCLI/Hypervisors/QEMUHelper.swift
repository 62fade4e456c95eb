import Glibc
import WeftAPI
import WeftLinux
import WeftNetlink
import WeftTopology

/// `weft-qemu-helper`: opens the TAP of a port for a QEMU that runs without privileges.
///
/// QEMU starts it as it starts its own `qemu-bridge-helper`: with `--use-vnet` where it wants virtio-net headers, `--br=NAME`, and
/// `--fd=N`, a unix socket on which it waits for the TAP's descriptor (`net_bridge_run_helper` of QEMU's `net/tap.c`). The helper needs
/// no privileges either: the kernel lets the user open the TAP whom the topology names as the port's owner. It asks no agent, but
/// finds the device by its mark, so that a virtual machine starts while the agent does not run.
package enum QEMUHelper {
    /// The name under which the program does this.
    package static let name = "weft-qemu-helper"

    /// What QEMU wants.
    struct Request: Hashable {
        var port: TopologyName
        /// The socket.
        var descriptor: Int32
        var hasVirtioNetHeader: Bool

        /// Reads the command line; `--port` is ours, and without it the name of the bridge is that of the port.
        init(_ words: [String]) throws(APIError) {
            var values: [String: String] = [:]
            hasVirtioNetHeader = false
            var index = 0
            while index < words.count {
                let word = words[index]
                index += 1
                let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
                if word == "--use-vnet" {
                    hasVirtioNetHeader = true
                } else if ["--fd", "--br", "--port"].contains(parts[0]), parts.count == 2 || index < words.count {
                    values[parts[0]] = parts.count == 2 ? parts[1] : words[index]
                    if parts.count == 1 { index += 1 }
                } else {
                    throw QEMUHelper.error(.usage, "read", word, "it is no option of the helper's", usage)
                }
            }
            guard let text = values["--fd"], let number = Int32(text), number >= 0 else {
                throw QEMUHelper.error(.usage, "send anything", "--fd", "it is not given, or no descriptor", usage)
            }
            guard let text = values["--port"] ?? values["--br"], let port = TopologyName(text) else {
                throw QEMUHelper.error(
                    .usage, "find the port", values["--port"] ?? values["--br"] ?? "", "no port has such a name", usage)
            }
            (self.port, descriptor) = (port, number)
        }
    }

    private static let usage = "QEMU starts it: -netdev 'tap,id=vm1,helper=/usr/local/libexec/weft-qemu-helper --port vm1'"

    /// Hands the TAP of a port over.
    ///
    /// - Parameter words: the command line without the program's name.
    package static func run(_ words: [String], console: Console) -> ExitStatus {
        do throws(APIError) {
            try handOver(try Request(words))
            return .done
        } catch {
            console.note("\(name): \(Table.printable(error.description))")
            return ExitStatus(error.code)
        }
    }

    private static func handOver(_ request: Request) throws(APIError) {
        let port = request.port.text
        let link = try device(of: request.port, among: try links())
        guard case .tun(let tun) = link.kind, tun.mode == .tap else {
            throw error(.failed, "open port", port, "\(link.name) is no TAP", "give the port kind: tap")
        }
        do throws(LinuxError) {
            try TapHandover.send(
                link.name, isMultiQueue: tun.isMultiQueue, hasVirtioNetHeader: request.hasVirtioNetHeader,
                over: request.descriptor)
        } catch {
            throw explained(error, port: port, device: link.name, owner: tun.owner)
        }
    }

    private static func links() throws(APIError) -> [Link] {
        do throws(NetlinkError) {
            return try RouteNetlink.open().links()
        } catch {
            throw self.error(.failed, "look for devices", "", "\(error)", nil)
        }
    }

    /// The device that carries the mark of a port.
    static func device(of port: TopologyName, among links: [Link]) throws(APIError) -> Link {
        let marked = links.compactMap { link in link.alias.flatMap { Mark(alias: $0) }.map { (link, $0) } }
            .filter { $0.1.kind == .tap || $0.1.kind == .veth }
        let found = marked.filter { $0.1.name == port }
        guard let first = found.first else {
            let near = NearestName.nearest(to: port.text, in: marked.map(\.1.name.text)).map { "did you mean '\($0)'?" }
            throw error(
                .notFound, "find the device of port", port.text, "no device here carries its mark", near ?? "see weft ports")
        }
        guard found.count == 1 else {
            let fabrics = found.map(\.1.fabric.text).sorted().joined(separator: " and ")
            throw error(
                .failed, "find the device of port", port.text, "the fabrics \(fabrics) have one each",
                "remove one: weft agent --cleanup --fabric NAME")
        }
        return first.0
    }

    private static func explained(_ cause: LinuxError, port: String, device: String, owner: UInt32?) -> APIError {
        switch (cause.operation, cause.errno) {
        case (.adoptTAP, EPERM):
            let whose = owner.map { "its owner is user \($0)" } ?? "it has no owner"
            return error(
                .notPermitted, "open port", port, "\(whose), and this is user \(geteuid())",
                "give the port owner: NAME in the topology")
        case (.adoptTAP, EBUSY):
            return error(.failed, "open port", port, "another program has \(device) open", "stop that virtual machine first")
        case (.open, EACCES), (.open, EPERM):
            return error(
                .notPermitted, "open port", port, "\(cause.cause): /dev/net/tun", "chmod 666 /dev/net/tun, as udev has it")
        default: return error(.failed, cause.operation.rawValue, cause.object, cause.cause, cause.remedy)
        }
    }

    private static func error(_ code: APIError.Code, _ action: String, _ object: String, _ cause: String, _ help: String?)
        -> APIError
    {
        APIError(code, cannot: object.isEmpty ? action : "\(action) \(object)", on: "", cause: cause, help: help)
    }
}
