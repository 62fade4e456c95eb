/// The metrics that follow from the reports of an agent.
enum ReportMetrics {
    /// Families in a fixed order, samples in the order of the reports.
    static func families(status: StatusReport, ports: [PortReport], segments: [SegmentReport]) -> [MetricFamily] {
        agent(status) + self.ports(ports) + peers(status.peers) + drops(ports: ports, status: status, segments: segments)
            + self.segments(segments)
    }

    private static func agent(_ status: StatusReport) -> [MetricFamily] {
        [
            MetricFamily(
                "weft_agent_info", .gauge, "The agent's host, fabric and version.",
                samples: [.init(1, [("host", status.host), ("fabric", status.fabric), ("version", status.version)])]),
            MetricFamily(
                "weft_agent_uptime_seconds", .gauge, "Time since the agent started.",
                samples: [.init(status.uptimeSeconds)]),
            MetricFamily(
                "weft_agent_ready", .gauge, "1 when the host's part of the topology is up.",
                samples: [.init(status.isReady ? 1 : 0)]),
            MetricFamily(
                "weft_agent_converged", .gauge, "1 when the last look at the kernel found nothing to do.",
                samples: [.init(status.isConverged ? 1 : 0)]),
        ]
    }

    private static func ports(_ ports: [PortReport]) -> [MetricFamily] {
        func family(_ name: String, _ help: String, _ value: (PortReport) -> UInt64) -> MetricFamily {
            MetricFamily(name, .counter, help, samples: ports.map { .init(Double(value($0)), labels(of: $0)) })
        }
        return [
            MetricFamily(
                "weft_port_up", .gauge, "1 when the port is up.",
                samples: ports.map { .init($0.state == .up ? 1 : 0, labels(of: $0)) }),
            family("weft_port_receive_bytes", "Bytes that came from the guest.", \.rxBytes),
            family("weft_port_transmit_bytes", "Bytes that went to the guest.", \.txBytes),
            family("weft_port_receive_frames", "Frames that came from the guest.", \.rxFrames),
            family("weft_port_transmit_frames", "Frames that went to the guest.", \.txFrames),
        ]
    }

    private static func peers(_ peers: [PeerReport]) -> [MetricFamily] {
        func family(_ name: String, _ help: String, _ value: (PeerReport) -> UInt64) -> MetricFamily {
            MetricFamily(name, .counter, help, samples: peers.map { .init(Double(value($0)), [("peer", $0.name)]) })
        }
        func gauge(_ name: String, _ help: String, _ value: (PeerReport) -> Double?) -> MetricFamily {
            MetricFamily(
                name, .gauge, help,
                samples: peers.compactMap { peer in value(peer).map { .init($0, [("peer", peer.name)]) } })
        }
        return [
            gauge("weft_peer_rtt_seconds", "Round-trip time to the peer.", \.rttSeconds),
            gauge("weft_peer_loss_ratio", "Share of probes that the peer did not answer.", \.lossRatio),
            gauge("weft_peer_path_mtu_bytes", "The largest IP packet that reaches the peer.") {
                $0.pathMTUByteCount.map(Double.init)
            },
            family("weft_peer_receive_bytes", "Bytes of inner frames received from the peer.", \.rxBytes),
            family("weft_peer_transmit_bytes", "Bytes of inner frames sent to the peer.", \.txBytes),
            family("weft_peer_receive_frames", "Inner frames received from the peer.", \.rxFrames),
            family("weft_peer_transmit_frames", "Inner frames sent to the peer.", \.txFrames),
        ]
    }

    private static func segments(_ segments: [SegmentReport]) -> [MetricFamily] {
        [
            MetricFamily(
                "weft_fdb_entries", .gauge, "MAC addresses whose place is known.",
                samples: segments.map { .init(Double($0.fdbEntryCount), [("segment", $0.name)]) })
        ]
    }

    private static func drops(ports: [PortReport], status: StatusReport, segments: [SegmentReport]) -> [MetricFamily] {
        func samples(_ label: String, _ name: String, _ drops: [String: UInt64]) -> [MetricFamily.Sample] {
            drops.sorted { $0.key < $1.key }.map { .init(Double($0.value), [(label, name), ("reason", $0.key)]) }
        }
        return [
            MetricFamily(
                "weft_drops", .counter, "Frames that ended early, by port, peer, segment or unknown sender and by reason.",
                samples: ports.flatMap { samples("port", $0.name, $0.drops) }
                    + status.peers.flatMap { samples("peer", $0.name, $0.drops) }
                    + segments.flatMap { samples("segment", $0.name, $0.drops) }
                    + samples("sender", "unknown", status.unknownSenderDrops)),
            MetricFamily(
                "weft_underlay_receive_buffer_drops", .counter, "Datagrams that the kernel dropped for want of buffer.",
                samples: [.init(Double(status.receiveBufferDropCount))]),
        ]
    }

    private static func labels(of port: PortReport) -> [(name: String, value: String)] {
        [("port", port.name)] + (port.segment.map { [("segment", $0)] } ?? [])
    }
}
