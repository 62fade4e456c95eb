import Logging
import WeftControl
import WeftDataPlane
import WeftFabric
import WeftForwarding
import WeftLinux
import WeftNetlink
import WeftTopology

/// The devices that the workers read: the uplinks of segments with a bridge and what leads to bridges of others, by their queues;
/// direct ports, by a socket on the host's side of the guest's device, or on a NIC.
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
        var wanted: [PortIndex: UplinkRegistry.Uplink] = [:]
        for segment in loaded.topology.bridgedSegments(on: loaded.host) {
            guard let place = compiler.uplink(of: segment.name) else { continue }
            wanted[place] = driver.uplinks.uplink(named: loaded.topology.mark(.uplink, segment.name).deviceName.text)
        }
        for port in readPorts where port.kind == .bridge {
            guard let place = compiler.readPort(port.name), let device = device(of: port) else { continue }
            wanted[place] = driver.uplinks.uplink(named: device)
        }
        return wanted
    }

    /// The devices of direct ports that are as they should be: made, marked as ours and out of the host's hearing, or a NIC
    /// that is there.
    private func wantedDirectPorts(_ links: [Link]) -> [PortIndex: Link] {
        let byName = Dictionary(links.map { ($0.name, $0) }) { first, _ in first }
        return readPorts.reduce(into: [:]) { wanted, port in
            guard port.kind != .bridge, port.isEnabled, let place = compiler.readPort(port.name),
                let link = device(of: port).flatMap({ byName[$0] }),
                link.alias == port.kind.mark.map({ loaded.topology.mark($0, port.name).alias }) || port.kind == .nic,
                attached[place] == link.index || isMade(port)
            else { return }
            wanted[place] = link
        }
    }

    /// The name of the device whose frames a port's are: the one that we make for it, or a NIC.
    func device(of port: Port) -> String? { loaded.topology.deviceName(of: port) }

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
            if !isInRegistry(port) { detach(port) }
            reconciler.hostChanged()
        }
    }

    /// Stops reading ports that are to join a bridge, before they do: no frame shall be heard by both.
    func releaseFormerDirectPorts() {
        let read = Set(readPorts.compactMap { compiler.readPort($0.name) })
        for (port, name) in compiled?.readPorts ?? [:] where !read.contains(port) && compiler.readPort(name) == port {
            if attached[port] != nil, !isInRegistry(port) { detach(port) }
        }
    }

    /// Whether a port's queues come by way of the registry.
    private func isInRegistry(_ port: PortIndex) -> Bool {
        driver.uplinks.uplinks.contains { $0.index == attached[port] }
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

    /// The ports of this host that the agent reads itself, by name.
    var readPorts: [Port] { loaded.topology.ports(on: loaded.host.name).filter(\.isReadByAgent) }

    /// Those that no worker reads.
    var unreadPorts: [Port] {
        readPorts.filter(\.isEnabled).filter { port in compiler.readPort(port.name).map { attached[$0] == nil } ?? true }
    }

    /// How far a port is: one that the agent reads itself is up only when it is read.
    func status(of port: Port) -> ObjectStatus? {
        guard port.isEnabled else { return .down("it is switched off; switch it on with weft port up \(port.name)") }
        let made = relayStatus(of: port) ?? report?.status(of: .port(port.name))
        guard let status = made, port.isReadByAgent, isMade(port) else { return made }
        guard let place = compiler.readPort(port.name), attached[place] == nil else { return status }
        return attachFailures[place].map { .error($0) } ?? .waiting("no worker reads \(device(of: port) ?? port.name.text) yet")
    }

    /// Whether the workers read a segment's uplink.
    func isAttached(_ segment: Segment) -> Bool {
        compiler.uplink(of: segment.name).map { attached[$0] != nil } ?? false
    }
}
