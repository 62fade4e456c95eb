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

/// One host's agent: keeps the kernel's objects and the data path as the topology says.
///
/// The flow of one change: a topology becomes a ``WeftControl/HostWish``; the reconciler makes the host so and reports;
/// ``adopt(_:)`` lets the data path follow the report: sockets once the underlay is there, queues of uplinks that were made,
/// tables compiled from the topology. Whatever fails, forwarding goes on with the last good tables.
actor Agent {
    let options: AgentOptions
    let logger: Logger
    let driver: NetlinkLinkDriver
    let reconciler: Reconciler<NetlinkLinkDriver>
    let startedAt = MonotonicClock.now()
    /// What happened in the fabric, for those who ask.
    nonisolated let events = EventLog()

    var loaded: LoadedTopology
    var revisions: RevisionKeeper
    var report: WeftControl.HostReport?
    var plane: DataPlane?
    var compiler = FabricCompiler()
    var compiled: FabricCompiler.Result?
    var bridgeTable = BridgeTable()
    /// Why the data path has no sockets although the underlay is there.
    var planeFailure: String?
    /// Why the last reload was refused; the topology before it rules.
    var reloadFailure: String?
    /// The kernel's number of each device that the workers have, `Agent+Devices.swift`.
    var attached: [PortIndex: Int32] = [:]
    /// Why a direct port whose device is made is not read.
    var attachFailures: [PortIndex: String] = [:]
    /// What serves the ports of kind `socket`, `SocketPorts/`.
    var relays: [TopologyName: Relay] = [:]
    /// Which ports flood more than they may.
    var floodWatch = FloodWatch()
    /// Finds ports that are on one wire; nil until there is one to watch.
    var loops: LoopWatcher?
    /// Why it is not there although it should be.
    var loopFailure: String?
    /// What is blocked, and the port that is on the same wire.
    var blockedLanes: [LoopGuard.Lane: LoopGuard.Place] = [:]
    private var configuration: DataPlaneConfiguration?
    /// The numbers of our own devices, when the host was looked at last.
    private var overlayInterfaces: Set<Int32> = []
    private var isCompileScheduled = false

    // What `Agent+Gossip.swift` keeps.
    var gossip: GossipService? { gossipLink.service }
    let gossipLink = GossipLink()
    let routes = GossipRoutes()
    /// The keys in use.
    var usedRing: KeyRing?
    /// Why there is no key ring, or why its file is not read.
    var keyFailure: String?
    /// Why there is no gossip although there is a key.
    var gossipFailure: String?
    var memberStates: [NodeID: MemberState] = [:]
    /// Members whose names are not known yet.
    var unnamedMembers: Set<NodeID> = []
    /// Members that share their names with others.
    var namesakes: Set<NodeID> = []
    /// Where each member's tunnels end, as it said last.
    var knownAddresses: [NodeID: [IPAddress]] = [:]
    /// When each member's state changed last.
    var memberChanges: [NodeID: Instant] = [:]
    /// The operator had this node leave the fabric.
    var hasLeft = false
    /// Gossip began and was not told of this host's stations yet.
    var isFabricNew = false
    /// The local ports that the fabric was told of, with their segments.
    var knownPorts: [LocalPort: Set<VNI>] = [:]
    var deadMembers = DeadMembers()
    var pausedMembers: Set<NodeID> = []
    /// When others were looked for last.
    var lastJoin: Instant?
    /// The nodes without a tunnel, with the reason.
    var unreachableNodes: [NodeID: String] = [:]

    init(_ options: AgentOptions, loaded: LoadedTopology, driver: NetlinkLinkDriver, logger: Logger) {
        (self.options, self.loaded, self.driver, self.logger) = (options, loaded, driver, logger)
        revisions = RevisionKeeper(
            folder: RevisionStore.folder(fabric: loaded.topology.name.text, in: options.stateDirectory))
        reconciler = Reconciler(driver: driver, logger: logger, repairs: options.repairs)
    }

    // MARK: Life

    /// Opens the data path where the underlay is there already, then brings the host up as far as it goes.
    ///
    /// - Throws: ``APIError`` when the sockets can't be opened, before anything was changed.
    func start() async throws(APIError) {
        openRevisions()
        if let underlay = observedUnderlay(of: loaded.host), case .ready(let endpoints) = underlay {
            try openPlane(at: endpoints)
        }
        driver.uplinks.onLoss { [weak self] uplink in
            Task { await self?.uplinkIsLost(uplink) }
        }
        await reconciler.onReport { [weak self] report in await self?.adopt(report) }
        await reconciler.beforeRemovals { [weak self] in await self?.adoptDevices() }
        await reconciler.apply(wish)
    }

    /// Reads the topology file again; what is wrong with it is logged and changes nothing. Once a revision was committed, the
    /// file rules no more.
    func reload() async {
        if let ruling = revisions.saved.ruling {
            return logger.warning(
                "topology not reloaded: revision \(ruling.number) rules",
                metadata: ["topology": "\(options.topologySource)", "help": "weft apply \(options.topologyPath ?? "FILE")"])
        }
        do throws(APIError) {
            let first = try LoadedTopology(options)
            let mtu = observedUnderlay(of: first.host)?.mtu
            loaded = try LoadedTopology(options, underlayMTU: mtu)
            reloadFailure = nil
            logger.info("topology reloaded", metadata: ["topology": "\(options.topologySource)"])
        } catch {
            reloadFailure = "\(error)"
            logger.error("topology refused, the one before it rules", metadata: ["cause": "\(error)"])
            return
        }
        await applyLoaded()
    }

    /// Makes the host what the topology says now.
    func applyLoaded() async {
        releaseFormerDirectPorts()
        stopFormerRelays()
        let report = await reconciler.apply(wish)
        await adopt(report)
    }

    /// Stops forwarding; devices stay, or go when the options say so.
    func stop() async {
        stopRelays()
        if options.removesOnExit {
            let report = await reconciler.removeAll(of: loaded.topology.name)
            for entry in report.objects {
                logger.error("not removed", metadata: ["object": "\(entry.object)", "cause": "\(entry.status.cause ?? "")"])
            }
        }
        loops?.stop()
        gossip?.stop()
        gossipLink.service = nil
        routes.release()
        plane?.stop()
        plane = nil
        attached = [:]
    }

    private var wish: HostWish {
        HostWish(
            topology: loaded.topology, host: loaded.host, underlay: options.underlay, placement: options.placement,
            userID: { name in try? HostFacts.userID(of: name) })
    }

    private func observedUnderlay(of host: Host) -> UnderlayState? {
        guard let observed = try? driver.observeHere([]) else { return nil }
        return observed.underlay(options.underlay ?? host.underlay)
    }

    // MARK: The data path follows the host

    /// Lets the data path follow what the reconciler made of the host.
    func adopt(_ report: WeftControl.HostReport) async {
        self.report = report
        if case .ready(let endpoints) = report.underlay, !endpoints.isEmpty { reopenPlane(at: endpoints) }
        let links = (try? driver.netlink.links()) ?? []
        startRelays(links)
        guard let plane else { return }
        await openGossip()
        follow(links, plane)
    }

    /// Lets the workers have what was made so far, before what is no longer wanted is removed: a port that changed its segment
    /// does not wait for that.
    private func adoptDevices() {
        guard let plane, report != nil else { return }
        follow((try? driver.netlink.links()) ?? [], plane)
    }

    /// Lets the packet path and the fabric have what is there now.
    private func follow(_ links: [Link], _ plane: DataPlane) {
        overlayInterfaces = Set(links.filter { $0.group == Mark.group }.map(\.index))
        compile()
        publishRecords()
        attachDevices(links, to: plane)
        watchLoops(links)
        adoptNumbers()
        publishStations(links)
        readBridges(links, into: plane)
    }

    private func reopenPlane(at endpoints: [UnderlayState.Endpoint]) {
        guard configuration(at: endpoints) != configuration || plane == nil else { return }
        routes.release()
        plane?.stop()
        plane = nil
        floodWatch = FloodWatch()
        compiled = nil
        attached = [:]
        bridgeTable = BridgeTable()
        // Its queues went with it; the reconciler opens them anew.
        driver.uplinks.keepOnly([])
        do throws(APIError) {
            try openPlane(at: endpoints)
            try followAddresses()
            logger.info("data path opened", metadata: ["underlay": "\(endpoints.map(\.address))"])
            reconciler.hostChanged()
        } catch {
            // Tried again after the next pass.
            if planeFailure != error.description {
                logger.error("data path has no sockets", metadata: ["cause": "\(error)"])
            }
            planeFailure = error.description
        }
    }

    private func openPlane(at endpoints: [UnderlayState.Endpoint]) throws(APIError) {
        let configuration = configuration(at: endpoints)
        do {
            let opened = try DataPlane(configuration) { [weak self] event in
                Task { await self?.handle(event) }
            } onSightings: { [routes, gossipLink] sightings in
                gossipLink.service?.tell(routes.inputs(for: sightings))
            } onPathEvent: { [weak self] event in
                Task { await self?.handle(event) }
            }
            try opened.start()
            plane = opened
        } catch {
            throw APIError(
                .failed, cannot: "open the data path",
                on: "\(configuration.addresses.map(\.description).joined(separator: ", "))",
                cause: "\(error)", help: "nothing was changed")
        }
        self.configuration = configuration
        planeFailure = nil
    }

    private func configuration(at endpoints: [UnderlayState.Endpoint]) -> DataPlaneConfiguration {
        DataPlaneConfiguration(
            addresses: endpoints.map(\.address), udpPort: loaded.host.udpPort, workerCount: options.workerCount)
    }

    /// Compiles soon; what comes in the meantime is compiled with it.
    func scheduleCompile() {
        guard !isCompileScheduled else { return }
        isCompileScheduled = true
        Task {
            try? await Task.sleep(for: .milliseconds(2))
            isCompileScheduled = false
            compile()
        }
    }

    /// Tells the packet path what the topology, the host and the fabric say now.
    func compile() {
        guard let report, let plane else { return }
        // The command line or an interface may have given the host other addresses than the file.
        let host = Host(
            name: loaded.host.name, underlay: .addresses(configuration?.addresses ?? []), kind: .agent,
            udpPort: loaded.host.udpPort, gossipPort: loaded.host.gossipPort, labels: loaded.host.labels)
        let others = gossipPeers
        var result = compiler.compile(
            loaded.topology, for: host, underlayMTU: report.underlay.mtu ?? 1500, gossip: others)
        result.fabric.overlayInterfaces = overlayInterfaces
        block(in: &result.fabric, readPorts: result.readPorts)
        guard result != compiled else { return }
        tellWhatIsWrong(in: result, others)
        let former = compiled?.trunks ?? [:]
        compiled = result
        // A VLAN that becomes another segment's is nobody's in between.
        for (device, trunk) in former where result.trunks[device] != trunk {
            plane.split(device, into: result.trunks[device].map { trunk.intersection($0) })
        }
        plane.configure(result.fabric, stations: result.stations)
        for (device, trunk) in result.trunks where former[device] != trunk { plane.split(device, into: trunk) }
        adoptNumbers()
    }

    /// Says once what keeps this host from exchanging frames with another.
    private func tellWhatIsWrong(in result: FabricCompiler.Result, _ others: GossipPeers?) {
        for name in result.unreachable where compiled?.unreachable.contains(name) != true {
            let cause =
                if case .interface(let device) = loaded.topology.host(named: name)?.underlay {
                    "the file says only that its underlay is interface \(device), and without a key nobody tells its address; "
                        + "give the host an address, or all hosts a key: weft key init"
                } else {
                    "the host has no underlay address of a family that this host has"
                }
            logger.warning("no tunnel", metadata: ["peer": "\(name)", "cause": "\(cause)"])
        }
        for (id, cause) in (others?.unreachable ?? [:]).sorted(by: { $0.key < $1.key }) where unreachableNodes[id] != cause {
            logger.warning("no tunnel", metadata: ["node": "\(id)", "cause": "\(cause)"])
        }
        unreachableNodes = others?.unreachable ?? [:]
        let view = gossip?.view ?? FabricView()
        for mismatch in result.mismatches where compiled?.mismatches.contains(mismatch) != true {
            note(
                .specMismatch, mismatch.segment.text,
                "\(label(of: mismatch.node, in: view)) means another segment by this VNI (name or subnets differ): nothing is exchanged"
            )
        }
    }

    /// Waits until the host's part is up; false when the agent stops first.
    func becomesReady() async -> Bool {
        while !isReady {
            guard (try? await Task.sleep(for: .milliseconds(50))) != nil else { return false }
        }
        return true
    }

    // MARK: Notifications

    /// Takes in what netlink told about the host.
    func handle(_ events: [NetlinkEvent]) {
        var concernsDevices = false
        var learnt: [BridgeTable.Change] = []
        for event in events {
            switch event {
            case .fdb, .fdbRemoved: if let change = bridgeTable.handle(event) { learnt.append(change) }
            case .link, .linkRemoved, .bridgePort, .bridgePortRemoved, .address, .addressRemoved: concernsDevices = true
            case .trafficControl: concernsDevices = true
            case .overrun:
                concernsDevices = true
                if let plane { readBridges((try? driver.netlink.links()) ?? [], into: plane, isOutdated: true) }
            case .route, .routeRemoved, .neighbour, .neighbourRemoved: break
            }
        }
        if let plane, !learnt.isEmpty { take(learnt, into: plane) }
        if concernsDevices { reconciler.hostChanged() }
    }
}
