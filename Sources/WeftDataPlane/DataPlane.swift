import Glibc
import Synchronization
import WeftForwarding
import WeftLinux
import WeftTypes

/// The data path of a host: sockets on the underlay, worker threads, the FDB, counters.
///
/// What the agent does with it, in order: create it (in the network namespace it is to serve: this opens the sockets),
/// ``configure(_:stations:)``, ``attach(_:queue:)`` each segment's uplink, ``start()``. All but the first may be done again
/// at any time while it runs, from any thread; each change is taken over between two batches of frames, and what did not
/// change is not touched. See <doc:Workers>.
public final class DataPlane: Sendable {
    /// How it was set up.
    public let configuration: DataPlaneConfiguration
    /// Threads that forward.
    public let workerCount: Int

    let underlays: [Underlay]
    let links: [WorkerLink]
    let control: ControlLink
    /// nil when no path is probed.
    let prober: PathProber?
    let state: Mutex<State>
    private let onPortEvent: @Sendable (PortEvent) -> Void
    private let onSightings: (@Sendable (Sightings) -> Void)?
    private let onPathEvent: @Sendable (PathEvent) -> Void
    private let isStopping = Atomic<Bool>(false)

    /// What the control side knows; everything the workers know of it is in the tables they were given.
    struct State: Sendable {
        var fabric = FabricTables(FabricDescription())
        var directory: Directory
        var bindings = BindingTable()
        var lateRoutes = LateRoutes()
        /// What the paths to peers take, as far as it is known.
        var paths = PathLimits()
        var publishedRevision: UInt64 = 0
        var portOffloads: [PortIndex: TapOffloads] = [:]
        var portSteering: [PortIndex: Offloads.Steering] = [:]
        /// The ports whose devices are trunks.
        var trunks: Set<PortIndex> = []
        /// Packet sockets, which do not tell the workers everything.
        var packetPorts: [PortIndex: [PortDevice]] = [:]
        /// What packet sockets that are closed had dropped.
        var formerKernelDropCount = 0
        var threads: [JoinableThread] = []
        var isRunning = false
    }

    /// Opens the sockets in the network namespace of the calling thread.
    ///
    /// - Parameters:
    ///   - onPortEvent: called on the control thread when a device is lost; it should return soon.
    ///   - onSightings: called on the control thread with what the workers saw of stations; it should return soon.
    ///   - onPathEvent: called on the prober's thread when the path to a peer has changed; it should return soon.
    /// - Throws: ``LinuxError`` `.bindSocket` when an address is missing (`EADDRNOTAVAIL`) or the port is taken (`EADDRINUSE`).
    public init(
        _ configuration: DataPlaneConfiguration, onPortEvent: @escaping @Sendable (PortEvent) -> Void = { _ in },
        onSightings: (@Sendable (Sightings) -> Void)? = nil, onPathEvent: @escaping @Sendable (PathEvent) -> Void = { _ in }
    ) throws(LinuxError) {
        self.configuration = configuration
        self.onPortEvent = onPortEvent
        self.onSightings = onSightings
        self.onPathEvent = onPathEvent
        let count = max(1, configuration.workerCount ?? Self.defaultWorkerCount())
        workerCount = count
        var underlays: [Underlay] = []
        for address in configuration.addresses {
            underlays.append(try Underlay.open(address, configuration: configuration, workerCount: count))
        }
        self.underlays = underlays
        var links: [WorkerLink] = []
        for _ in 0..<count { links.append(try WorkerLink()) }
        self.links = links
        control = try ControlLink()
        if let discovery = configuration.pathDiscovery {
            prober = try PathProber(discovery, underlays: underlays, counters: links.map(\.counters))
        } else {
            prober = nil
        }
        state = Mutex(State(directory: Directory(ageing: configuration.ageing, limit: configuration.fdbLimit)))
    }

    /// One worker up to four processors, where guests need them more; beyond, half of them, at most four.
    static func defaultWorkerCount() -> Int {
        let processors = Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        return processors <= 4 ? 1 : min(4, processors / 2)
    }

    // MARK: What to forward

    /// Replaces what the packet path knows of segments, ports, peers and declared stations.
    ///
    /// - Parameters:
    ///   - fabric: see ``FabricTables/init(_:)`` for what must hold.
    ///   - stations: what the topology file says about MAC addresses, here and on other hosts. What was learnt about others
    ///     stays, unless its port or peer has gone.
    public func configure(_ fabric: FabricDescription, stations: [Directory.Station]) {
        state.withLock { state in
            if state.fabric.description != fabric {
                let former = state.fabric
                state.fabric = FabricTables(fabric)
                state.forgetPaths(of: former)
                let segments = Set(fabric.segments.map(\.index))
                let ports = Set(fabric.ports.filter { !$0.isBlocked }.map(\.index))
                let peers = Set(fabric.peers.map(\.index))
                state.directory.forget { key, location in
                    guard segments.contains(key.segment) else { return false }
                    switch location {
                    case .port(let port): return ports.contains(port)
                    case .peer(let peer): return peers.contains(peer)
                    }
                }
                state.bindings.forget { segments.contains($0) }
                state.lateRoutes.forget { segments.contains($0) && peers.contains($1) }
            }
            state.directory.configure(stations)
            publish(&state)
        }
        prober?.configure(fabric.peers)
    }

