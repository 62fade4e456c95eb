import WeftAPI
import WeftTypes

/// A port as a hypervisor sees it: what its guest's interface is to be, and by what a program gets at it.
struct PortWiring: Hashable, Sendable {
    /// By what a program puts its guest on a port.
    enum Access: Hashable, Sendable {
        /// It opens the port's TAP.
        case tap(String)
        /// It listens on a unix socket, or connects to it.
        case socket(PortReport.Socket)
        /// It runs the guest in this network namespace, in which the agent has put the interface.
        case namespace(String)
        /// It puts a device of its own into this bridge.
        case bridge(String)
    }

    /// The port's name.
    let name: String
    /// The host it is on.
    let host: String
    /// Whether the agent that told of it is the one of its host.
    let isHere: Bool
    /// The interface's address.
    let mac: MACAddress?
    /// The interface's MTU, bytes.
    let mtu: Int
    /// Pairs of queues of the interface.
    let queueCount: Int
    /// The guest's addresses with the length of their network.
    let addresses: [IPPrefix]
    /// The user that may open the TAP, besides root.
    let owner: String?
    /// What programs can use, the best first.
    let accesses: [Access]
    /// The kind of port, in a sentence.
    let kindSentence: String

    /// Reads what the API tells.
    ///
    /// - Parameter segment: the port's segment; nil for a trunk.
    init(_ port: PortReport, segment: SegmentReport?) {
        (name, host, mac, mtu, queueCount, owner) = (port.name, port.host, port.mac, port.mtu, port.queueCount, port.owner)
        isHere = port.state != nil
        addresses = port.addresses.compactMap { address in
            let length = segment?.subnets.first { $0.contains(address) }?.length ?? address.family.bitCount
            return IPPrefix("\(address)/\(length)")
        }
        let isBridged = port.attach == "bridge"
        var accesses: [Access] = []
        switch port.kind {
        case "tap":
            if let device = port.device { accesses.append(.tap(device)) }
            if isBridged, let bridge = segment?.bridge { accesses.append(.bridge(bridge)) }
        case "veth": if let namespace = port.namespace { accesses.append(.namespace(namespace)) }
        case "bridge": if let bridge = port.bridge { accesses.append(.bridge(bridge)) }
        case "socket": if let socket = port.socket { accesses.append(.socket(socket)) }
        default: break  // A NIC has no guest of this host's behind it.
        }
        self.accesses = port.state == nil ? [] : accesses
        let unbridged =
            isBridged && segment?.bridge != nil ? "" : isBridged ? " of no one bridge" : " with attach: \(port.attach)"
        kindSentence = "of kind \(port.kind)" + (port.kind == "tap" ? unbridged : "")
    }

    /// The name as an identifier of QEMU and others: letters, digits and hyphens, a letter first.
    var identifier: String {
        let text = String(name.map { $0 == "/" ? "-" : $0 })
        return text.first?.isLetter == true ? text : "p" + text
    }

    /// `,key=MAC`, or nothing without a MAC.
    func macOption(_ key: String) -> String { mac.map { ",\(key)=\($0)" } ?? "" }

    /// What is to be done in a guest that is not told its MTU.
    var mtuNote: String { "the guest is not told the segment's MTU: set \(mtu) inside" }
}
