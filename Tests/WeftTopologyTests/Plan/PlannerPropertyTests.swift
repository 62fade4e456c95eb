import Testing
import WeftTopology
import WeftTypes

/// What holds of every plan, on hosts that chance made and mangled.
@Suite struct PlannerPropertyTests {
    /// Applying a plan gives a host whose plan is empty, whatever state it was in, and planning is deterministic.
    @Test(arguments: UInt64(0)..<400)
    func applyingAPlanConverges(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let (state, start) = try scenario(&random)
        var host = start
        let first = plan(desired: state, observed: host)
        #expect(first == plan(desired: state, observed: start))
        for step in first.steps { host.apply(step.action) }
        let second = plan(desired: state, observed: host)
        #expect(second.steps == [], "seed \(seed)")
        #expect(second.problems == first.problems)
    }

    /// Stopping after any number of steps, without what the stopped agent held, leads to the same end; nothing is left over.
    @Test(arguments: UInt64(0)..<60)
    func stoppingAfterAnyStepConverges(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let (state, start) = try scenario(&random)
        let steps = plan(desired: state, observed: start).steps
        for count in 0...steps.count {
            var host = start
            for step in steps.prefix(count) { host.apply(step.action) }
            host.crash()
            for step in plan(desired: state, observed: host).steps { host.apply(step.action) }
            #expect(plan(desired: state, observed: host).steps == [], "seed \(seed), \(count) steps")
            let ours = host.links.values.filter { Ownership(of: $0, fabric: state.fabric).isOurs }.map(\.name)
            #expect(Set(ours).isSubset(of: state.devices.map(\.name)), "seed \(seed), \(count) steps")
        }
    }

    /// While a plan is carried out, what a direct port's guest sends reaches the host at no moment: the device is down, in
    /// a bridge, or has the filter. Unless it was within hearing before.
    @Test(arguments: UInt64(0)..<400)
    func noStepLetsTheHostHearADirectPort(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let (state, start) = try scenario(&random)
        var host = start
        func audible() -> Set<String> {
            Set(
                state.devices.filter { device in
                    guard device.isDirect, let link = host.links[device.name] else { return false }
                    return link.isUp && link.master == nil && !link.isDeaf
                        && Ownership(of: link, fabric: state.fabric).isOurs
                }.map(\.name))
        }
        let before = audible()
        for step in plan(desired: state, observed: start).steps {
            host.apply(step.action)
            #expect(audible().isSubset(of: before), "seed \(seed): \(step)")
        }
    }

    /// No step is about a device of others, and what others have is the same afterwards but for the master of what was
    /// in a bridge of ours that had to go, and for VLANs of a device of ours, which went with it.
    @Test(arguments: UInt64(0)..<400)
    func foreignDevicesAreNeverTouched(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let (state, start) = try scenario(&random)
        var host = start
        for step in plan(desired: state, observed: start).steps {
            if let link = host.links[step.action.device] {
                let isNewTap = link.group == 0 && link.alias == nil && start.links[link.name] != link
                #expect(isNewTap || Ownership(of: link, fabric: state.fabric).isOurs, "seed \(seed): \(step)")
            }
            host.apply(step.action)
        }
        for link in start.links.values where !Ownership(of: link, fabric: state.fabric).isOurs {
            if case .vlan(let vlan) = link.kind, let parent = start.links[vlan.parent],
                Ownership(of: parent, fabric: state.fabric).isOurs,
                host.links[link.name].map({ Ownership(of: $0, fabric: state.fabric).isOurs }) ?? true
            {
                continue
            }
            var left = host.links[link.name]
            if let master = link.master, start.links[master].map({ Ownership(of: $0, fabric: state.fabric).isOurs }) ?? false {
                left?.master = link.master
                left?.isPlainPort = link.isPlainPort
            }
            #expect(left == link, "seed \(seed)")
        }
    }

    // MARK: Chance

    /// A wanted state, and a host that was in another state of the same fabric before things were done to it.
    private func scenario(_ random: inout SeededRandom) throws -> (HostState, ObservedHost) {
        let (before, wanted) = (try HostState.random(&random), try HostState.random(&random))
        var host = ObservedHost(fulfilling: before)
        for namespace in ["one", "two", "three"] where host.namespaces[namespace] == nil && Bool.random(using: &random) {
            host.namespaces[namespace] = Bool.random(using: &random) ? ["lo"] : ["lo", "eth0"]
        }
        for _ in 0..<Int.random(in: 0..<8, using: &random) { host.mangle(&random) }
        return (wanted, host)
    }
}