    /// Takes in what somebody else learnt: the local bridge by netlink, another agent by gossip.
    public func handle(_ events: [Directory.Event]) {
        guard !events.isEmpty else { return }
        let now = MonotonicClock.now()
        state.withLock { state in
            for event in events { state.directory.handle(event, now: now) }
            if state.directory.revision != state.publishedRevision { publish(&state) }
        }
    }

    /// Hands the tables to the workers.
    func publish(_ state: inout State) {
        state.publishedRevision = state.directory.revision
        let tables = ForwardingTables(
            fabric: state.fabric, fdb: state.directory.fdb, bindings: state.bindings, lateRoutes: state.lateRoutes,
            paths: state.paths)
        for link in links { link.tables.publish(tables) }
    }

    // MARK: Running

    /// Starts the threads.
    public func start() throws(LinuxError) {
        let isFirst = state.withLock { state in
            defer { state.isRunning = true }
            if !state.isRunning { publish(&state) }  // former workers took the last ones with them
            return !state.isRunning
        }
        guard isFirst else { return }
        isStopping.store(false, ordering: .releasing)
        var threads: [JoinableThread] = []
        for (number, link) in links.enumerated() {
            let (control, underlays, ageing) = (control, underlays, configuration.ageing)
            let outcome = try StartOutcome()
            threads.append(
                try JoinableThread(name: "weft-worker-\(number)") {
                    do throws(LinuxError) {
                        var worker = Worker(
                            number: number, link: link, control: control, underlays: underlays,
                            poller: try Worker.poller(number: number, link: link, underlays: underlays), ageing: ageing)
                        outcome.succeed()
                        worker.run()
                    } catch {
                        outcome.fail(error)
                    }
                })
            try outcome.get()
        }
        threads.append(try JoinableThread(name: "weft-directory") { [weak self] in self?.serveDirectory() })
        if let prober {
            prober.prepare()
            threads.append(
                try JoinableThread(name: "weft-prober") { [weak self] in
                    prober.run { change in self?.take(change) }
                })
        }
        let started = threads
        state.withLock { $0.threads = started }
    }

    /// Stops the threads and lets go of all devices; sockets stay open for another ``start()``.
    public func stop() {
        let threads = state.withLock { state in
            defer {
                state.threads = []
                state.isRunning = false
                state.portOffloads = [:]
                state.portSteering = [:]
                state.trunks = []
                for port in state.packetPorts.keys { state.forget(port) }
            }
            return state.threads
        }
        guard !threads.isEmpty else { return }
        isStopping.store(true, ordering: .releasing)
        for link in links { link.send(.stop) }
        control.wake()
        prober?.stop()
        for thread in threads { thread.join() }
    }

    /// Tells the workers, and whoever wants to hear, what a path takes now.
    private func take(_ change: PathProber.Change) {
        let isNews = state.withLock { state in
            guard state.note(change) else { return false }
            publish(&state)
            return true
        }
        if isNews { onPathEvent(change.event) }
    }

    /// The control thread: what workers saw goes into the directory, and back to them as tables.
    private func serveDirectory() {
        guard var poller = try? Poller(capacity: 1), (try? poller.add(control.descriptor, token: 0)) != nil else { return }
        var lastLook = MonotonicClock.now()
        while !isStopping.load(ordering: .acquiring) {
            _ = poller.wait(timeout: .seconds(1))
            control.acknowledge()
            drainEvents()
            for link in links { link.tables.collect() }
            let now = MonotonicClock.now()
            if control.takeDeviceNews() || lastLook.duration(to: now) >= .seconds(1) {
                lookAtDevices()
                lastLook = now
            }
            for event in control.takeEvents() { onPortEvent(event) }
        }
    }

    /// Learns, ages, publishes what has changed, and tells of it.
    private func drainEvents() {
        let now = MonotonicClock.now()
        let sightings = state.withLock { state in
            var sightings = Sightings()
            for link in links {
                while let event = link.events.pop() {
                    state.directory.handle(.seen(event), now: now)
                    if onSightings != nil { sightings.stations.append(event) }
                }
                while let event = link.bindings.pop() {
                    if onSightings != nil { sightings.bindings.append(event) }
                }
            }
            sightings.aged = state.directory.age(now: now)
            let lateCount = state.lateRoutes.count
            state.lateRoutes.expire(now: now)
            if state.directory.revision != state.publishedRevision || state.lateRoutes.count != lateCount { publish(&state) }
            return sightings
        }
        if let onSightings, !sightings.isEmpty { onSightings(sightings) }
    }
}
