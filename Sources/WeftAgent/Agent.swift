import Logging
import WeftAPI
import WeftControl
import WeftDataPlane
import WeftForwarding
import WeftLinux
import WeftNetlink
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

    var loaded: LoadedTopology
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
    private var configuration: DataPlaneConfiguration?

    init(_ options: AgentOptions, loaded: LoadedTopology, driver: NetlinkLinkDriver, logger: Logger) {
        (self.options, self.loaded, self.driver, self.logger) = (options, loaded, driver, logger)
        reconciler = Reconciler(driver: driver, logger: logger)
    }

    // MARK: Life

    /// Opens the data path where the underlay is there already, then brings the host up as far as it goes.
    ///
    /// - Throws: ``APIError`` when the sockets can't be opened, before anything was changed.
    func start() async throws(APIError) {
        if let underlay = observedUnderlay(of: loaded.host), case .ready(let endpoints) = underlay {
            try openPlane(at: endpoints)
        }
        driver.uplinks.onLoss { [weak self] uplink in
            Task { await self?.uplinkIsLost(uplink) }
        }
        await reconciler.onReport { [weak self] report in await self?.adopt(report) }
        await reconciler.apply(wish)
    }

    /// Reads the topology file again; what is wrong with it is logged and changes nothing.
    func reload() async {
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
        releaseFormerDirectPorts()
        let report = await reconciler.apply(wish)
        await adopt(report)
    }

    /// Stops forwarding; devices stay, or go when the options say so.
    func stop() async {
        if options.removesOnExit {
            let report = await reconciler.removeAll(of: loaded.topology.name)
            for entry in report.objects {
                logger.error("not removed", metadata: ["object": "\(entry.object)", "cause": "\(entry.status.cause ?? "")"])
            }
        }
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
        guard let plane else { return }
        let links = (try? driver.netlink.links()) ?? []
        compile(for: report, links: links, into: plane)
        attachDevices(links, to: plane)
        readBridges(links, into: plane)
    }

    private func reopenPlane(at endpoints: [UnderlayState.Endpoint]) {
        guard configuration(at: endpoints) != configuration || plane == nil else { return }
        plane?.stop()
        plane = nil
        compiled = nil
        attached = [:]
        bridgeTable = BridgeTable()
        // Its queues went with it; the reconciler opens them anew.
        driver.uplinks.keepOnly([])
        do throws(APIError) {
            try openPlane(at: endpoints)
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

    private func compile(for report: WeftControl.HostReport, links: [Link], into plane: DataPlane) {
        // The command line or an interface may have given the host other addresses than the file.
        let host = Host(
            name: loaded.host.name, underlay: .addresses(configuration?.addresses ?? []), kind: .agent,
            udpPort: loaded.host.udpPort, gossipPort: loaded.host.gossipPort, labels: loaded.host.labels)
        var result = compiler.compile(loaded.topology, for: host, underlayMTU: report.underlay.mtu ?? 1500)
        result.fabric.overlayInterfaces = Set(links.filter { $0.group == Mark.group }.map(\.index))
        guard result != compiled else { return }
        for name in result.unreachable where compiled?.unreachable.contains(name) != true {
            logger.warning(
                "no tunnel: the host has no underlay address of a family that this host has", metadata: ["peer": "\(name)"])
        }
        compiled = result
        plane.configure(result.fabric, stations: result.stations)
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
        var learnt: [Directory.Event] = []
        for event in events {
            switch event {
            case .fdb, .fdbRemoved: if let event = bridgeTable.handle(event) { learnt.append(event) }
            case .link, .linkRemoved, .bridgePort, .bridgePortRemoved, .address, .addressRemoved: concernsDevices = true
            case .trafficControl: concernsDevices = true
            case .overrun:
                concernsDevices = true
                if let plane { readBridges((try? driver.netlink.links()) ?? [], into: plane, isOutdated: true) }
            case .route, .routeRemoved, .neighbour, .neighbourRemoved: break
            }
        }
        plane?.handle(learnt)
        if concernsDevices { reconciler.hostChanged() }
    }
}
