import Glibc
import WeftLinux

/// Brings what was recorded to what is specified: removes what is no longer wanted or became another thing, makes what is
/// missing, and tells the agents that stay about a new topology.
struct LabBuilder {
    /// What is wanted.
    let spec: LabSpec
    /// Where things are.
    let layout: LabLayout
    /// What there is, on disk before anything is made.
    private(set) var record: LabRecord
    /// The topology's text.
    let topologyText: [UInt8]
    /// How agents are started.
    let agents: AgentProcess
    /// How virtual machines are started; nil when the lab has none.
    let machines: MachineHost?
    /// Whether to stop.
    let interruption: Interruption

    /// What has to be done.
    private let difference: LabDifference

    private var attempt: String { "bring lab '\(layout.lab)' up" }

    init(
        spec: LabSpec, layout: LabLayout, record: LabRecord?, topologyPath: String, topologyText: [UInt8], agents: AgentProcess,
        machines: MachineHost?, interruption: Interruption
    ) {
        self.spec = spec
        self.layout = layout
        self.difference = LabDifference(
            from: record, to: spec, isVirtual: agents.isVirtual, isPresent: NetworkNamespace.exists)
        self.record =
            record
            ?? LabRecord(
                topologyPath: topologyPath, underlayMTUByteCount: spec.underlayMTUByteCount, isVirtual: agents.isVirtual)
        self.topologyText = topologyText
        self.agents = agents
        self.machines = machines
        self.interruption = interruption
        self.record.topologyPath = topologyPath
        self.record.underlayMTUByteCount = spec.underlayMTUByteCount
        self.record.isVirtual = agents.isVirtual
        self.record.isComplete = false
    }

    /// Does all of it.
    mutating func build(_ options: Lab.UpOptions, probe: some AgentProbe, progress: (String) -> Void) async throws(LabError) {
        try checkForStrangers()
        try removeStale(progress)
        let isTopologyNew = try Files.read(layout.topology, attempt: attempt) != topologyText
        if isTopologyNew { try Files.replace(layout.topology, with: topologyText, attempt: attempt) }
        try makeNamespaces(progress)
        let waiting = try startAgents(isTopologyNew: isTopologyNew, progress)
        try checkUnderlay(progress)
        if !waiting.isEmpty { progress("waiting for \(waiting.count) agents") }
        try await agents.wait(for: waiting, probe: probe, patience: options.agentPatience, interruption: interruption)
        try startMachines(options, progress)
        record.isComplete = true
        try record.save(layout)
    }

    // MARK: Namespaces

    /// Nothing that the lab did not make is taken for its own.
    private func checkForStrangers() throws(LabError) {
        let wanted =
            (difference.makesUnderlay ? [layout.underlayNamespace] : [])
            + difference.newHosts.map { layout.hostNamespace($0.name) }
            + difference.newGuests.filter { $0.kind == .namespace }.map { layout.guestNamespace($0.name) }
        let own = Set(record.namespaces)
        if let stranger = wanted.first(where: { !own.contains($0) && NetworkNamespace.exists($0) }) {
            throw LabError(
                .failed, cannot: attempt, cause: "the namespace \(stranger) exists and is not this lab's",
                remedy: "remove it (ip netns delete \(stranger)) or choose another name with --lab")
        }
    }

    private mutating func removeStale(_ progress: (String) -> Void) throws(LabError) {
        let hosts = difference.staleHosts.compactMap { name in record.hosts[name].map { (name, $0) } }
        let guests = difference.staleGuests.compactMap { name in record.guests[name].map { (name, $0) } }
        guard !hosts.isEmpty || !guests.isEmpty else { return }
        progress("removing \((hosts.map(\.0) + guests.map(\.0)).joined(separator: ", "))")
        try interruption.check(attempt)
        try Lab.removeNamespaces(
            hosts.map(\.1.namespace) + guests.compactMap(\.1.namespace),
            processes: hosts.compactMap(\.1.agent) + guests.compactMap(\.1.machine), attempt: attempt)
        for (name, _) in hosts {
            try Files.remove(layout.hostDirectory(name), attempt: attempt)
            record.hosts[name] = nil
        }
        for (name, _) in guests {
            try Files.remove(layout.guestDirectory(name), attempt: attempt)
            record.guests[name] = nil
        }
        try record.save(layout)
    }

