import WeftTypes

/// The steps from what a host has to what it should have, in the order to apply them.
///
/// Pure and deterministic: equal arguments give equal plans. Ports that are no longer wanted go first; then each wanted device is made or
/// repaired, bridges before ports, and comes up only when it keeps quiet towards the guests; bridges that are no longer wanted go
/// last, so that a port changes from one to another without waiting for that.
/// A port that is to leave a bridge which goes is out of the host's hearing before.
/// No step is about a device without the mark of `desired`'s fabric. Applying any number of steps and planning again leads to
/// the same end; a host that is as it should be has an empty plan.
public func plan(desired: HostState, observed: ObservedHost) -> Plan {
    var planner = Planner(desired: desired, host: observed)
    for device in desired.devices where device.isDirect { planner.deafen(device) }
    planner.removeUnwanted(.ports)
    planner.release()
    planner.giveBack()
    for device in desired.devices.reversed() { planner.removeUnlike(device) }
    for device in desired.foreign { planner.borrow(device) }
    for device in desired.devices { planner.reconcile(device) }
    for device in desired.foreign { planner.enslave(device) }
    planner.removeUnwanted(.bridges)
    return planner.result
}

/// A plan under construction: each step is applied to a copy of the observed host, so that the next one sees its effect.
struct Planner {
    let desired: HostState
    /// The host as it will be after the steps so far.
    var host: ObservedHost
    private var plan: Plan
    /// Devices whose name is taken or whose namespace is missing.
    private var blocked: Set<String> = []
    private let wanted: [String: HostDevice]

    init(desired: HostState, host: ObservedHost) {
        self.desired = desired
        self.host = host
        self.plan = Plan(problems: desired.problems)
        self.wanted = Dictionary(desired.devices.map { ($0.name, $0) }) { first, _ in first }
    }

    /// What came of it.
    var result: Plan {
        Plan(steps: plan.steps, problems: plan.problems.sorted { ($0.object, $0.device) < ($1.object, $1.device) })
    }

    mutating func add(
        _ action: PlanStep.Action, _ object: HostObject, _ reason: String, impact: PlanStep.Impact = .none
    ) {
        plan.steps.append(PlanStep(action, for: object, reason: reason, impact: impact))
        host.apply(action)
    }

    /// Says what is wrong with a device that is not ours.
    mutating func report(_ device: ForeignDevice, _ cause: PlanProblem.Cause) {
        plan.problems.append(PlanProblem(device.object, device: device.name, cause: cause))
    }

    private mutating func block(_ device: HostDevice, _ cause: PlanProblem.Cause) {
        plan.problems.append(PlanProblem(device.object, device: device.name, cause: cause))
        blocked.insert(device.name)
    }

    /// Keeps the host from hearing a device that is there, if only under another name, before the bridge goes that keeps it
    /// from that so far.
    mutating func deafen(_ device: HostDevice) {
        let renamed = host.links.values.filter { $0.alias == device.mark.alias }.min { $0.name < $1.name }
        guard let link = host.links[device.name] ?? renamed, link.master != nil, !link.isDeaf,
            Ownership(of: link, fabric: desired.fabric).isOurs
        else { return }
        let (setting, reason) = device.deafness
        add(.configure(link.name, setting), device.object, reason)
    }

    // MARK: What is not wanted

    /// What is removed together.
    enum Unwanted {
        case ports
        /// With their uplinks.
        case bridges
    }

    /// Removes what carries our mark and is in no one's way of being right, or gives it its name back.
    mutating func removeUnwanted(_ kind: Unwanted) {
        let strays = host.links.values.compactMap { link -> (object: HostObject, mark: Mark?, link: ObservedLink)? in
            guard wanted[link.name] == nil else { return nil }
            switch Ownership(of: link, fabric: desired.fabric) {
            case .ours(let mark): return (HostObject(mark), mark, link)
            case .halfMade: return (.device(link.name), nil, link)
            case .otherFabric, .foreign: return nil
            }
        }
        for stray in strays.sorted(by: { ($0.object, $0.link.name) > ($1.object, $1.link.name) }) {
            if let mark = stray.mark, let device = desired.devices.first(where: { $0.mark == mark }),
                host.link(answeringTo: device.name) == nil, device.isSameKind(as: stray.link.kind)
            {
                rename(stray.link, to: device)
                continue
            }
            switch (stray.object, kind) {
            case (.port, .bridges), (.vlan, .bridges), (.device, .bridges), (.segment, .ports), (.uplink, .ports): continue
            case (.port, .ports), (.vlan, .ports), (.device, .ports), (.segment, .bridges), (.uplink, .bridges): break
            }
            let reason =
                switch stray.object {
                case .port, .vlan: "it is not in the topology"
                case .segment, .uplink: "no port of this host is on it"
                case .device: "it was left half-made"
                }
            guard host.links[stray.link.name] != nil else { continue }  // it went with another
            add(.delete(stray.link.name), stray.object, reason, impact: stray.mark == nil ? .none : .losesLink)
        }
    }

    /// A kernel before 6.2 renames only what is down.
    private mutating func rename(_ link: ObservedLink, to device: HostDevice) {
        let reason = "it was renamed to \(link.name)"
        if link.isUp { add(.configure(link.name, .isUp(false)), device.object, reason) }
        add(.rename(link.name, to: device.name), device.object, reason)
    }

