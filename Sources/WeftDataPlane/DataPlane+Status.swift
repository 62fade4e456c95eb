import WeftForwarding
import WeftLinux
import WeftTypes

extension DataPlane {
    /// What the data path does in one step where a simple one needs many; each is probed and may be missing.
    public struct Offloads: Hashable, Sendable {
        /// One address of the underlay.
        public struct Underlay: Hashable, Sendable {
            /// Our VTEP address.
            public var address: IPAddress
            /// Datagrams that one `UDP_SEGMENT` send may have; 1 when it is not in force.
            public var segmentLimit: Int
            /// Whether `UDP_GRO` was asked for.
            public var mergesReceived: Bool
            /// The source ports among which flows are spread.
            public var sourcePorts: [UInt16]
        }

        public var underlays: [Underlay]
        /// What each port's device hands over unfinished.
        public var ports: [PortIndex: TapOffloads]
        /// How a port's frames come to its queues.
        public var steering: [PortIndex: Steering]

        /// How a port's frames come to its queues, each of which one worker reads, and whether that stays so.
        public enum Steering: String, Hashable, Sendable {
            /// One has them all.
            case single
            /// Each flow has one.
            case flow
            /// The kernel chooses, and may move a flow: it refused the program that keeps flows where they are.
            case kernel
        }
    }

    /// Which offloads are in force.
    public var offloads: Offloads {
        Offloads(
            underlays: underlays.map { underlay in
                Offloads.Underlay(
                    address: underlay.address, segmentLimit: underlay.segmentLimit, mergesReceived: underlay.mergesReceived,
                    sourcePorts: underlay.transmitters.map { $0.socket.local.udpPort }.sorted())
            },
            ports: state.withLock { $0.portOffloads }, steering: state.withLock { $0.portSteering })
    }

    /// The FDB, by segment and address.
    public func stations() -> [Directory.Listing] {
        let now = MonotonicClock.now()
        return state.withLock { $0.directory.listing(now: now) }
    }

    /// The number of stations of each segment that has any.
    public func stationCounts() -> [SegmentIndex: Int] { state.withLock { $0.directory.countsBySegment() } }

    /// Addresses that could not be learnt because the FDB was full.
    public var refusedStationCount: UInt64 { state.withLock { $0.directory.refusedCount } }

    /// The counters of all workers, summed.
    public func counters() -> CounterSnapshot {
        let (description, trunks) = state.withLock { ($0.fabric.description, $0.trunks) }
        // The device of a trunk without a native VLAN is in no segment, and counts what is of none of its VLANs.
        let ports = Set(description.ports.map(\.index)).union(trunks)
        var snapshot = CounterSnapshot()
        for link in links {
            let block = link.counters
            for port in ports {
                block.read(row: CounterBlock.row(port), into: &snapshot.ports[port, default: TrafficCounters()])
            }
            for peer in description.peers {
                block.read(row: CounterBlock.row(peer.index), into: &snapshot.peers[peer.index, default: TrafficCounters()])
            }
            block.read(row: CounterBlock.unknownPeer, into: &snapshot.unknownPeers)
            block.read(row: CounterBlock.injected, into: &snapshot.injected)
            snapshot.lostEvents += link.events.lostCount + link.bindings.lostCount
        }
        return snapshot
    }

    /// Frames of each port with a cap that were not flooded because of it; cheap enough to ask every second.
    public func limitedFloodCounts() -> [PortIndex: UInt64] {
        let description = state.withLock { $0.fabric.description }
        return description.ports.filter { $0.floodLimit > 0 }.reduce(into: [:]) { counts, port in
            counts[port.index] = links.reduce(0) {
                $0 + $1.counters.dropCount(.floodLimited, row: CounterBlock.row(port.index))
            }
        }
    }

    /// Datagrams, and frames of packet ports, that the kernel dropped because our receive buffers were full.
    public var kernelDropCount: Int {
        let ports = state.withLock { state in
            state.packetPorts.values.joined().reduce(state.formerKernelDropCount) { $0 + $1.kernelDropCount }
        }
        return underlays.flatMap(\.receivers).reduce(ports) { $0 + $1.socket.kernelDropCount() }
    }
}