    private mutating func makeNamespaces(_ progress: (String) -> Void) throws(LabError) {
        let underlay = Underlay(layout: layout, mtuByteCount: spec.underlayMTUByteCount)
        if difference.makesUnderlay {
            record.underlayNamespace = layout.underlayNamespace
            try record.save(layout)
            try underlay.makeRouter()
        }
        if !difference.newHosts.isEmpty { progress("making hosts \(difference.newHosts.map(\.name).joined(separator: ", "))") }
        for host in difference.newHosts {
            try interruption.check(attempt)
            record.hosts[host.name] = LabRecord.Host(
                namespace: layout.hostNamespace(host.name), addresses: host.addresses.map(\.description), hasAgent: host.hasAgent)
            try record.save(layout)
            try underlay.makeHost(host)
        }
        for guest in difference.newGuests {
            try interruption.check(attempt)
            let namespace = guest.kind == .namespace ? layout.guestNamespace(guest.name) : nil
            record.guests[guest.name] = LabRecord.Guest(guest, namespace: namespace)
            guard let namespace else { continue }
            try record.save(layout)
            try LabError.wrapping("make guest '\(guest.name)'") {
                try NetworkNamespace.create(namespace)
                try LabNamespace(namespace).bringLoopbackUp()
            }
            record.guests[guest.name]?.fingerprint = guest.fingerprint
        }
        for host in difference.newHosts {
            try interruption.check(attempt)
            if case .vtep(let segments) = host.kind { try KernelPeer(layout: layout).setUp(host, segments: segments) }
            if host.hasAgent { try ForeignWire(layout: layout).setUp(spec.guests(on: host.name)) }
            record.hosts[host.name]?.fingerprint = host.fingerprint
        }
        // What an agent changed on its own: only the record has to follow.
        for guest in spec.guests { record.guests[guest.name]?.describe(guest) }
        try record.save(layout)
    }

    // MARK: Processes

    /// Starts the agents that do not run, and tells the others to read the topology again if it changed. Returns all that
    /// have to become ready.
    private mutating func startAgents(isTopologyNew: Bool, _ progress: (String) -> Void) throws(LabError)
        -> [(name: String, process: ProcessIdentity, portCount: Int)]
    {
        var waiting: [(name: String, process: ProcessIdentity, portCount: Int)] = []
        for host in spec.hosts where host.hasAgent {
            try interruption.check(attempt)
            let portCount = spec.guests(on: host.name).count
            if let process = record.hosts[host.name]?.agent, process.isRunning {
                if isTopologyNew { process.signal(SIGHUP) }
                waiting.append((host.name, process, portCount))
                continue
            }
            progress("starting the agent of \(host.name)")
            ProcessIdentity.stopForgotten(
                in: .named(layout.hostNamespace(host.name)), mentioning: layout.agentSocket(host.name))
            let process = try agents.start(host.name)
            record.hosts[host.name]?.agent = process
            try record.save(layout)
            waiting.append((host.name, process, portCount))
        }
        return waiting
    }

    private func checkUnderlay(_ progress: (String) -> Void) throws(LabError) {
        let silent = try UnderlayProbe.firstSilent(spec.hosts, layout: layout, patience: .seconds(10), interruption: interruption)
        guard let silent else { return }
        throw LabError(
            .timedOut, cannot: attempt, cause: "host '\(silent.from)' gets no answer from \(silent.to) over the underlay")
    }

    private mutating func startMachines(_ options: Lab.UpOptions, _ progress: (String) -> Void) throws(LabError) {
        guard let machines else { return }
        var waiting: [(LabGuest, ProcessIdentity)] = []
        for guest in spec.guests where guest.kind == .machine {
            try interruption.check(attempt)
            if let process = record.guests[guest.name]?.machine, process.isRunning { continue }
            progress("starting the virtual machine \(guest.name)")
            ProcessIdentity.stopForgotten(
                in: .named(layout.hostNamespace(guest.host)), mentioning: layout.consoleSocket(guest.name))
            let process = try machines.start(MachineSpec(guest), on: guest.host)
            record.guests[guest.name]?.machine = process
            try record.save(layout)
            waiting.append((guest, process))
        }
        let deadline = MonotonicClock.now().advanced(by: options.machinePatience)
        for (guest, process) in waiting {
            try machines.wait(for: guest.name, process: process, until: deadline, interruption: interruption)
            record.guests[guest.name]?.fingerprint = guest.fingerprint
        }
    }
}

extension LabRecord.Guest {
    /// A guest that is about to be made.
    init(_ guest: LabGuest, namespace: String?) {
        self.init(kind: guest.kind, namespace: namespace, host: guest.host, segment: guest.segment, addresses: [])
        describe(guest)
    }

    /// Takes over what may change without the guest becoming another one.
    mutating func describe(_ guest: LabGuest) {
        host = guest.host
        segment = guest.segment
        addresses = guest.addresses.map(\.description)
    }
}
