import WeftForwarding
import WeftTopology
import WeftTypes
import WeftWire

extension FabricModel {
    /// The way of an Ethernet frame, untagged, that the guest at `port` sends into one of its segments.
    ///
    /// What agents learn from it they know of the next one.
    public mutating func send(_ frame: [UInt8], from port: Port, into segment: Segment) -> Journey {
        var journey = Journey()
        journey.add(.portIn, on: port.host, port.name.text, port.place)
        guard port.isEnabled else {
            journey.add(.drop, on: port.host, port.name.text, "the port is switched off")
            return journey
        }
        guard frame.count >= EthernetHeader.byteCount else {
            journey.add(.drop, on: port.host, DropReason.truncated.name)
            return journey
        }
        guard let node = nodes[port.host] else {
            if let host = topology.host(named: port.host) { leavePlain(host, frame, from: port, segment, &journey) }
            return journey
        }
        if port.isReadByAgent {
            guard let place = node.compiler.place(of: port, in: segment.name) else { return journey }
            decide(frame, from: place, in: segment, on: port.host, &journey)
        } else {
            bridge(frame, from: port, in: segment, on: port.host, &journey)
        }
        return journey
    }

    // MARK: On an agent's host

    /// What the kernel's bridge of a segment does with a frame; `origin` is nil when it comes from the uplink.
    private mutating func bridge(
        _ frame: [UInt8], from origin: Port?, in segment: Segment, on host: TopologyName, _ journey: inout Journey
    ) {
        guard let node = nodes[host] else { return }
        let members = topology.ports(on: host).filter { !$0.isReadByAgent && $0.isIn(segment.name) && $0 != origin }
        let destination = frame.destination
        if let member = members.first(where: { $0.mac == destination && !$0.kind.isForeign }) {
            if origin != nil { journey.add(.bridge, on: host, member.name.text, "the bridge of \(segment.name)") }
            return journey.leave(by: member)
        }
        var isKnownElsewhere = false
        if let index = node.compiled.segments[segment.vni], !destination.isMulticast {
            isKnownElsewhere = node.tables.fdb.entry(for: FDBKey(index, destination)) != nil
        }
        if !isKnownElsewhere {
            if origin != nil, !members.isEmpty { journey.add(.bridge, on: host, "all", "the bridge of \(segment.name)") }
            for member in members { journey.leave(by: member) }
        }
        if origin != nil, let uplink = node.compiler.uplink(of: segment.name) {
            decide(frame, from: uplink, in: segment, on: host, &journey)
        }
    }

    /// What an agent does with a frame of one of its ports.
    private mutating func decide(
        _ frame: [UInt8], from place: PortIndex, in segment: Segment, on host: TopologyName, _ journey: inout Journey
    ) {
        guard let node = nodes[host] else { return }
        let now = Instant(nanoseconds: 0)
        var memory = node.memory
        let decision = Pipeline.decide(
            frame.rawBytes, offload: .complete, from: place, tables: node.tables, memory: &memory, now: now)
        nodes[host]?.memory = memory
        let frame = decision.stripsTag ? frame.withoutTag : frame
        switch decision.verdict {
        case .drop(let reason): journey.add(.drop, on: host, reason.name)
        case .answer(let mtu): journey.add(.drop, on: host, "too-big", "answered with an MTU of \(mtu)")
        case .resolve(let binding): journey.add(.lookup, on: host, "answered", "the agent says that \(binding.mac) has it")
        case .deliver(let other):
            journey.add(.lookup, on: host, node.label(of: other), node.source(of: frame.destination, in: segment))
            leave(frame, by: other, in: segment, on: host, &journey)
        case .encapsulate(let peer):
            journey.add(.lookup, on: host, node.label(of: peer), node.source(of: frame.destination, in: segment))
            tunnel(frame, to: peer, in: segment, from: host, &journey)
        case .flood:
            journey.add(.lookup, on: host, "all", "everybody in \(segment.name)")
            let fabric = node.tables.fabric
            for position in fabric.floodPortRange(of: decision.segment) where fabric.floodPort(position) != place {
                leave(frame, by: fabric.floodPort(position), in: segment, on: host, &journey)
            }
            for position in fabric.floodPeerRange(of: decision.segment) {
                tunnel(frame, to: fabric.floodPeer(position), in: segment, from: host, &journey)
            }
        }
    }

    /// A frame leaves the agent by a port, or by the uplink into the bridge that it is.
    private mutating func leave(
        _ frame: [UInt8], by place: PortIndex, in segment: Segment, on host: TopologyName, _ journey: inout Journey
    ) {
        guard let node = nodes[host] else { return }
        if node.compiler.uplink(of: segment.name) == place {
            bridge(frame, from: nil, in: segment, on: host, &journey)
        } else if let name = node.compiled.readPorts[place], let port = topology.port(named: name) {
            journey.leave(by: port)
        }
    }

    // MARK: Between hosts