extension HostState {
    /// Up to three segments and six ports; names repeat between calls, so that states overlap.
    fileprivate static func random(_ random: inout SeededRandom) throws -> HostState {
        let fabric = name("first")
        var devices: [HostDevice] = []
        func mac(_ random: inout SeededRandom) -> MACAddress {
            MACAddress(rawValue: 0x0200_0000_0000 + .random(in: 1..<4, using: &random))
        }
        for segment in ["blue", "green", "red"] where Bool.random(using: &random) {
            let bridge = Mark(fabric: fabric, kind: .bridge, name: name(segment))
            let uplink = Mark(fabric: fabric, kind: .uplink, name: name(segment))
            devices.append(
                HostDevice(
                    mark: bridge, name: bridge.deviceName.text, kind: .bridge, mac: mac(&random),
                    filtersVLANs: Bool.random(using: &random)))
            let tap = HostDevice.Tap(queueCount: .random(in: 1..<3, using: &random), isHeldByAgent: true)
            devices.append(
                HostDevice(
                    mark: uplink, name: uplink.deviceName.text, kind: .tap(tap), mac: mac(&random), bridge: bridge.deviceName.text
                ))
            for port in ["\(segment)-a", "b", "c"] where Bool.random(using: &random) {
                let isTap = Bool.random(using: &random)
                let mark = Mark(fabric: fabric, kind: isTap ? .tap : .veth, name: name(port))
                let tap = HostDevice.Tap(
                    queueCount: .random(in: 1..<3, using: &random), owner: Bool.random(using: &random) ? 5 : nil)
                let prefixes = ["10.0.0.1/24", "10.0.0.2/24", "2001:db8::1/64"].compactMap { IPPrefix($0) }
                let guest = GuestEnd(
                    namespace: ["one", "two", "three"].randomElement(using: &random) ?? "one",
                    mac: mac(&random),
                    addresses: prefixes.filter { _ in Bool.random(using: &random) },
                    mtu: Bool.random(using: &random) ? 1450 : 1400)
                let name = Bool.random(using: &random) ? mark.deviceName.text : "own-\(port)"
                guard !devices.contains(where: { $0.name == name || $0.mark == mark }) else { continue }
                let isDirect = Bool.random(using: &random)
                let isTrunk = !isDirect && Int.random(in: 0..<3, using: &random) == 0
                let numbers: [UInt16] = [10, 11, 4094].filter { _ in Bool.random(using: &random) }
                let vlans = isTrunk ? numbers.compactMap { VLANID($0) } : []
                let tagProtocol = Bool.random(using: &random) ? Trunk.TagProtocol.dot1Q : .dot1AD
                let isNative = Bool.random(using: &random)
                devices.append(
                    HostDevice(
                        mark: mark, name: name, kind: isTap ? .tap(tap) : .veth(guest), mac: mac(&random),
                        bridge: isDirect || (isTrunk && !isNative) ? nil : bridge.deviceName.text, isDirect: isDirect,
                        vlanFilter: isTrunk ? VLANFilter(vlans: vlans, tagProtocol: tagProtocol, passesUntagged: isNative) : nil,
                        isUp: Int.random(in: 0..<4, using: &random) > 0))
                for vlan in vlans {
                    let mark = Mark(fabric: fabric, port: mark.name, vlan: vlan)
                    devices.append(
                        HostDevice(
                            mark: mark, name: mark.deviceName.text,
                            kind: .vlan(VLANDevice(on: name, vlan: vlan, tagProtocol: tagProtocol)), mac: mac(&random),
                            bridge: bridge.deviceName.text))
                }
            }
        }
        return HostState(fabric: fabric, devices: devices)
    }
}

extension ObservedHost {
    /// What an agent held is gone with it, and with that the TAPs that were not persistent.
    fileprivate mutating func crash() {
        for link in links.values {
            guard case .tap(let tap) = link.kind else { continue }
            apply(tap.isPersistent ? .holdQueues(link.name, count: 0) : .delete(link.name))
        }
    }

    /// One thing an operator might do.
    fileprivate mutating func mangle(_ random: inout SeededRandom) {
        let victim = links.keys.sorted().randomElement(using: &random) ?? "none"
        switch Int.random(in: 0..<20, using: &random) {
        case 0: apply(.delete(victim))
        case 1: apply(.configure(victim, .master(links.keys.sorted().randomElement(using: &random))))
        case 2: apply(.configure(victim, .mtu(1400)))
        case 3: apply(.configure(victim, .isUp(false)))
        case 4: links[victim]?.alias = nil
        case 5: links[victim]?.group = 0
        case 6: links[victim]?.alias = ["weft:second/bridge/blue", "weft:first/tap/b", "mine"].randomElement(using: &random)
        case 7 where links["renamed"] == nil: apply(.rename(victim, to: "renamed"))
        case 8: links[victim]?.kind = .other("dummy")
        case 9: links[victim]?.kind = .veth(nil)
        case 10:
            let foreign = ["wfb-blue", "wft-b", "eth0"].randomElement(using: &random) ?? "eth0"
            links[foreign] = ObservedLink(name: foreign, kind: .other("dummy"), mac: MACAddress(rawValue: 9))
        case 11:
            if let prefix = IPPrefix("10.0.0.9/24") { addresses.append(ObservedAddress(prefix: prefix, device: victim)) }
        case 12: links[victim]?.isQuietIPv4 = false
        case 13 where links[victim]?.master != nil: links[victim]?.isPlainPort = false
        case 16: links[victim]?.isDeaf.toggle()
        case 17: links[victim]?.vlanFilter = nil
        case 18:
            guard let vlan = VLANID(11) else { return }
            guard let parent = links.keys.min(), parent != victim else { return }
            links[victim]?.kind = .vlan(VLANDevice(on: parent, vlan: vlan))
        case 14: namespaces["two"] = nil
        case 15:
            guard case .veth(let end?) = links[victim]?.kind, namespaces[end.namespace]?.contains("net0") == false else { return }
            apply(.configureGuest(host: victim, namespace: end.namespace, device: end.device, .name("net0")))
        default: crash()
        }
    }
}