    /// Removes what has the device's name and our mark, but can't become what is wanted.
    mutating func removeUnlike(_ device: HostDevice) {
        guard let link = host.links[device.name], Ownership(of: link, fabric: desired.fabric).isOurs,
            obstacle(toSeeing: device.guest) == nil, let reason = device.obstacle(to: link)
        else { return }
        add(.delete(device.name), device.object, reason, impact: .losesLink)
    }

    // MARK: What is wanted

    /// Makes the device, or repairs what differs on the one there is.
    mutating func reconcile(_ device: HostDevice) {
        if let taken = host.link(answeringTo: device.name) {
            let owner = Ownership(of: taken, fabric: desired.fabric)
            guard owner.isOurs, taken.name == device.name else {
                return block(device, .nameTaken(by: taken.kindSentence(owner, under: device.name)))
            }
        }
        if let cause = obstacle(toSeeing: device.guest) { return block(device, cause) }
        if let bridge = device.bridge {
            if blocked.contains(bridge) { return block(device, .bridgeMissing(bridge)) }
            if wanted[bridge] == nil, let cause = obstacle(toJoining: bridge) { return block(device, cause) }
        }
        if case .vlan(let vlan) = device.kind, host.links[vlan.parent] == nil || blocked.contains(vlan.parent) {
            return block(device, .parentMissing(vlan.parent))
        }
        if host.links[device.name] == nil {
            if let guest = device.guest, host.namespaces[guest.namespace]?.contains(guest.device) == true {
                return block(device, .guestNameTaken(namespace: guest.namespace, device: guest.device))
            }
            if let cause = make(device) { return block(device, cause) }
        }
        repair(device)
    }

    /// Makes the device under a name that has our prefix, which together with the group tells whose it is until it has its
    /// alias; one whose name the file gives is renamed after that.
    private mutating func make(_ device: HostDevice) -> PlanProblem.Cause? {
        let reason = "it is not there"
        guard !Ownership.hasPrefix(device.name) else {
            add(device.creation(as: device.name), device.object, reason)
            return nil
        }
        let provisional = device.provisionalName
        if let taken = host.link(answeringTo: provisional) {
            return .nameTaken(by: taken.kindSentence(.foreign, under: device.name))
        }
        add(device.creation(as: provisional), device.object, reason)
        add(.configure(provisional, .mark(alias: device.mark.alias)), device.object, reason)
        add(.rename(provisional, to: device.name), device.object, reason)
        return nil
    }

    /// Why nothing can join a bridge that is not ours.
    private func obstacle(toJoining bridge: String) -> PlanProblem.Cause? {
        guard let link = host.links[bridge] else { return .deviceMissing(bridge) }
        guard Ownership(of: link, fabric: desired.fabric) == .foreign else { return .deviceIsWefts(bridge) }
        guard case .bridge = link.kind else { return .notABridge(bridge, kind: link.kindDescription) }
        return nil
    }

    /// Why nothing can be said about the guest's end. What is there then stays: its guest may be served by it, and lives on
    /// when only the name of its namespace is gone.
    private func obstacle(toSeeing guest: GuestEnd?) -> PlanProblem.Cause? {
        guard let guest, host.namespaces[guest.namespace] == nil else { return nil }
        if let cause = host.unreadableNamespaces[guest.namespace] {
            return .namespaceUnreadable(guest.namespace, cause: cause)
        }
        return .namespaceMissing(guest.namespace)
    }

    private mutating func repair(_ device: HostDevice) {
        guard let link = host.links[device.name] else { return }
        for (setting, reason) in device.differences(from: link) { add(.configure(device.name, setting), device.object, reason) }
        for prefix in host.addresses.filter({ $0.device == device.name }).map(\.prefix).sorted() {
            add(.configure(device.name, .removeAddress(prefix)), device.object, "a host has no address on a segment")
        }
        repairTap(device, link)
        repairGuest(device, link)
        if link.isUp != device.isUp {
            add(
                .configure(device.name, .isUp(device.isUp)), device.object,
                device.isUp ? "it is down" : "the port is switched off")
        }
        if case .tap(let tap) = link.kind, !tap.isPersistent {
            add(.configure(device.name, .makePersistent), device.object, "it would go with its descriptors")
        }
    }

    private mutating func repairTap(_ device: HostDevice, _ link: ObservedLink) {
        guard case .tap(let wanted) = device.kind, case .tap(let tap) = link.kind else { return }
        let (owner, present) = (wanted.owner ?? 0, tap.owner ?? 0)
        if owner != present { add(.configure(device.name, .owner(owner)), device.object, "its owner is user \(present)") }
        if wanted.isHeldByAgent, tap.heldQueueCount < wanted.queueCount {
            let reason = "the agent holds \(tap.heldQueueCount) of \(wanted.queueCount) queues"
            add(.holdQueues(device.name, count: wanted.queueCount), device.object, reason)
        }
    }

    private mutating func repairGuest(_ device: HostDevice, _ link: ObservedLink) {
        guard let guest = device.guest, case .veth(let end?) = link.kind else { return }
        var name = end.device
        if end.device != guest.device, host.namespaces[guest.namespace]?.contains(guest.device) == true {
            block(device, .guestNameTaken(namespace: guest.namespace, device: guest.device))
            return
        }
        for (setting, reason) in guest.differences(from: end) {
            let impact: PlanStep.Impact = if case .mtu = setting { .newMTU } else { .none }
            let action = PlanStep.Action.configureGuest(
                host: device.name, namespace: guest.namespace, device: name, setting)
            add(action, device.object, reason, impact: impact)
            if case .name(let wanted) = setting { name = wanted }
        }
    }
}
