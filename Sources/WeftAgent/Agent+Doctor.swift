import WeftAPI
import WeftControl
import WeftDataPlane
import WeftTopology
import WeftTypes

/// What only the agent can tell about its host's health; the checks of the host itself are the command line's.
extension Agent {
    func doctor() -> [Finding] {
        [convergence, underlayAddress] + mtuFindings + offloadFindings + trafficFindings + directPortFindings
    }

    private var convergence: Finding {
        let missing = obstacles
        guard let first = missing.first else {
            return Finding(.convergence, .ok, "the host is as \(options.topologySource) says")
        }
        let more = missing.count > 1 ? " (and \(missing.count - 1) more)" : ""
        return Finding(.convergence, .fail, first + more, fix: "weft status tells all; weft ports tells each port's state")
    }

    private var underlayAddress: Finding {
        switch report?.underlay {
        case .ready(let endpoints):
            let places = endpoints.map { "\($0.address) on \($0.device)" }.joined(separator: ", ")
            return Finding(.underlayAddress, .ok, "underlay address \(places)")
        case .waiting(let cause): return Finding(.underlayAddress, .fail, cause)
        case nil: return Finding(.underlayAddress, .warn, "the host was not looked at yet")
        }
    }

    private var mtuFindings: [Finding] {
        guard let report, let underlayMTU = report.underlay.mtu else { return [] }
        return loaded.topology.segments(on: loaded.host).map { segment in
            let overhead = loaded.topology.overheadByteCount(of: segment)
            let room = underlayMTU - overhead
            let mtu = mtu(of: segment)
            let sum = "\(mtu) + \(overhead) = \(mtu + overhead)"
            guard mtu > room else {
                return Finding(.mtu, .ok, "segment \(segment.name): \(sum) fits the underlay's \(underlayMTU)")
            }
            return Finding(
                .mtu, .warn, "underlay has MTU \(underlayMTU): segment \(segment.name) can carry \(room), not \(mtu) (\(sum))",
                fix: "segments.\(segment.name).mtu: auto")
        }
    }

    private var offloadFindings: [Finding] {
        guard let offloads = plane?.offloads else { return [] }
        let missing = offloads.underlays.flatMap { underlay in
            (underlay.segmentLimit > 1 ? [] : ["UDP_SEGMENT"]) + (underlay.mergesReceived ? [] : ["UDP_GRO"])
        }
        let sockets =
            missing.isEmpty
            ? Finding(.udpOffloads, .ok, "UDP_SEGMENT and UDP_GRO are in force")
            : Finding(
                .udpOffloads, .warn, "not in force: \(Set(missing).sorted().joined(separator: ", "))", fix: "a newer kernel")
        guard let weakest = offloads.ports.values.min(by: { $0.rawValue.nonzeroBitCount < $1.rawValue.nonzeroBitCount }) else {
            return [sockets]
        }
        let taps =
            weakest.contains(.tcp4)
            ? Finding(.tapOffloads, .ok, "TAP devices hand over superframes" + (weakest.contains(.udp) ? "" : " (TCP only)"))
            : Finding(.tapOffloads, .warn, "TAP devices hand over single frames", fix: "a newer kernel")
        return [sockets, taps]
    }

    private var directPortFindings: [Finding] {
        let (direct, unread) = (readPorts, unreadPorts)
        guard !direct.isEmpty else { return [] }
        guard let first = unread.first else {
            let names = direct.map(\.name.text).joined(separator: ", ")
            return [Finding(.directPorts, .ok, "read by the agent itself and unheard by the host: \(names)")]
        }
        let cause = status(of: first)?.cause ?? "no worker reads \(first.device?.text ?? first.name.text)"
        let more = unread.count > 1 ? " (and \(unread.count - 1) more)" : ""
        return [
            Finding(
                .directPorts, .fail, "direct port \(first.name): \(cause)\(more)",
                fix: "weft port show \(first.name), and the agent's log")
        ]
    }

    /// A peer that we send to and that never answered is the usual sign of a firewall in between.
    private var trafficFindings: [Finding] {
        peers().filter { $0.txFrames > 0 && $0.rxFrames == 0 && $0.drops.isEmpty && uptime > .seconds(10) }.map { peer in
            Finding(
                .peerTraffic, .warn,
                "udp/\(loaded.host.udpPort) from \(peer.name) does not arrive, though \(peer.txFrames) frames went there",
                fix: "allow udp/\(loaded.host.udpPort) on \(peer.name)'s and this host's firewall")
        }
    }
}
