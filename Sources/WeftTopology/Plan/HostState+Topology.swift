import WeftTypes

/// Where the guests of a host's ports are.
public enum GuestPlacement: Hashable, Sendable {
    /// As the file says: a VM on a TAP, a named namespace at the other end of a veth pair.
    case host
    /// In the lab of that name: a namespace per port, reached by a veth pair also where the file says TAP.
    case labNamespaces(String)
    /// In the lab of that name: a VM on each TAP, a namespace per veth.
    case labMachines(String)

    /// The namespace of a port's guest; nil for a VM and where the file names none.
    public func namespace(of port: Port) -> String? {
        switch self {
        case .host: port.kind == .veth ? port.namespace : nil
        case .labNamespaces(let lab): Self.labNamespace(lab, port.name)
        case .labMachines(let lab): port.kind == .veth ? Self.labNamespace(lab, port.name) : nil
        }
    }

    private static func labNamespace(_ lab: String, _ port: TopologyName) -> String {
        "weft-\(lab)-g-" + port.text.split(separator: "/").joined(separator: ".")
    }
}

extension HostState {
    /// What `host` should have by `topology`: for each segment with ports on a bridge, that and an uplink; for each port a
    /// device.
    ///
    /// - Parameters:
    ///   - placement: where the guests are.
    ///   - underlayMTU: the MTU of this host's underlay in bytes, as ``ObservedHost/underlay(_:)`` tells it.
    ///   - uplinkQueueCount: queues of each uplink, one for each packet worker.
    ///   - userID: the number of a user of this host by name, nil when there is no such user.
    public init(
        topology: Topology, host: Host, placement: GuestPlacement = .host, underlayMTU: Int = 1500, uplinkQueueCount: Int = 1,
        userID: (String) -> UInt32? = { UInt32($0) }
    ) {
        let ports = topology.ports(on: host.name)
        let guests = Set(topology.ports.map(\.mac))
        var devices = topology.bridgedSegments(on: host).flatMap { segment in
            Self.devices(of: segment, topology, host, uplinkQueueCount: uplinkQueueCount, avoiding: guests)
        }
        var problems: [PlanProblem] = []
        var foreign: [ForeignDevice] = []
        for port in ports {
            do throws(PlanProblem) {
                if port.kind.isForeign, port.isEnabled, let name = port.device?.text {
                    let bridge = port.kind == .nic ? topology.bridge(of: port) : nil
                    foreign.append(ForeignDevice(port: port.name, name: name, bridge: bridge))
                }
                devices += Self.vlanDevices(of: port, topology, host, avoiding: guests)
                guard let markKind = port.kind.mark else { continue }
                let mark = topology.mark(markKind, port.name)
                let filter = port.bridgedTrunk.map { VLANFilter($0) }
                if let count = filter?.ranges.count, count > VLANFilter.rangeLimit {
                    throw PlanProblem(.port(port.name), device: mark.deviceName.text, cause: .tooManyRanges(count))
                }
                let kind = try Self.deviceKind(
                    of: port, topology, placement: placement, underlayMTU: underlayMTU, uplinkQueueCount: uplinkQueueCount,
                    userID,
                    &problems)
                devices.append(
                    HostDevice(
                        mark: mark, name: topology.deviceName(of: port, mark), kind: kind,
                        mac: .derived(mark: mark, host: host, avoiding: guests), bridge: topology.bridge(of: port),
                        isDirect: port.attach == .direct, vlanFilter: filter, isUp: port.isEnabled))
            } catch {
                problems.append(error)
            }
        }
        self.init(fabric: topology.name, devices: devices, foreign: foreign, underlay: host.underlay, problems: problems)
    }

    /// The VLAN devices of a trunk that joins bridges, each in the bridge of its segment.
    private static func vlanDevices(
        of port: Port, _ topology: Topology, _ host: Host, avoiding guests: Set<MACAddress>
    ) -> [HostDevice] {
        guard let trunk = port.bridgedTrunk, let parent = topology.deviceName(of: port) else { return [] }
        return trunk.members.filter { $0.segment != trunk.native }.map { member in
            let mark = Mark(fabric: topology.name, port: port.name, vlan: member.vlan)
            return HostDevice(
                mark: mark, name: mark.deviceName.text,
                kind: .vlan(VLANDevice(on: parent, vlan: member.vlan, tagProtocol: trunk.tagProtocol)),
                mac: .derived(mark: mark, host: host, avoiding: guests),
                bridge: topology.mark(.bridge, member.segment).deviceName.text, isUp: port.isEnabled)
        }
    }

