import Logging
import WeftAPI
import WeftControl
import WeftDataPlane
import WeftFabric
import WeftForwarding
import WeftGossip
import WeftGossipShell
import WeftLinux
import WeftNetlink
import WeftSealing
import WeftTopology
import WeftTypes

/// The part of the agent that finds the other hosts: with a key ring for the fabric it gossips, without one the hosts of the
/// file are its peers.
extension Agent {
    /// The file of this fabric's keys.
    var keyPath: String { KeyRing.path(fabric: loaded.topology.name.text, folder: options.stateDirectory) }

    // MARK: Beginning

    /// Reads the key ring, and begins to gossip where there is one and the underlay is there.
    func openGossip() async {
        let ring: KeyRing
        do throws(SealingError) {
            ring = try KeyRing.load(keyPath)
        } catch {
            return keyRingIsMissing(error)
        }
        keyFailure = nil
        if let gossip {
            if ring != usedRing {
                gossip.use(ring)
                note(.keyRing, loaded.topology.name.text, "key ring read again: \(ring.keys.count) keys, \(ring.primaryID) seals")
            }
            usedRing = ring
            return
        }
        guard let addresses = plane?.configuration.addresses, !addresses.isEmpty else { return }
        do {
            let nodeState = try NodeState.start(in: options.stateDirectory)
            for problem in nodeState.problems { logger.error("node state", metadata: ["cause": "\(problem)"]) }
            let configuration = GossipService.Configuration(
                fabric: loaded.topology.name.text, addresses: addresses, udpPort: gossipPort)
            let service = try GossipService(configuration, nodeState: nodeState, ring: ring) { [weak self, routes] changes in
                routes.apply(
                    changes.compactMap { change in
                        if case .endpoint(let effect) = change { effect } else { nil }
                    })
                Task { await self?.handle(changes) }
            }
            let (found, failures) = await joinAddresses()
            for failure in failures { logger.warning("not joined there", metadata: ["cause": "\(failure)"]) }
            guard gossip == nil else { return }
            // The handler finds the service in its place.
            try service.start(joining: found)
            gossipLink.service = service
            (usedRing, gossipFailure) = (ring, nil)
            isFabricNew = true
            offerContents()
            logger.info(
                "gossip begun", metadata: ["node": "\(service.identity)", "port": "\(gossipPort)", "start": "\(nodeState.epoch)"])
        } catch {
            if gossipFailure != "\(error)" { logger.error("cannot gossip", metadata: ["cause": "\(error)"]) }
            gossipFailure = "\(error)"
        }
    }

    private func keyRingIsMissing(_ error: SealingError) {
        switch (error.kind, gossip) {
        case (.missing, nil):
            guard keyFailure == nil else { return }
            logger.warning(
                "no key ring: the hosts of the file are static peers, nobody watches them",
                metadata: ["file": "\(keyPath)", "help": "weft key init, on one host; copy the file to the others"])
        default:
            guard keyFailure != error.description else { return }
            logger.error("key ring not read, the one before it stays in use", metadata: ["cause": "\(error)"])
        }
        keyFailure = error.description
    }

    /// The UDP port of this host's gossip.
    var gossipPort: UInt16 { options.gossipPort ?? loaded.host.gossipPort }

    /// Where others may be: what the command line says, and the hosts of the file.
    private func joinAddresses() async -> (addresses: [GossipAddress], failures: [String]) {
        var list: [JoinAddress] = []
        for text in options.joinAddresses {
            if let address = try? JoinAddress(text, defaultPort: Host.defaultGossipPort) { list.append(address) }
        }
        let (named, failures) = await JoinAddress.resolve(list)
        let hosts = loaded.topology.hosts.filter { $0.kind == .agent && $0.name != loaded.host.name }
        let listed = hosts.flatMap { host in host.addresses.map { GossipAddress(address: $0, udpPort: host.gossipPort) } }
        let own = Set((plane?.configuration.addresses ?? []).map { GossipAddress(address: $0, udpPort: gossipPort) })
        return ((named + listed).filter { !own.contains($0) }, failures)
    }

