import Glibc
import WeftLinux
import WeftTopology

extension Lab {
    /// What `up` is asked for.
    public struct UpOptions: Sendable {
        /// The fabric, validated.
        public var topology: Topology
        /// The file it is from, which the agents get a copy of.
        public var topologyPath: String
        /// The lab's name; nil takes the fabric's.
        public var name: String?
        /// MTU of the underlay, bytes.
        public var underlayMTUByteCount = 1500
        /// Whether guests are virtual machines.
        public var isVirtual = false
        /// The folder with the virtual machines' kernel; nil looks where it usually is.
        public var kernelFolder: String?
        /// The `weft` that agents run.
        public var executable = "/proc/self/exe"
        /// How long agents may take until they are ready.
        public var agentPatience: Duration = .seconds(60)
        /// How long virtual machines may take until they take commands.
        public var machinePatience: Duration = .seconds(180)
        /// The folder that holds a folder per lab.
        public var root = LabLayout.defaultRoot

        /// Asks for a lab of `topology`, which was read from the file at `path`.
        public init(topology: Topology, path: String) {
            self.topology = topology
            self.topologyPath = path
        }
    }

    /// Makes a lab, or makes of one that is there what the file says now; when it returns, every agent is ready and every
    /// underlay address answers.
    ///
    /// What fails leaves nothing behind if there was nothing before; a lab that was there stays as far as it got, and the
    /// error says so.
    public static func up(
        _ options: UpOptions, probe: some AgentProbe, interruption: Interruption = .never, progress: (String) -> Void = { _ in }
    ) async throws(LabError) -> LabSummary {
        let layout = try layout(options)
        let attempt = "bring lab '\(layout.lab)' up"
        try requireRoot(attempt)
        guard let text = try Files.read(options.topologyPath, attempt: attempt) else {
            throw LabError(.failed, cannot: attempt, cause: "there is no file \(options.topologyPath)")
        }
        let spec = try LabSpec(
            topology: options.topology, layout: layout, underlayMTU: options.underlayMTUByteCount, isVirtual: options.isVirtual)
        let executable = try LabError.wrapping(attempt) { try resolved(options.executable) }
        let machines =
            spec.guests.contains { $0.kind == .machine }
            ? try MachineHost(layout: layout, kernelFolder: options.kernelFolder, executable: executable) : nil

        let lock = try LabLock(layout, patience: .seconds(60), interruption: interruption)
        let previous = try LabRecord.load(layout)
        var builder = LabBuilder(
            spec: spec, layout: layout, record: previous, topologyPath: options.topologyPath, topologyText: text,
            agents: AgentProcess(
                layout: layout, executable: executable, isVirtual: options.isVirtual, fabric: options.topology.name.text),
            machines: machines, interruption: interruption)
        do throws(LabError) {
            try await builder.build(options, probe: probe, progress: progress)
        } catch {
            throw afterFailure(error, builder.record, wasThere: previous != nil, layout, progress)
        }
        _ = consume lock
        return LabSummary(builder.record, layout: layout)
    }

    /// Cleans up after a first `up` that failed.
    private static func afterFailure(
        _ error: LabError, _ record: LabRecord, wasThere: Bool, _ layout: LabLayout, _ progress: (String) -> Void
    ) -> LabError {
        var error = error
        if wasThere {
            error.isChanged = true
            return error.adding([
                "the lab was there before and stays as far as it got; weft lab down --lab \(layout.lab) removes it"
            ])
        }
        do {
            try remove(record, layout, progress: progress)
            return error
        } catch let second {
            error.isChanged = true
            return error.adding(["and cleaning up failed: \(second)"])
        }
    }

    private static func layout(_ options: UpOptions) throws(LabError) -> LabLayout {
        guard let name = options.name.map({ LabName($0) }) ?? LabName(fabric: options.topology.name.text) else {
            throw LabError(
                .usage, cannot: "make a lab", cause: "'\(options.name ?? options.topology.name.text)' is no name for one",
                remedy: "use up to \(LabName.maximumByteCount) of a-z, 0-9, '-' and '.' with --lab")
        }
        return LabLayout(lab: name, root: options.root)
    }

    /// The path of a program behind all links: agents are started in another folder, guests see another `/proc`.
    private static func resolved(_ path: String) throws(LinuxError) -> String {
        guard let real = unsafe realpath(path, nil) else { throw LinuxError(.spawn, path, errno: errno) }
        defer { unsafe free(real) }
        return unsafe String(cString: real)
    }
}
