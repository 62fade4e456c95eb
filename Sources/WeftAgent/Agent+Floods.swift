import WeftForwarding
import WeftLinux

/// What is said of ports that bring more frames to be flooded than they may.
extension Agent {
    /// Looks what was dropped since the last look.
    func lookAtFloods() {
        guard let plane else { return }
        for news in floodWatch.look(plane.limitedFloodCounts(), now: MonotonicClock.now()) {
            switch news {
            case .began(let index):
                guard let port = floodLimited(index) else { continue }
                note(
                    .floodLimited, port.name,
                    "more than \(port.floodLimit) frames/s are to be flooded (broadcast, unknown or multicast): what is beyond is "
                        + "dropped; is there a loop?")
            case .ended(let index, let count):
                guard let port = floodLimited(index) else { continue }
                note(.floodCalm, port.name, "floods less than \(port.floodLimit) frames/s again; \(count) frames were dropped")
            }
        }
    }

    /// What the packet path knows of a port by its index: an uplink has the name of its segment.
    func floodLimited(_ index: PortIndex) -> PortDescription? { compiled?.fabric.ports.first { $0.index == index } }
}
