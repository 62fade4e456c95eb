/// A device of the host's that is not ours and that a port stands for, such as a physical NIC.
///
/// It is brought up where it is down, and then carries a ``BroughtUp`` name until the port goes and it is let down again; it joins the
/// bridge of its segment, unless the agent reads it, and carries a ``JoinedBridge`` name as long as it is in there. Nothing else of it is changed: that it hears frames for other stations is the
/// affair of the bridge or of the reading socket, and ends with that.
public struct ForeignDevice: Hashable, Sendable {
    /// The port.
    public let port: TopologyName
    /// The device's name.
    public let name: String
    /// The bridge that it joins; nil where it joins none.
    public let bridge: String?

    /// Describes a device.
    public init(port: TopologyName, name: String, bridge: String? = nil) {
        (self.port, self.name, self.bridge) = (port, name, bridge)
    }

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

/// The alternative name of a device of others that the agent has put into a bridge of its own: `weft-in.<fabric>.<device>`, because a namespace has each
/// alternative name once.
///
/// A device may be in there because somebody put it there by hand; by this name the agent knows which it has to take out again.
public struct JoinedBridge: Hashable, Sendable {
    /// The fabric that the bridge is of.
    public let fabric: TopologyName
    /// The name that the device had then.
    public let device: String

    private static var prefix: Substring { "weft-in" }

    /// Names a device that joined a bridge of a fabric.
    public init(fabric: TopologyName, device: String) { (self.fabric, self.device) = (fabric, device) }

    /// Reads an alternative name; nil for one that is none of ours.
    public init?(name: some StringProtocol) {
        let parts = name.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].elementsEqual(Self.prefix), let fabric = TopologyName(parts[1]), !parts[2].isEmpty else {
            return nil
        }
        self.init(fabric: fabric, device: String(parts[2]))
    }

    /// The alternative name.
    public var name: String { "\(Self.prefix).\(fabric).\(device)" }
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

    /// Has it join the bridge that is there by now. One that something else has, or by which the host itself can be reached, stays.
    mutating func enslave(_ device: ForeignDevice) {
        guard let fabric = desired.fabric, let bridge = device.bridge, host.links[bridge] != nil,
            let link = host.links[device.name], Ownership(of: link, fabric: fabric) == .foreign
        else { return }
        let note = JoinedBridge(fabric: fabric, device: device.name).name
        guard link.master != bridge || !link.alternativeNames.contains(note) else { return }
        if let master = link.master, !isOurs(master) { return report(device, .deviceInUse(device.name, master: master)) }
        let own = host.addresses.filter { $0.device == device.name && !$0.isLinkLocal }.map(\.prefix).min()
        if link.master != bridge, let own { return report(device, .deviceHasAddress(device.name, own)) }
        let reason = link.master == bridge ? "it is in there without a note" : "its master is \(link.master ?? "missing")"
        add(.enslave(device.name, to: bridge, noting: note), device.object, reason)
    }

    private func isOurs(_ name: String) -> Bool {
        host.links[name].map { Ownership(of: $0, fabric: desired.fabric).isOurs } ?? false
    }

    /// Takes out of our bridges what a port had in there, and none has any more. What others put there stays.
    mutating func release() {
        let wanted = Set(desired.foreign.filter { $0.bridge != nil }.map(\.name))
        for link in host.links.values.sorted(by: { $0.name < $1.name }) where !wanted.contains(link.name) {
            for name in link.alternativeNames.sorted() {
                guard let note = JoinedBridge(name: name), desired.fabric == nil || note.fabric == desired.fabric else {
                    continue
                }
                let isTakenOut = link.master.map(isOurs) ?? false
                let reason = isTakenOut ? "no port has it in there" : "it is in none of our bridges any more"
                add(.release(link.name, noted: name, isTakenOut: isTakenOut), .device(link.name), reason)
            }
        }
    }

    /// Lets down what was brought up for a port that is gone, or stands for another device now.
    mutating func giveBack() {
        let wanted = Set(desired.foreign.map { BroughtUpUse(port: $0.port, device: $0.name) })
        for link in host.links.values.sorted(by: { $0.name < $1.name }) {
            for name in link.alternativeNames.sorted() {
                guard let note = BroughtUp(name: name), desired.fabric == nil || note.fabric == desired.fabric,
                    !wanted.contains(BroughtUpUse(port: note.port, device: link.name))
                else { continue }
                let others = link.alternativeNames.contains { $0 != name && BroughtUp(name: $0) != nil }
                let reason =
                    "no port stands for it any more" + (others ? ", and others have it still" : ", and it was down before")
                add(.giveBack(link.name, noted: name, isLetDown: !others), .port(note.port), reason)
            }
        }
    }
}

/// A port and the device it stands for.
private struct BroughtUpUse: Hashable {
    let port: TopologyName
    let device: String
}
