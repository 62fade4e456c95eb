/// A device of the host's that is not ours and that a port stands for, such as a physical NIC.
///
/// It is brought up where it is down, and then carries a ``BroughtUp`` name until the port goes and it is let down again. Nothing else
/// of it is changed: that it hears frames for other stations is the reading socket's affair, and ends with it.
public struct ForeignDevice: Hashable, Sendable {
    /// The port.
    public let port: TopologyName
    /// The device's name.
    public let name: String

    /// Describes a device.
    public init(port: TopologyName, name: String) { (self.port, self.name) = (port, name) }

    /// What it is for.
    public var object: HostObject { .port(port) }
}

/// The alternative name of a device of others that the agent has brought up: `weft.<fabric>.<port>`.
///
/// It is the journal of what the device was before, kept where the device is: it outlives the agent, goes with the device, and whoever looks
/// at the device sees who uses it. A slash of the port's name is a dot.
public struct BroughtUp: Hashable, Sendable {
    /// The fabric that the port is of.
    public let fabric: TopologyName
    /// The port for which it was brought up.
    public let port: TopologyName

    private static var prefix: Substring { "weft" }

    /// Names a device brought up for a port.
    public init(fabric: TopologyName, port: TopologyName) { (self.fabric, self.port) = (fabric, port) }

    /// Reads an alternative name; nil for one that is none of ours.
    public init?(name: some StringProtocol) {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard (3...4).contains(parts.count), parts[0].elementsEqual(Self.prefix), let fabric = TopologyName(parts[1]),
            let port = TopologyName(parts[2...].joined(separator: "/"))
        else { return nil }
        self.init(fabric: fabric, port: port)
    }

    /// The alternative name.
    public var name: String { "\(Self.prefix).\(fabric).\(port.text.split(separator: "/").joined(separator: "."))" }
}

extension Planner {
    /// Brings up the device that a port stands for; nothing else of what is not ours is touched.
    mutating func borrow(_ device: ForeignDevice) {
        guard let fabric = desired.fabric else { return }
        guard let link = host.links[device.name] else { return report(device, .deviceMissing(device.name)) }
        guard Ownership(of: link, fabric: fabric) == .foreign else { return report(device, .deviceIsWefts(device.name)) }
        guard !link.isUp else { return }
        let name = BroughtUp(fabric: fabric, port: device.port).name
        add(.bringUp(device.name, noting: name), device.object, "it is down")
    }

    /// Lets down what was brought up for a port that is gone, or stands for another device now.
    mutating func giveBack() {
        let wanted = Set(desired.foreign)
        for link in host.links.values.sorted(by: { $0.name < $1.name }) {
            for name in link.alternativeNames.sorted() {
                guard let note = BroughtUp(name: name), desired.fabric == nil || note.fabric == desired.fabric,
                    !wanted.contains(ForeignDevice(port: note.port, name: link.name))
                else { continue }
                let others = link.alternativeNames.contains { $0 != name && BroughtUp(name: $0) != nil }
                let reason =
                    "no port stands for it any more" + (others ? ", and others have it still" : ", and it was down before")
                add(.giveBack(link.name, noted: name, isLetDown: !others), .port(note.port), reason)
            }
        }
    }
}