    /// Gossips on the addresses that the data path has now.
    func followAddresses() throws(APIError) {
        guard let gossip, let addresses = plane?.configuration.addresses else { return }
        do throws(LinuxError) {
            try gossip.listen(on: addresses)
        } catch {
            throw APIError(.failed, cannot: "gossip", on: "\(addresses)", cause: "\(error)", help: "it is tried again")
        }
    }

    // MARK: What this host says

    /// Tells the fabric what this host has.
    func publishRecords() {
        guard let gossip, let plane else { return }
        var records: [RecordKey: RecordValue] = [:]
        do throws(RecordError) {
            let addresses = plane.configuration.addresses
            records[.node] = try NodeRecord(
                name: loaded.host.name.text, vtepAddresses: addresses, udpPort: loaded.host.udpPort,
                gossipAddresses: addresses.map { GossipAddress(address: $0, udpPort: gossipPort) },
                features: loaded.host.takesRemoteChecksums ? GossipPeers.Feature.remoteChecksums : 0,
                isSettled: isReady || uptime > .seconds(10)
            ).encoded()
            for segment in loaded.topology.segments(on: loaded.host) {
                let mtu = loaded.topology.mtu(of: segment, underlayMTU: report?.underlay.mtu ?? 1500)
                records[.segment(segment.vni)] = try SegmentRecord(
                    mtu: UInt16(clamping: mtu), specHash: loaded.topology.specNumber(of: segment),
                    floodsUnknownUnicast: segment.flood == .members
                ).encoded()
            }
            if let told = revisions.commit?.told, told != RevisionNews() {
                records[.topologyRevision] = try TopologyRevisionRecord(told).encoded()
            }
        } catch {
            return logger.error("not told to the fabric", metadata: ["cause": "\(error)"])
        }
        gossip.publish(records) { key in
            if case .endpoint = key { true } else { false }
        }
    }

    /// Tells the fabric which stations the topology places here, and which ports there are.
    func publishStations(_ links: [Link]) {
        guard let gossip else { return }
        let devices = Dictionary(links.map { ($0.name, $0.index) }) { first, _ in first }
        var present: [LocalPort: Set<VNI>] = [:]
        var declarations: [EndpointDeclaration] = []
        for port in loaded.topology.ports(on: loaded.host.name) {
            // Behind one that is switched off nobody is.
            guard port.isEnabled else { continue }
            for segment in port.segments.compactMap({ loaded.topology.segment(named: $0) }) {
                let name = loaded.topology.deviceName(of: port, in: segment.name)
                let device = name.flatMap { devices[$0] }.map { LocalPort($0) }
                if let device { present[device, default: []].insert(segment.vni) }
                // Of what is behind a device of others the file says nothing.
                guard !port.kind.isForeign else { continue }
                declarations.append(
                    EndpointDeclaration(
                        EndpointKey(segment.vni, port.mac), port: device,
                        addresses: loaded.topology.addresses(of: port, in: segment), isSticky: port.isSticky))
            }
        }
        let known = isFabricNew ? [:] : knownPorts
        var gone: [Endpoints.Input] = []
        for (port, segments) in known.sorted(by: { $0.key < $1.key }) {
            guard let left = present[port] else {
                gone.append(.portGone(port))
                continue
            }
            gone += segments.subtracting(left).sorted().map { .portLeft(port, $0) }
        }
        let new = present.keys.filter { known[$0] == nil }.sorted().map { Endpoints.Input.portAttached($0, takesOver: false) }
        knownPorts = present
        gossip.tell(gone + [.declare(declarations)] + new)
        if isFabricNew, let plane {
            isFabricNew = false
            readBridges(links, into: plane, isOutdated: true)
        }
    }

