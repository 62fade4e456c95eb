import WeftGossip
import WeftTypes

/// The hosts of a simulation with what they know of stations, joined to their nodes as an agent joins them.
final class EndpointHosts: SimulationObserver {
    /// The stations that are looked at; what nodes say of others doesn't reach the hosts.
    private let keys: Set<RecordKey>
    private var endpoints: [Endpoints]
    /// The station whose way to a node is waited for.
    private var awaited: (key: EndpointKey, place: NodeID)?
    private var began = Simulation.origin
    private(set) var times = Times()
    /// How many hosts send to the new place since ``await(_:at:since:)``.
    private(set) var count = 0

    init(_ simulation: Simulation, stations: [EndpointKey]) {
        keys = Set(stations.map(\.recordKey))
        endpoints = (0..<simulation.nodeCount).map { node in
            Endpoints(identity: simulation.id(of: node), addresses: [Addressing.vtep(of: node)], now: simulation.now)
        }
    }

    /// Begins to count the hosts that learn where a station is.
    func await(_ key: EndpointKey, at place: NodeID, since began: Instant) {
        awaited = (key, place)
        (self.began, count) = (began, 0)
    }

    func forgetTimes() { times = Times() }

    /// A host sees a frame of a station.
    func see(_ key: EndpointKey, at node: Int, in simulation: Simulation) {
        give(.sighted(key, port: LocalPort(1), .frame, seen: simulation.now), to: node, in: simulation)
    }

    func recordChanged(_ origin: NodeID, _ key: RecordKey, _ value: RecordValue?, at node: Int, in simulation: Simulation) {
        guard keys.contains(key) else { return }
        give(.recordChanged(origin: origin, key, value), to: node, in: simulation)
    }

    private func give(_ input: Endpoints.Input, to node: Int, in simulation: Simulation) {
        var effects: [Endpoints.Effect] = []
        endpoints[node].handle(input, now: simulation.now, into: &effects)
        for effect in effects {
            switch effect {
            case .publish(let key, let value): simulation.give(.publish(key, value), to: node)
            case .withdraw(let key): simulation.give(.withdraw(key), to: node)
            case .routeChanged(let key, let route):
                guard let awaited, key == awaited.key, route?.node == awaited.place else { continue }
                count += 1
                times.add(began.duration(to: simulation.now))
            // What is left has no part in where frames go, and ends by itself with the next input.
            case .bindingChanged, .forgetLocally, .forwardLate, .endLate, .announce, .alarm, .wake: continue
            }
        }
    }
}

extension Figure {
    /// Twenty stations that move one after the other; the time from the first frame at the new host to the route at each other.
    func moves(_ nodeCount: Int, _ seeds: ClosedRange<UInt64>) -> FigureRow {
        var times = Times()
        var (missed, expected) = (0, 0)
        for seed in seeds {
            let simulation = Fabric(count: nodeCount, seed: seed).simulation
            let stations = (0..<20).map { EndpointKey(Content.segment, MACAddress(rawValue: 0x5254_0000_0000 + $0)) }
            let hosts = EndpointHosts(simulation, stations: stations)
            simulation.observer = hosts
            for (number, station) in stations.enumerated() {
                let former = number * 7919 % nodeCount
                hosts.await(station, at: simulation.id(of: former), since: simulation.now)
                hosts.see(station, at: former, in: simulation)
                simulation.run(for: .seconds(30)) { hosts.count == nodeCount - 1 }
            }
            hosts.forgetTimes()
            for (number, station) in stations.enumerated() {
                let place = (number * 7919 % nodeCount + 1 + number % (nodeCount - 1)) % nodeCount
                // At any moment of the nodes' rounds.
                simulation.run(for: .milliseconds(Int64(number) * 37 % 500))
                hosts.await(station, at: simulation.id(of: place), since: simulation.now)
                hosts.see(station, at: place, in: simulation)
                simulation.run(for: .seconds(30)) { hosts.count == nodeCount - 1 }
                expected += nodeCount - 1
                missed += nodeCount - 1 - hosts.count
            }
            times.add(hosts.times)
        }
        let limit: Duration = .milliseconds(25)
        return row(
            nodeCount, "p99 \(text(times, 0.99)), longest \(text(times, 1))", limit: "p99 ≤ \(limit.scenarioText)",
            isReached: missed == 0 && isWithin(times, 0.99, limit),
            basis: "\(expected) hosts in \(20 * seeds.count) moves, \(missed) not repointed after 30 s")
    }
}
