import Testing
import WeftTypes

@testable import WeftGossip

/// Several hosts whose guests move at random: in the end all agree, and on the right place.
@Suite struct EndpointsFabricTests {
    enum Network: CaseIterable {
        case quick, slowAndReordered

        var delay: ClosedRange<Int64> {
            switch self {
            case .quick: 200_000...1_000_000
            case .slowAndReordered: 200_000...500_000_000
            }
        }
    }

    @Test(
        "E3, E4: whatever moves and whatever order the records come in, all agree on the place of the last sighting",
        arguments: Network.allCases, UInt64(0)..<100)
    func agreement(network: Network, seed: UInt64) {
        var configuration = EndpointsConfiguration()
        configuration.duplicateMoveCount = 1000
        var fabric = EndpointsFabric(seed: seed, configuration: configuration, delay: network.delay)
        fabric.disturb(for: .seconds(20))
        fabric.speak(for: .seconds(8))
        fabric.run(for: .seconds(60))
        for station in fabric.stations.indices {
            #expect(fabric.owners(of: station) == [fabric.stations[station].place], "station \(station)")
        }
        expectAgreement(fabric)
    }

    @Test("E5: where stations move too often all agree on one place, too", arguments: Network.allCases, UInt64(0)..<100)
    func agreementOnDuplicates(network: Network, seed: UInt64) {
        var fabric = EndpointsFabric(seed: seed, delay: network.delay)
        fabric.disturb(for: .seconds(20))
        fabric.speak(for: .seconds(8))
        fabric.run(for: .seconds(60))
        for station in fabric.stations.indices {
            #expect(fabric.owners(of: station).count == 1, "station \(station)")
        }
        expectAgreement(fabric)
    }

    /// Each host's routes and bindings, as its effects told them, lead to the one who has the station.
    private func expectAgreement(_ fabric: EndpointsFabric) {
        for (number, station) in fabric.stations.enumerated() {
            let owner = fabric.owners(of: number).first
            for host in fabric.hosts.indices {
                let route = fabric.hosts[host].routes[station.key]
                #expect(route?.node == (host == owner ? nil : owner.map(EndpointsFabric.node)), "station \(number) at \(host)")
                #expect(route == fabric.hosts[host].endpoints.route(to: station.key))
                let binding = fabric.hosts[host].bindings[station.address]
                #expect(binding == fabric.hosts[host].endpoints.binding(EndpointsHost.vni, station.address))
                if let binding { #expect(fabric.owners(of: binding.mac) == [binding.node], "address of \(number) at \(host)") }
                #expect(fabric.hosts[host].late.isEmpty)
            }
        }
    }

    @Test("The same inputs have the same effects, in the same order", arguments: UInt64(0)..<4)
    func repeatable(seed: UInt64) {
        let runs = (0..<2).map { _ in
            var fabric = EndpointsFabric(seed: seed, delay: 200_000...50_000_000)
            fabric.disturb(for: .seconds(10))
            return fabric.effects
        }
        #expect(runs[0] == runs[1])
        #expect(!runs[0].isEmpty)
    }
}

/// Hosts that exchange records: each host hears the latest version of each record of each other, after a delay of its own.
struct EndpointsFabric {
    struct Host {
        var endpoints: Endpoints
        var wake: Instant?
        var version: UInt64 = 0
        var records: [RecordKey: RecordValue] = [:]
        /// The newest version heard, by origin and key.
        var heard: [Int: [RecordKey: UInt64]] = [:]
        // What the shell was told.
        var routes: [EndpointKey: Endpoints.Route] = [:]
        var bindings: [IPAddress: Endpoints.Binding] = [:]
        var late: Set<EndpointKey> = []
    }

    struct Station {
        var key: EndpointKey
        var address: IPAddress
        var place: Int
    }

    enum Event {
        case input(Int, Endpoints.Input)
        case record(from: Int, to: Int, version: UInt64, RecordKey, RecordValue?)
        case wake(Int)
    }

    var hosts: [Host] = []
    var stations: [Station] = []
    /// All effects of all hosts, in their order.
    var effects: [Endpoints.Effect] = []
    private var random: SeededRandom
    private let delay: ClosedRange<Int64>
    private var now = Instant(nanoseconds: 1_000_000_000)
    private var queue: [(at: Instant, event: Event)] = []

    static func node(_ host: Int) -> NodeID { NodeID(rawValue: UInt128(1000 - host)) }

    init(seed: UInt64, configuration: EndpointsConfiguration = EndpointsConfiguration(), delay: ClosedRange<Int64>) {
        random = SeededRandom(seed: seed)
        self.delay = delay
        let hostCount = Int.random(in: 2...6, using: &random)
        for host in 0..<hostCount {
            hosts.append(
                Host(
                    endpoints: Endpoints(
                        configuration, identity: Self.node(host), addresses: [EndpointsHost.vtep(UInt32(host))], now: now)))
        }
        for host in hosts.indices {
            for other in hosts.indices where other != host {
                let record = NodeRecord(name: "\(other)", vtepAddresses: [EndpointsHost.vtep(UInt32(other))])
                var bytes: [UInt8] = []
                record.emit(into: &bytes)
                give(.recordChanged(origin: Self.node(other), .node, RecordValue(checked: bytes)), to: host)
            }
        }
        for number in 0..<Int.random(in: 1...4, using: &random) {
            let key = EndpointKey(EndpointsHost.vni, MACAddress(rawValue: 0x5254_0000_0200 + UInt64(number)))
            let address = IPAddress.v4(IPv4Address(rawValue: 0x0A00_0200 + UInt32(number)))
            stations.append(Station(key: key, address: address, place: Int.random(in: hosts.indices, using: &random)))
        }
        // Some stations are declared, at a place where they needn't be.
        for host in hosts.indices {
            var declarations: [EndpointDeclaration] = []
            for (number, station) in stations.enumerated() where number % 2 == 1 && number % hosts.count == host {
                declarations.append(EndpointDeclaration(station.key, port: LocalPort(1), addresses: [station.address]))
            }
            give(.declare(declarations), to: host)
        }
    }