    private mutating func tunnel(
        _ frame: [UInt8], to peer: PeerIndex, in segment: Segment, from host: TopologyName, _ journey: inout Journey
    ) {
        guard let node = nodes[host], let other = node.host(of: peer, in: topology),
            let ends = topology.tunnel(from: node.host, to: other)
        else { return journey.add(.drop, on: host, DropReason.noUnderlay.name) }
        journey.add(.encap, on: host, "vni \(segment.vni)", "\(ends.local.address) → \(ends.remote), \(frame.count) B")
        arrive(frame, at: other, from: node.host, ends.local.address, segment, &journey)
    }

    private mutating func arrive(
        _ frame: [UInt8], at host: Host, from sender: Host, _ address: IPAddress, _ segment: Segment, _ journey: inout Journey
    ) {
        guard host.kind == .agent else { return arrivePlain(frame, at: host, segment, &journey) }
        guard let node = nodes[host.name] else { return }
        journey.add(.decap, on: host.name, "vni \(segment.vni)", "from \(sender.name)")
        var datagram = [UInt8](repeating: 0, count: VXLANHeader.byteCount)
        datagram.withMutableRawBytes { VXLANHeader(vni: segment.vni).emit(into: &$0) }
        datagram += frame
        let arrival = Arrival(peer: node.tables.fabric.peer(at: address))
        var memory = node.memory
        let decision = Pipeline.decide(
            datagram: datagram.rawBytes, arrival: arrival, tables: node.tables, memory: &memory, now: Instant(nanoseconds: 0))
        nodes[host.name]?.memory = memory
        let frame = decision.stripsTag ? frame.withoutTag : frame
        switch decision.verdict {
        case .drop(let reason): journey.add(.drop, on: host.name, reason.name)
        case .answer, .resolve: break  // only to ports
        case .deliver(let place):
            journey.add(.lookup, on: host.name, node.label(of: place), node.source(of: frame.destination, in: segment))
            leave(frame, by: place, in: segment, on: host.name, &journey)
        case .encapsulate(let peer): tunnel(frame, to: peer, in: segment, from: host.name, &journey)
        case .flood:
            journey.add(.lookup, on: host.name, "all", "every port in \(segment.name)")
            let fabric = node.tables.fabric
            for position in fabric.floodPortRange(of: decision.segment) {
                leave(frame, by: fabric.floodPort(position), in: segment, on: host.name, &journey)
            }
        }
    }

    // MARK: On a plain end point

    /// What is behind a plain end point gets what is meant for it or for everybody.
    private func arrivePlain(_ frame: [UInt8], at host: Host, _ segment: Segment, _ journey: inout Journey) {
        let members = topology.ports(on: host.name).filter { $0.isIn(segment.name) }
        let destination = frame.destination
        let one = members.filter { $0.mac == destination }
        for port in one.isEmpty ? members : one { journey.leave(by: port) }
    }

    /// A plain end point sends a frame where it is known to belong, else to all members.
    private mutating func leavePlain(
        _ host: Host, _ frame: [UInt8], from port: Port, _ segment: Segment, _ journey: inout Journey
    ) {
        let destination = frame.destination
        let known = topology.ports(in: segment.name).first { $0.mac == destination && !$0.kind.isForeign }
        if known == nil || known?.host == host.name {
            for other in topology.ports(on: host.name) where other.isIn(segment.name) && other != port {
                if known == nil || known == other { journey.leave(by: other) }
            }
        }
        for member in topology.members(of: segment) where member.name != host.name {
            guard known.map({ $0.host == member.name }) ?? true else { continue }
            guard let ends = topology.tunnel(from: host, to: member) else {
                journey.add(.drop, on: host.name, DropReason.noUnderlay.name)
                continue
            }
            journey.add(.encap, on: host.name, "vni \(segment.vni)", "\(ends.local.address) → \(ends.remote), \(frame.count) B")
            arrive(frame, at: member, from: host, ends.local.address, segment, &journey)
        }
    }
}

extension FabricModel.Node {
    /// A port of the packet path as people know it: by its name, or by the bridge behind it.
    fileprivate func label(of place: PortIndex) -> String {
        compiled.readPorts[place]?.text ?? compiled.fabric.ports.first { $0.index == place }.map { "bridge of \($0.name)" } ?? "?"
    }

    fileprivate func label(of peer: PeerIndex) -> String { compiled.fabric.peers.first { $0.index == peer }?.name ?? "?" }

    fileprivate func host(of peer: PeerIndex, in topology: Topology) -> Host? {
        compiled.fabric.peers.first { $0.index == peer }.flatMap { TopologyName($0.name) }.flatMap { topology.host(named: $0) }
    }

    /// How it is known where a station is.
    fileprivate func source(of mac: MACAddress, in segment: Segment) -> String {
        guard let index = compiled.segments[segment.vni], let entry = tables.fdb.entry(for: FDBKey(index, mac)) else {
            return "unknown"
        }
        return entry.source.name + (entry.isSticky ? ", sticky" : "")
    }
}

extension [UInt8] {
    /// The destination of a frame that has one.
    fileprivate var destination: MACAddress { rawBytes.macAddress(at: 0) }

    /// The frame without its first tag.
    fileprivate var withoutTag: [UInt8] {
        Array(self[..<FrameTag.offset]) + self[(FrameTag.offset + VLANTag.byteCount)...]
    }
}