    /// Lets the packet path's numbers stand for what gossip names.
    func adoptNumbers() {
        guard let plane, let compiled else { return }
        var numbers = GossipRoutes.Numbers(nodes: compiled.nodes, segments: compiled.segments)
        for (place, name) in compiled.readPorts {
            guard let device = compiler.readPort(name).flatMap({ attached[$0] }) else { continue }
            numbers.readPorts[place] = LocalPort(device)
        }
        for peer in compiled.fabric.peers where peer.kind == .plain { numbers.plainPeers[peer.index] = peer.vtep }
        routes.adopt(numbers, plane: plane)
    }

    // MARK: What the others say

    /// Takes in what gossip brought.
    private func handle(_ changes: [GossipChange]) {
        let view = gossip?.view ?? FabricView()
        var concernsTunnels = false
        for change in changes {
            switch change {
            case .member(let id, let state, _):
                memberChanged(id, state, view)
                presenceChanged(of: id, view)
                concernsTunnels = true
            case .alarm(let alarm): alarmed(alarm, view)
            case .epochNotKept(let cause): logger.error("number of starts not kept", metadata: ["cause": "\(cause)"])
            case .endpoint(let effect): handle(effect, view)
            case .node(let id, let record):
                nodeChanged(id, record, view)
                presenceChanged(of: id, view)
                concernsTunnels = true
            case .segment: concernsTunnels = true
            case .revision(let id, _): newsChanged(of: id, view)
            case .fetched(let id, let content): fetched(id, content)
            case .fetchFailed(let id, let failure):
                logger.warning("revision not fetched", metadata: ["content": "\(id)", "cause": "\(failure)"])
                fetched(id, nil)
            }
        }
        if concernsTunnels { scheduleCompile() }
    }

    private func memberChanged(_ id: NodeID, _ state: MemberState, _ view: FabricView) {
        let known = memberStates.updateValue(state, forKey: id)
        guard known != state else { return }
        let now = MonotonicClock.now()
        memberChanges[id] = now
        switch state {
        case .dead: deadMembers.declare(id, frameCount: receivedFrames(from: id), now: now)
        case .alive, .suspect, .left: deadMembers.forget(id)
        }
        let name = label(of: id, in: view)
        switch (known, state) {
        case (nil, .alive) where view.nodes[id]?.record == nil: unnamedMembers.insert(id)
        case (nil, .alive), (.dead, .alive), (.left, .alive): note(.peerJoined, name, "joined the fabric")
        case (_, .alive): note(.peerAlive, name, "answers again")
        case (_, .suspect): note(.peerSuspect, name, "does not answer; it has time to object")
        case (_, .dead): note(.peerDead, name, "is dead: its routes stay, floods leave it out after 10 s")
        case (_, .left): note(.peerLeft, name, "said goodbye")
        }
    }

    private func nodeChanged(_ id: NodeID, _ record: NodeRecord?, _ view: FabricView) {
        guard let record else { return }
        let name = label(of: id, in: view)
        if unnamedMembers.remove(id) != nil { note(.peerJoined, name, "joined the fabric") }
        let former = knownAddresses.updateValue(record.vtepAddresses, forKey: id)
        if let former, former != record.vtepAddresses {
            note(
                .peerAddress, name, "has \(record.vtepAddresses.map(\.description).joined(separator: ", ")) now; traffic follows")
        }
        if name != record.name, namesakes.insert(id).inserted {
            note(.duplicateName, name, "has the name of another agent; both are shown with the first digits of their identities")
        } else if name == record.name {
            namesakes.remove(id)
        }
    }

    /// Carries out what is not the packet path's.
    private func handle(_ effect: Endpoints.Effect, _ view: FabricView) {
        switch effect {
        case .forgetLocally(let key, let port): forgetLocally(key, port: port)
        case .forwardLate(let key, let node, _):
            note(.stationMoved, "\(key.mac)", "moved from here to \(label(of: node, in: view))")
        case .alarm(let alarm): alarmed(alarm, view)
        case .publish, .withdraw, .routeChanged, .bindingChanged, .endLate, .announce, .wake: break
        }
    }

