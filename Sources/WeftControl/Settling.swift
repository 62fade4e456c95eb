import Logging
import WeftTopology

/// One pass of the reconciler: rounds of observe, plan and apply, until a plan is empty or a round gets nowhere.
struct Settling<Driver: LinkDriver> {
    let wish: HostWish
    let driver: Driver
    let logger: Logger
    /// Whether the host was as it should be before: then each step is worth a line in the log.
    let isRepair: Bool

    /// Where repairs are off, what was made before: that, and what nobody wants, stays as it is. Nil where all is put right.
    let untouched: Set<HostObject>?

    private var changeCount = 0
    private var host = ObservedHost()
    private var desired: HostState
    private var underlay = UnderlayState.ready([])
    private var problems: [PlanProblem] = []
    /// What failed in the last round, by object, and why.
    private var errors: [HostObject: String] = [:]
    /// What somebody changed and nobody puts right.
    private var drift: [HostObject: String] = [:]

    /// Rounds before the reconciler says that somebody works against it. Two are enough when nobody does: one to do it, one
    /// to see that it is done.
    private static var roundLimit: Int { 6 }

    init(wish: HostWish, driver: Driver, logger: Logger, isRepair: Bool, untouched: Set<HostObject>? = nil) {
        self.untouched = untouched
        self.wish = wish
        self.driver = driver
        self.logger = logger
        self.isRepair = isRepair
        desired = wish.state(Self.underlayMTU(of: nil))
    }

    /// - Parameter beforeRemovals: called when all is made and only bridges and uplinks that nobody needs any more are left to
    ///   remove, which takes the kernel a while.
    mutating func run(beforeRemovals: @Sendable () async -> Void = {}) async -> HostReport {
        do throws(Driver.Failure) {
            for _ in 0..<Self.roundLimit {
                let plan = try await look()
                guard !plan.isEmpty else { return report(isSettled: true) }
                guard await apply(plan, beforeRemovals) else { return report(isSettled: false) }
            }
            let plan = try await look()
            for step in plan.steps where errors[step.object] == nil {
                errors[step.object] =
                    "something else keeps changing it: \(step.reason); find out what manages \(step.action.device)"
            }
            return report(isSettled: plan.isEmpty)
        } catch {
            return report(isSettled: false, failure: "\(error)")
        }
    }

    private mutating func look() async throws(Driver.Failure) -> Plan {
        host = try await driver.observe(guestNamespaces: desired.guestNamespaces)
        underlay = host.underlay(wish.underlay)
        desired = wish.state(Self.underlayMTU(of: underlay))
        let plan = plan(desired: desired, observed: host)
        problems = plan.problems
        return withoutDrift(plan)
    }

    /// Takes out of a plan what is to stay as somebody made it, and notes it. Opening queues of ours is no repair.
    private mutating func withoutDrift(_ plan: Plan) -> Plan {
        drift = [:]
        guard let untouched else { return plan }
        let wanted = Set(desired.devices.map(\.object) + desired.foreign.map(\.object))
        var rest = plan
        rest.steps.removeAll { step in
            guard step.action.changesHost, untouched.contains(step.object) || !wanted.contains(step.object) else { return false }
            if drift[step.object] == nil {
                drift[step.object] =
                    "\(step.reason): somebody changed it, and repairs are off (--no-repair); a reload of the agent or weft apply puts it right"
            }
            return true
        }
        return rest
    }

    private static func underlayMTU(of underlay: UnderlayState?) -> Int { underlay?.mtu ?? 1500 }

    /// Applies what does not depend on something that failed, and says whether anything succeeded.
    private mutating func apply(_ plan: Plan, _ beforeRemovals: @Sendable () async -> Void) async -> Bool {
        errors = [:]
        var hasProgress = false
        let removals = plan.steps.firstIndex(where: \.isRemovalOfSegment)
        let bridges = Dictionary(desired.devices.map { ($0.object, $0.bridge) }) { first, _ in first }
        let segments = Dictionary(desired.devices.map { ($0.name, $0.object) }) { first, _ in first }
        for (index, step) in plan.steps.enumerated() where errors[step.object] == nil {
            if index == removals, hasProgress { await beforeRemovals() }
            if let bridge = bridges[step.object] ?? nil, let segment = segments[bridge], errors[segment] != nil {
                errors[step.object] = "its bridge \(bridge) could not be made"
                continue
            }
            var metadata = step.object.metadata
            metadata["device"] = "\(step.action.device)"
            metadata["step"] = "\(step.action)"
            metadata["reason"] = "\(step.reason)"
            do throws(Driver.Failure) {
                try await driver.apply(step.action)
                hasProgress = true
                if step.action.changesHost { changeCount += 1 }
                logger.log(level: isRepair ? .notice : .debug, isRepair ? "repaired" : "done", metadata: metadata)
            } catch {
                errors[step.object] = "\(error)"
                metadata["cause"] = "\(error)"
                logger.debug("failed", metadata: metadata)
            }
        }
        return hasProgress
    }

    private func report(isSettled: Bool, failure: String? = nil) -> HostReport {
        let problems = Dictionary(problems.map { ($0.object, $0) }) { first, _ in first }
        var entries = desired.devices.map { device -> HostReport.Entry in
            let status: ObjectStatus
            if let error = errors[device.object], !isSettled {
                status = .error(error)
            } else if let cause = drift[device.object] {
                status = .error(cause)
            } else if let problem = problems[device.object] {
                status = problem.isWaiting ? .waiting(problem.explanation) : .error(problem.explanation)
            } else {
                status = host.status(of: device)
            }
            return HostReport.Entry(object: device.object, device: device.name, status: status)
        }
        for device in desired.foreign where !entries.contains(where: { $0.object == device.object }) {
            var status = host.status(of: device)
            if let problem = problems[device.object] {
                status = problem.isWaiting ? .waiting(problem.explanation) : .error(problem.explanation)
            }
            if let error = errors[device.object], !isSettled { status = .error(error) }
            entries.append(HostReport.Entry(object: device.object, device: device.name, status: status))
        }
        for (object, problem) in problems.sorted(by: { $0.key < $1.key }) where !entries.contains(where: { $0.object == object })
        {
            entries.append(HostReport.Entry(object: object, device: problem.device, status: .error(problem.explanation)))
        }
        // What could not be removed is no longer desired, and yet there.
        for (object, error) in errors.sorted(by: { $0.key < $1.key })
        where !isSettled && !entries.contains(where: { $0.object == object }) {
            entries.append(HostReport.Entry(object: object, device: object.name, status: .error(error)))
        }
        return HostReport(
            objects: entries.sorted { $0.object < $1.object }, underlay: underlay, desired: desired, host: host,
            isSettled: isSettled, changeCount: changeCount,
            failure: failure)
    }
}

extension PlanStep {
    /// Whether it removes what a segment had on this host.
    fileprivate var isRemovalOfSegment: Bool {
        switch (action, object) {
        case (.delete, .segment), (.delete, .uplink): true
        default: false
        }
    }
}
