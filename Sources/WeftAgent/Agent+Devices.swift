import Logging
import WeftControl
import WeftDataPlane
import WeftForwarding
import WeftLinux
import WeftNetlink
import WeftTopology

/// The devices that the workers read: the uplinks of segments with a bridge, by their queues, and direct ports, by a socket
/// on the host's side of the guest's device.
///
/// A device is known by the kernel's number for it, so that one that was made anew under the same name is another.
extension Agent {
    /// Gives the workers what the reconciler has made, and takes from them what is gone or no longer to be read.
    func attachDevices(_ links: [Link], to plane: DataPlane) {
        let uplinks = wantedUplinks
        let direct = wantedDirectPorts(links)
        let present = uplinks.mapValues(\.index).merging(direct.mapValues(\.index)) { first, _ in first }
        for port in attached.keys.sorted() where present[port] != attached[port] { detach(port) }
        for (port, uplink) in uplinks.sorted(by: { $0.key < $1.key }) where attached[port] == nil {
            attach(uplink, as: port, to: plane)
        }
        for (port, link) in direct.sorted(by: { $0.key < $1.key }) where attached[port] == nil {
            attach(link, as: port, to: plane)
        }
    }

    private var wantedUplinks: [PortIndex: UplinkRegistry.Uplink] {
        loaded.topology.bridgedSegments(on: loaded.host).reduce(into: [:]) { wanted, segment in
            let device = loaded.topology.mark(.uplink, segment.name).deviceName.text
            guard let port = compiler.uplink(of: segment.name) else { return }
            wanted[port] = driver.uplinks.uplink(named: device)
        }
    }

    /// The devices of direct ports that are made, marked as ours and out of the host's hearing.
    private func wantedDirectPorts(_ links: [Link]) -> [PortIndex: Link] {
        let byName = Dictionary(links.map { ($0.name, $0) }) { first, _ in first }
        return directPorts.reduce(into: [:]) { wanted, port in
            guard let place = compiler.directPort(port.name), let kind = port.kind.mark,
                let link = port.device.flatMap({ byName[$0.text] }),
                link.alias == loaded.topology.mark(kind, port.name).alias,
                attached[place] == link.index || isMade(port)
            else { return }
            wanted[place] = link
        }
    }

    /// Whether a port's device is as it should be, though perhaps nothing is at its other end.
    func isMade(_ port: Port) -> Bool {
        switch report?.status(of: .port(port.name)) {
        case .up, .down: true
        case .waiting, .error, nil: false
        }
    }

    private func attach(_ uplink: UplinkRegistry.Uplink, as port: PortIndex, to plane: DataPlane) {
        guard let queue = driver.uplinks.claimQueue(0, of: uplink.index) else { return }
        do throws(LinuxError) {
            try plane.attach(port, queue: queue)
            attached[port] = uplink.index
        } catch {
            logger.error("uplink not attached", metadata: ["device": "\(uplink.device)", "cause": "\(error)"])
            driver.uplinks.remove(uplink.index)
        }
    }

    private func attach(_ link: Link, as port: PortIndex, to plane: DataPlane) {
        do throws(LinuxError) {
            let sockets = try PacketSockets.open(interface: link.name, count: plane.laneCount)
            // Made anew since it was looked at; the next look finds that one.
            guard sockets.interfaceIndex == link.index else { return reconciler.hostChanged() }
            plane.attach(port, sockets: sockets)
            attached[port] = link.index
            attachFailures[port] = nil
        } catch {
            // Tried again after every look at the host, and said once.
            if attachFailures[port] != error.description {
                logger.error("port not attached", metadata: ["device": "\(link.name)", "cause": "\(error)"])
            }
            attachFailures[port] = error.description
        }
    }

    private func detach(_ port: PortIndex) {
        attached[port] = nil
        do throws(LinuxError) {
            try plane?.detach(port)
        } catch {
            logger.error("device not detached", metadata: ["object": "\(port)", "cause": "\(error)"])
        }
    }

    // MARK: What is lost or given up

    /// A device whose last queue the driver closed, or whose device it removed.
    func uplinkIsLost(_ uplink: UplinkRegistry.Uplink) {
        for (port, index) in attached where index == uplink.index { detach(port) }
        reconciler.hostChanged()
    }

    /// Takes in what happened to a device of the workers' without anybody's order.
    func handle(_ event: PortEvent) {
        switch event {
        case .lost(let port, _):
            // An uplink's queues go by way of the registry, whose driver sees that the device is gone.
            if compiled?.fabric.ports.first(where: { $0.index == port })?.isManyMACs == false { detach(port) }
            reconciler.hostChanged()
        }
    }

    /// Stops reading ports that are to join a bridge, before they do: no frame shall be heard by both.
    func releaseFormerDirectPorts() {
        let direct = Set(directPorts.compactMap { compiler.directPort($0.name) })
        for port in compiled?.fabric.ports ?? [] where !port.isManyMACs && !direct.contains(port.index) {
            if attached[port.index] != nil { detach(port.index) }
        }
    }

    /// Takes in that the path to a peer takes other packets than before.
    func handle(_ event: PathEvent) {
        switch event {
        case .mtuChanged(let peer, let former, let mtu):
            guard let name = compiled?.fabric.peers.first(where: { $0.index == peer })?.name else { return }
            guard let former else { return logger.info("path found", metadata: ["peer": "\(name)", "mtu": "\(mtu)"]) }
            note(
                .pathMTU, name,
                "the path takes packets of \(mtu) bytes now, \(former) before; guests are told when they send more")
        }
    }

    // MARK: What is read

    /// The direct ports of this host, by name.
    var directPorts: [Port] { loaded.topology.ports(on: loaded.host.name).filter { $0.attach == .direct } }

    /// Those that no worker reads.
    var unreadDirectPorts: [Port] {
        directPorts.filter { port in compiler.directPort(port.name).map { attached[$0] == nil } ?? true }
    }

    /// How far a port is: a direct one is up only when it is read.
    func status(of port: Port) -> ObjectStatus? {
        guard let status = report?.status(of: .port(port.name)), port.attach == .direct, isMade(port) else {
            return report?.status(of: .port(port.name))
        }
        guard let place = compiler.directPort(port.name), attached[place] == nil else { return status }
        return attachFailures[place].map { .error($0) } ?? .waiting("no worker reads \(port.device?.text ?? port.name.text) yet")
    }

    /// Whether the workers read a segment's uplink.
    func isAttached(_ segment: Segment) -> Bool {
        compiler.uplink(of: segment.name).map { attached[$0] != nil } ?? false
    }
}
