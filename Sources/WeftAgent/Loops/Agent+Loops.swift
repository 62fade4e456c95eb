import Logging
import WeftAPI
import WeftForwarding
import WeftLinux
import WeftNetlink
import WeftTopology
import WeftTypes
import WeftWire

/// Ports of the host's own wires that are on one wire with another port of their segment: they are watched, blocked and let go.
extension Agent {
    // MARK: Watching

    /// Watches the wires that are there now, and keeps the bridges' ports as they should be: the kernel lets a port forward
    /// again whenever its device comes up.
    func watchLoops(_ links: [Link]) {
        let byName = Dictionary(links.map { ($0.name, $0) }) { first, _ in first }
        let wires = wirePorts.compactMap { port in port.device.flatMap { byName[$0.text] }.map { wire(of: port, on: $0, byName) }
        }
        do throws(LinuxError) {
            if loops == nil, !wires.isEmpty { try startLoopWatcher() }
            try loops?.watch(wires, ring: usedRing)
        } catch {
            if loopFailure != error.description {
                logger.error("loops are not watched for", metadata: ["cause": "\(error)"])
            }
            loopFailure = error.description
        }
        let known = Set(wires.flatMap { wire in wire.lanes.map { LoopGuard.Lane(port: wire.port, vni: $0.vni) } })
        if blockedLanes.keys.contains(where: { !known.contains($0) }) {
            blockedLanes = blockedLanes.filter { known.contains($0.key) }
            compile()
        }
        for port in wirePorts { setBridgePorts(of: port, byName) }
    }

    private func startLoopWatcher() throws(LinuxError) {
        let watcher = try LoopWatcher(fabric: loaded.topology.name.text, host: loaded.host.name.text)
        watcher.onEffects { [weak self] effects in
            Task { await self?.followLoops(effects) }
        }
        loops = watcher
        loopFailure = nil
    }

    /// The ports that are whole wires.
    private var wirePorts: [Port] {
        loaded.topology.ports(on: loaded.host.name).filter { $0.kind.isForeign && $0.isEnabled }
    }

    private func wire(of port: Port, on link: Link, _ links: [String: Link]) -> LoopWatcher.Wire {
        var wire = LoopWatcher.Wire(port: port.name.text, device: link.name, index: link.index, lanes: [])
        for name in port.segments {
            guard let segment = loaded.topology.segment(named: name) else { continue }
            var lane = LoopWatcher.Wire.Lane(vni: segment.vni)
            if case .trunk(let trunk) = port.attachment {
                if trunk.native != name { lane.vlan = trunk.vlan(of: name)?.rawValue }
                wire.tagType = trunk.tagProtocol == .dot1AD ? .serviceVLAN : .vlan
            }
            if !port.isReadByAgent {
                lane.bridgePort = loaded.topology.deviceName(of: port, in: name).flatMap { links[$0] }?.index
            }
            wire.lanes.append(lane)
        }
        return wire
    }

    // MARK: Blocking

    /// Makes what the watcher says so, at once. It is asked anew: what it said may have changed on the way.
    func followLoops(_ effects: [LoopGuard.Effect]) {
        guard let loops else { return }
        let blocked = Dictionary(loops.blocked.map { ($0.lane, $0.cause) }) { first, _ in first }
        guard blocked != blockedLanes else { return }
        let former = blockedLanes
        blockedLanes = blocked
        compile()
        let byName = Dictionary(((try? driver.netlink.links()) ?? []).map { ($0.name, $0) }) { first, _ in first }
        let lanes = Set(former.keys).union(blocked.keys).filter { former[$0] != blocked[$0] }.sorted()
        for port in wirePorts where lanes.contains(where: { $0.port == port.name.text }) { setBridgePorts(of: port, byName) }
        for lane in lanes {
            if let cause = blocked[lane] {
                note(.portBlocked, lane.port, "blocked in segment \(segmentName(lane.vni)): \(reason(cause, of: lane))")
            } else {
                note(.portUnblocked, lane.port, "forwards again in segment \(segmentName(lane.vni))")
            }
        }
    }

    private func segmentName(_ vni: VNI) -> String {
        loaded.topology.segments.first { $0.vni == vni }?.name.text ?? "VNI \(vni)"
    }

    private func reason(_ cause: LoopGuard.Place, of lane: LoopGuard.Lane) -> String {
        if cause.host == loaded.host.name.text, cause.port == lane.port {
            return "its own frames come back by its wire: there is a loop outside of Weft"
        }
        return "on the same wire as port \(cause.port) of host \(cause.host)"
    }

    /// Why a port is blocked, in a sentence; nil when it is not.
    func blockedReason(of port: Port) -> String? {
        let lanes = blockedLanes.keys.filter { $0.port == port.name.text }.sorted()
        let reasons = lanes.compactMap { lane in blockedLanes[lane].map { reason($0, of: lane) } }
        guard let first = reasons.first else { return nil }
        guard case .trunk = port.attachment else { return first }
        return "\(first) (\(lanes.map { "segment \(segmentName($0.vni))" }.joined(separator: ", ")))"
    }

    /// Takes the blocked lanes out of what the packet path forwards.
    func block(in fabric: inout FabricDescription, readPorts: [PortIndex: TopologyName]) {
        guard !blockedLanes.isEmpty else { return }
        let numbers = Dictionary(fabric.segments.map { ($0.index, $0.vni) }) { first, _ in first }
        for place in fabric.ports.indices {
            guard let name = readPorts[fabric.ports[place].index], let vni = numbers[fabric.ports[place].segment] else {
                continue
            }
            fabric.ports[place].isBlocked = blockedLanes[LoopGuard.Lane(port: name.text, vni: vni)] != nil
        }
    }

    /// Has the bridges of a port's segments forward its frames or not.
    private func setBridgePorts(of port: Port, _ links: [String: Link]) {
        guard !port.isReadByAgent else { return }
        for name in port.segments {
            guard let segment = loaded.topology.segment(named: name),
                let link = loaded.topology.deviceName(of: port, in: name).flatMap({ links[$0] }), let present = link.bridgePort
            else { continue }
            // The watcher may have set it a moment ago, and not be heard of yet.
            let isBlocked = loops?.isBlocked(LoopGuard.Lane(port: port.name.text, vni: segment.vni)) ?? false
            guard isBlocked != (present.state == .disabled) else { continue }
            // Without a carrier it is disabled by the kernel.
            guard isBlocked || link.flags.contains(.running) else { continue }
            do throws(NetlinkError) {
                try driver.netlink.setBridgePort(link.index, isBlocked ? .blocked : .unblocked)
            } catch {
                logger.error("bridge port not set", metadata: ["port": "\(port.name)", "cause": "\(error)"])
            }
        }
    }
}