    /// The hosts that publish a station.
    func owners(of station: Int) -> [Int] {
        hosts.indices.filter { hosts[$0].records[stations[station].key.recordKey] != nil }
    }

    func owners(of mac: MACAddress) -> [NodeID] {
        let key = EndpointKey(EndpointsHost.vni, mac).recordKey
        return hosts.indices.filter { hosts[$0].records[key] != nil }.map(Self.node)
    }

    // MARK: What happens

    /// Stations speak, move, are forgotten, and ports come and go.
    mutating func disturb(for duration: Duration) {
        let end = now.advanced(by: duration)
        while now < end {
            run(for: .nanoseconds(Int64.random(in: 1_000_000...400_000_000, using: &random)))
            let station = Int.random(in: stations.indices, using: &random)
            let host = Int.random(in: hosts.indices, using: &random)
            switch Int.random(in: 0..<20, using: &random) {
            case 0..<10: speak(station)
            case 10..<13: stations[station].place = host
            case 13..<16:
                stations[station].place = host
                speak(station)
            case 16: push(.input(host, .forgotten(stations[station].key, .frame)), after: .zero)
            case 17: push(.input(host, .forgotten(stations[station].key, .bridge)), after: .zero)
            case 18: push(.input(host, .portGone(LocalPort(1))), after: .zero)
            default: push(.input(host, .portAttached(LocalPort(1), takesOver: Bool.random(using: &random))), after: .zero)
            }
        }
        for host in hosts.indices { push(.input(host, .portAttached(LocalPort(1), takesOver: false)), after: .zero) }
    }

    /// All stations stay where they are and speak every now and then.
    mutating func speak(for duration: Duration) {
        let end = now.advanced(by: duration)
        while now < end {
            for station in stations.indices { speak(station) }
            run(for: .milliseconds(50))
        }
    }

    /// A worker reads a frame, and the control side hears of it a little later.
    private mutating func speak(_ station: Int) {
        let (key, address) = (stations[station].key, stations[station].address)
        let lag = Duration.nanoseconds(Int64.random(in: 0...5_000_000, using: &random))
        let input: Endpoints.Input =
            switch Int.random(in: 0..<3, using: &random) {
            case 0: .bound(key, address, port: LocalPort(1), seen: now)
            case 1: .sighted(key, port: nil, .frame, seen: now)
            default: .sighted(key, port: LocalPort(1), .frame, seen: now)
            }
        push(.input(stations[station].place, input), after: lag)
    }

    mutating func run(for duration: Duration) {
        let end = now.advanced(by: duration)
        while let first = queue.last, first.at <= end {
            queue.removeLast()
            now = max(now, first.at)
            switch first.event {
            case .input(let host, let input): give(input, to: host)
            case .wake(let host): if hosts[host].wake == first.at { give(.tick, to: host) }
            case .record(let origin, let host, let version, let key, let value):
                guard version > hosts[host].heard[origin]?[key] ?? 0 else { continue }
                hosts[host].heard[origin, default: [:]][key] = version
                give(.recordChanged(origin: Self.node(origin), key, value), to: host)
            }
        }
        now = end
    }

    private mutating func give(_ input: Endpoints.Input, to host: Int) {
        var effects: [Endpoints.Effect] = []
        hosts[host].endpoints.handle(input, now: now, into: &effects)
        self.effects += effects
        for effect in effects {
            switch effect {
            case .publish(let key, let value): write(key, value, at: host)
            case .withdraw(let key): write(key, nil, at: host)
            case .routeChanged(let key, let route): hosts[host].routes[key] = route
            case .bindingChanged(_, let address, let binding): hosts[host].bindings[address] = binding
            case .forwardLate(let key, _, _): hosts[host].late.insert(key)
            case .endLate(let key): hosts[host].late.remove(key)
            case .wake(let at):
                hosts[host].wake = at
                push(.wake(host), at: at)
            case .forgetLocally, .announce, .alarm: break
            }
        }
    }

    private mutating func write(_ key: RecordKey, _ value: RecordValue?, at host: Int) {
        hosts[host].records[key] = value
        hosts[host].version += 1
        let version = hosts[host].version
        for other in hosts.indices where other != host {
            let lag = Duration.nanoseconds(Int64.random(in: delay, using: &random))
            push(.record(from: host, to: other, version: version, key, value), after: lag)
        }
    }

    private mutating func push(_ event: Event, after lag: Duration) { push(event, at: now.advanced(by: lag)) }

    private mutating func push(_ event: Event, at: Instant) {
        // Soonest last; of equal ones the first made comes first.
        queue.insert((at, event), at: queue.partitionPoint { $0.at > at })
    }
}
