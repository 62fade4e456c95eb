import WeftTypes

/// Whether a host's underlay addresses can be used, and what is known of the devices that carry them.
public enum UnderlayState: Hashable, Sendable {
    /// All are there; one entry each, IPv4 first.
    case ready([Endpoint])
    /// Something is missing and waited for; what, in words, with what to do.
    case waiting(String)

    /// One usable underlay address.
    public struct Endpoint: Hashable, Sendable {
        public let address: IPAddress
        /// The device that has it, and that device's MTU in bytes.
        public let device: String
        public let mtu: Int

        /// Describes an address that was found.
        public init(address: IPAddress, device: String, mtu: Int) {
            self.address = address
            self.device = device
            self.mtu = mtu
        }
    }

    /// The usable addresses, none while something is waited for.
    public var endpoints: [Endpoint] {
        switch self {
        case .ready(let endpoints): endpoints
        case .waiting: []
        }
    }

    /// The smallest MTU among the devices, nil while unknown.
    public var mtu: Int? { endpoints.map(\.mtu).min() }
}

extension ObservedHost {
    /// Looks for the underlay addresses that the topology or the command line gives this host.
    public func underlay(_ wanted: Host.Underlay) -> UnderlayState {
        switch wanted {
        case .addresses(let addresses):
            var endpoints: [UnderlayState.Endpoint] = []
            for address in addresses {
                let found = self.addresses.filter { $0.prefix.address == address }.min { $0.device < $1.device }
                guard let found else {
                    return .waiting(
                        "underlay address \(address) is on no device of this host; add it to one, or correct 'underlay'")
                }
                if let obstacle = obstacle(to: found) { return .waiting(obstacle) }
                endpoints.append(endpoint(found))
            }
            return .ready(endpoints)
        case .interface(let device): return underlay(on: device.text)
        }
    }

    /// The lowest global address of each family on `device`.
    private func underlay(on device: String) -> UnderlayState {
        guard links[device] != nil else { return .waiting("underlay device \(device) does not exist; it is waited for") }
        var endpoints: [UnderlayState.Endpoint] = []
        var obstacles: [String] = []
        for family in IPAddress.Family.allCases {
            let found = addresses.filter { $0.device == device && $0.prefix.address.family == family && !$0.isLinkLocal }
            guard let first = found.min(by: { $0.prefix < $1.prefix }) else { continue }
            if let obstacle = obstacle(to: first) { obstacles.append(obstacle) } else { endpoints.append(endpoint(first)) }
        }
        if let obstacle = obstacles.first { return .waiting(obstacle) }
        guard !endpoints.isEmpty else { return .waiting("underlay device \(device) has no address yet; it is waited for") }
        return .ready(endpoints)
    }

    private func endpoint(_ address: ObservedAddress) -> UnderlayState.Endpoint {
        let mtu = links[address.device]?.mtu ?? 1500
        return UnderlayState.Endpoint(address: address.prefix.address, device: address.device, mtu: mtu)
    }

    private func obstacle(to address: ObservedAddress) -> String? {
        let name = "underlay address \(address.prefix.address)"
        if address.isDuplicate {
            return "\(name) is used by another station on \(address.device); give one of the two another address"
        }
        if address.isTentative { return "\(name) on \(address.device) is tentative: the check for a duplicate is not over" }
        guard links[address.device]?.isUp ?? true else { return "\(name) is on \(address.device), which is down; bring it up" }
        return nil
    }
}

extension ObservedAddress {
    /// Whether it is fe80::/10, which reaches no further than its link.
    var isLinkLocal: Bool {
        switch prefix.address {
        case .v4: false
        case .v6(let address): address.rawValue >> 118 == 0x3FA
        }
    }
}
