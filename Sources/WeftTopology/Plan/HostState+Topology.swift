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
        for port in ports {
            // Trunks and the other kinds are refused by ``Feature/notYet``.
            guard let segment = port.segment.flatMap({ topology.segment(named: $0) }), let markKind = port.kind.mark,
                let device = port.device?.text
            else { continue }
            let owner = port.owner.flatMap(userID)
            if let name = port.owner, owner == nil {
                problems.append(PlanProblem(.port(port.name), device: device, cause: .ownerUnknown(name)))
            }
            let mark = topology.mark(markKind, port.name)
            let kind: HostDevice.Kind
            if let namespace = placement.namespace(of: port) {
                let mtu = topology.mtu(of: segment, underlayMTU: underlayMTU)
                kind = .veth(GuestEnd(namespace: namespace, mac: port.mac, addresses: port.addresses, mtu: mtu))
            } else if port.kind == .veth {
                problems.append(PlanProblem(.port(port.name), device: device, cause: .namespaceUnnamed))
                continue
            } else {
                kind = .tap(HostDevice.Tap(queueCount: port.queues, owner: owner))
            }
            let bridge: String?
            switch port.attach {
            case .bridge: bridge = topology.mark(.bridge, segment.name).deviceName.text
            case .direct: bridge = nil
            }
            devices.append(
                HostDevice(
                    mark: mark, name: device, kind: kind, mac: .derived(mark: mark, host: host, avoiding: guests),
                    bridge: bridge, isDirect: port.attach == .direct))
        }
        self.init(fabric: topology.name, devices: devices, underlay: host.underlay, problems: problems)
    }

    private static func devices(
        of segment: Segment, _ topology: Topology, _ host: Host, uplinkQueueCount: Int, avoiding guests: Set<MACAddress>
    ) -> [HostDevice] {
        let (bridge, uplink) = (topology.mark(.bridge, segment.name), topology.mark(.uplink, segment.name))
        let tap = HostDevice.Tap(queueCount: max(1, uplinkQueueCount), isHeldByAgent: true)
        return [
            HostDevice(
                mark: bridge, name: bridge.deviceName.text, kind: .bridge,
                mac: .derived(mark: bridge, host: host, avoiding: guests)),
            HostDevice(
                mark: uplink, name: uplink.deviceName.text, kind: .tap(tap),
                mac: .derived(mark: uplink, host: host, avoiding: guests),
                bridge: bridge.deviceName.text),
        ]
    }
}

extension MACAddress {
    /// The MAC of the host's side of a device: derived, different on each host, and none of `guests`.
    static func derived(mark: Mark, host: Host, avoiding guests: Set<MACAddress>) -> MACAddress {
        let candidates = (0...guests.count).lazy.map { derived(from: "\(mark.alias)@\(host.name)#\($0)") }
        return candidates.first { !guests.contains($0) } ?? derived(from: mark.alias)
    }
}