    /// What a port's device has to be; `problems` gets what does not keep it from being made.
    private static func deviceKind(
        of port: Port, _ topology: Topology, placement: GuestPlacement, underlayMTU: Int, uplinkQueueCount: Int,
        _ userID: (String) -> UInt32?, _ problems: inout [PlanProblem]
    ) throws(PlanProblem) -> HostDevice.Kind {
        if port.kind == .bridge { return .tap(HostDevice.Tap(queueCount: max(1, uplinkQueueCount), isHeldByAgent: true)) }
        let device = port.device?.text ?? ""
        let owner = port.owner.flatMap(userID)
        if let name = port.owner, owner == nil {
            problems.append(PlanProblem(.port(port.name), device: device, cause: .ownerUnknown(name)))
        }
        if let namespace = placement.namespace(of: port) {
            // Of a trunk's segments the smallest: the guest's VLAN devices have no more than the device they are on.
            let mtus = port.segments.compactMap { topology.segment(named: $0) }
                .map { topology.mtu(of: $0, underlayMTU: underlayMTU) }
            return .veth(
                GuestEnd(namespace: namespace, mac: port.mac, addresses: port.addresses, mtu: mtus.min() ?? underlayMTU))
        }
        guard port.kind != .veth else { throw PlanProblem(.port(port.name), device: device, cause: .namespaceUnnamed) }
        // The owner of a socket opens that: its TAP is the agent's to open.
        return .tap(HostDevice.Tap(queueCount: port.queues, owner: port.kind == .socket ? nil : owner))
    }

    private static func devices(
        of segment: Segment, _ topology: Topology, _ host: Host, uplinkQueueCount: Int, avoiding guests: Set<MACAddress>
    ) -> [HostDevice] {
        let (bridge, uplink) = (topology.mark(.bridge, segment.name), topology.mark(.uplink, segment.name))
        let tap = HostDevice.Tap(queueCount: max(1, uplinkQueueCount), isHeldByAgent: true)
        return [
            HostDevice(
                mark: bridge, name: bridge.deviceName.text, kind: .bridge,
                mac: .derived(mark: bridge, host: host, avoiding: guests),
                filtersVLANs: segment.tags == .drop && topology.hasWire(on: bridge.deviceName.text, of: host)),
            HostDevice(
                mark: uplink, name: uplink.deviceName.text, kind: .tap(tap),
                mac: .derived(mark: uplink, host: host, avoiding: guests),
                bridge: bridge.deviceName.text),
        ]
    }
}

extension Topology {
    /// The name of the device we make for a port; one that stands for a foreign device has a name of its own.
    public func deviceName(of port: Port, _ mark: Mark) -> String {
        port.kind.isForeign ? mark.deviceName.text : (port.device ?? mark.deviceName).text
    }

    /// The name of the device that a port's frames come by: the one that we make, or a NIC.
    public func deviceName(of port: Port) -> String? {
        port.kind.mark.map { deviceName(of: port, mark($0, port.name)) } ?? port.device?.text
    }

    /// The name of the device by which a port is in one of its segments: of a trunk that joins bridges its VLAN's.
    public func deviceName(of port: Port, in segment: TopologyName) -> String? {
        guard let trunk = port.bridgedTrunk, trunk.native != segment, let vlan = trunk.vlan(of: segment) else {
            return deviceName(of: port)
        }
        return Mark(fabric: name, port: port.name, vlan: vlan).deviceName.text
    }

    /// Whether a NIC joins a bridge itself, for an access port's segment or a trunk's native one.
    fileprivate func hasWire(on bridge: String, of host: Host) -> Bool {
        ports(on: host.name).contains { $0.kind == .nic && $0.isEnabled && self.bridge(of: $0) == bridge }
    }

    /// The bridge that a port's device joins, that of its segment or of its native one; nil for one that joins none.
    func bridge(of port: Port) -> String? {
        if port.kind == .bridge { return port.device?.text }
        guard port.attach == .bridge else { return nil }
        return (port.segment ?? port.bridgedTrunk?.native).map { mark(.bridge, $0).deviceName.text }
    }
}

extension MACAddress {
    /// The MAC of the host's side of a device: derived, different on each host, and none of `guests`.
    static func derived(mark: Mark, host: Host, avoiding guests: Set<MACAddress>) -> MACAddress {
        let candidates = (0...guests.count).lazy.map { derived(from: "\(mark.alias)@\(host.name)#\($0)") }
        return candidates.first { !guests.contains($0) } ?? derived(from: mark.alias)
    }
}
