import WeftAPI
import WeftGossip
import WeftGossipShell
import WeftSealing

/// Metrics that only the agent knows: what gossip costs, whom it refuses, and what it decided about stations.
extension Agent {
    func metrics() -> [MetricFamily] {
        let host = MetricFamily(
            "weft_host_writes", .counter, "Changes of the kernel's objects that were asked for, refused ones included.",
            samples: [.init(Double(driver.writeCount))])
        guard let gossip else { return [host] }
        let counters = gossip.counters
        let (traffic, sealing, stations) = (counters.gossip, counters.sealing, counters.stations)
        let states = Dictionary(grouping: gossip.members, by: \.state).mapValues(\.count)
        func counter(_ name: String, _ help: String, _ values: [(labels: [(name: String, value: String)], value: UInt64)])
            -> MetricFamily
        {
            MetricFamily(name, .counter, help, samples: values.map { .init(Double($0.value), $0.labels) })
        }
        let refused =
            Refusal.allCases.map { (labels: [(name: "reason", value: $0.rawValue)], value: sealing[$0]) }
            + [(labels: [(name: "reason", value: "impostor")], value: counters.impostors)]
        return [
            host,
            counter(
                "weft_gossip_records_written", "Records of this agent's own that it wrote or withdrew.",
                [([], traffic[.recordsWritten])]),
            MetricFamily(
                "weft_gossip_members", .gauge, "Members of the fabric, this agent among them, by what is thought of them.",
                samples: MemberState.allCases.map { .init(Double(states[$0] ?? 0), [("state", "\($0)")]) }),
            counter(
                "weft_gossip_datagrams", "Datagrams of gossip, before sealing and after opening.",
                [
                    ([("direction", "sent")], traffic[.datagramsSent]),
                    ([("direction", "received")], traffic[.datagramsReceived]),
                ]),
            counter(
                "weft_gossip_bytes", "Bytes of those datagrams, without sealing and headers.",
                [([("direction", "sent")], traffic[.bytesSent]), ([("direction", "received")], traffic[.bytesReceived])]),
            counter("weft_gossip_refused_datagrams", "Datagrams that changed nothing, by the reason.", refused),
            counter(
                "weft_gossip_unsent_datagrams", "Datagrams that the kernel did not take.",
                [([], counters.sendFailures.values.reduce(0, +))]),
            counter("weft_station_moves", "Moves of stations that this agent heard of.", [([], stations.moves)]),
            counter(
                "weft_station_refusals", "Sightings of stations that were not believed, by the reason.",
                [
                    ([("reason", "sticky")], stations.refusedSticky), ([("reason", "duplicate")], stations.refusedDuplicate),
                    ([("reason", "port-full")], stations.refusedByPort), ([("reason", "rate")], stations.refusedByRate),
                    ([("reason", "table-full")], stations.refusedByTable),
                ]),
        ]
    }
}