    private func alarmed(_ alarm: EndpointAlarm, _ view: FabricView) {
        switch alarm {
        case .duplicateMAC(let vni, let mac, let first, let second):
            note(
                .duplicateMAC, "\(mac)",
                "is at two places of \(name(of: vni)), or moves all the time: it stays at \(place(first, view)), and is also at \(place(second, view))"
            )
        case .duplicateAddress(let vni, let address, let kept, let keptAt, let refused, let refusedAt):
            note(
                .duplicateIP, "\(address)",
                "is used by two stations of \(name(of: vni)): \(kept) at \(place(keptAt, view)) keeps it, \(refused) at \(place(refusedAt, view)) uses it too"
            )
        case .stickyConflict(let vni, let mac, let first, let second):
            note(
                .stickyConflict, "\(mac)",
                "never moves in \(name(of: vni)) and is at \(place(first, view)), but was seen at \(place(second, view))")
        }
    }

    private func name(of vni: VNI) -> String {
        loaded.topology.segments.first { $0.vni == vni }?.name.text ?? "VNI \(vni)"
    }

    private func place(_ place: EndpointPlace, _ view: FabricView) -> String {
        switch place {
        case .local(let port):
            let device = port.flatMap { port in (try? driver.netlink.links())?.first { $0.index == port.device }?.name }
            return [loaded.host.name.text, device].compactMap(\.self).joined(separator: " ")
        case .node(let id): return label(of: id, in: view)
        case .vtep(let vtep): return "\(vtep)"
        }
    }

    private func alarmed(_ alarm: GossipAlarm, _ view: FabricView) {
        switch alarm {
        case .duplicateKey(let address):
            let place = address.map { " at \($0)" } ?? ""
            note(
                .duplicateKey, loaded.host.name.text,
                "another agent\(place) has this node's key: remove node.key from the state folder of the copy and restart it")
        case .epochRecovered(let old, let new):
            note(.alarm, loaded.host.name.text, "the fabric knew start \(new) of this node, its disk \(old): it went past that")
        case .tooManyMembers(let id): note(.alarm, id.description, "not taken in: the table of members is full")
        }
    }

    /// How people see a node.
    func label(of id: NodeID, in view: FabricView) -> String {
        guard let name = view.nodes[id]?.record?.name else { return String(id.description.prefix(8)) }
        let isShared = view.nodes.contains { $0.key != id && $0.value.record?.name == name } || name == loaded.host.name.text
        return GossipPeers.label(of: id, name, isShared: isShared)
    }

    private func receivedFrames(from id: NodeID) -> UInt64 {
        guard let peer = compiled?.nodes[id] else { return 0 }
        return plane?.counters().peers[peer]?.receivedFrames ?? 0
    }

    /// The others as the packet path can reach them; nil without gossip.
    var gossipPeers: GossipPeers? {
        guard let gossip, let plane else { return nil }
        let plain = loaded.topology.hosts.filter { $0.kind == .vtep }.flatMap(\.addresses)
        return GossipPeers(gossip.view, from: plane.configuration.addresses, taken: Set(plain), paused: pausedMembers)
    }

    // MARK: Now and then

    /// What is done about once a second.
    func lookAtFabric() async {
        await openGossip()
        guard let gossip, let plane else { return }
        let counters = plane.counters().peers
        let paused = deadMembers.paused(now: MonotonicClock.now()) { id in
            compiled?.nodes[id].flatMap { counters[$0]?.receivedFrames } ?? 0
        }
        if paused != pausedMembers {
            pausedMembers = paused
            compile()
        }
        publishRecords()
        // Alone: whoever was to be joined may be there by now, or its name may lead elsewhere.
        guard !hasLeft, !memberStates.values.contains(where: \.isPresent) else { return }
        let now = MonotonicClock.now()
        guard lastJoin.map({ $0.duration(to: now) >= .seconds(30) }) ?? true else { return }
        lastJoin = now
        gossip.join(await joinAddresses().addresses)
    }

    /// Keeps an event for those who ask, and logs it.
    func note(_ kind: EventReport.Kind, _ object: String, _ text: String) {
        logger.notice("\(text)", metadata: ["event": "\(kind.rawValue)", "object": "\(object)"])
        events.record(kind, object: object, text: text)
    }
}
