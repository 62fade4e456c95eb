import Synchronization
import WeftLinux
import WeftNetlink
import WeftTopology

extension NetlinkLinkDriver {
    /// Makes a TAP that goes with its queue. The queue of one that the agent holds goes to the registry at once, that of a
    /// VM's is kept until the device is persistent.
    func createTap(_ name: String, _ tap: HostDevice.Tap) throws(LinkFailure) {
        countWrite()
        let queue = try calling { () throws(LinuxError) in
            try open(name, number: tap.isHeldByAgent ? 0 : nil, isMultiQueue: tap.isMultiQueue, existence: .create)
        }
        guard let link = try asking({ () throws(NetlinkError) in try netlink.link(named: name) }) else {
            throw .changed("cannot configure TAP \(name): somebody removed it at once")
        }
        if tap.isHeldByAgent {
            uplinks.add(queue, of: link.index, device: name)
        } else {
            let kept = UnfinishedTap(queue)
            unfinished.withLock { $0[link.index] = kept }
        }
    }

    /// Opens queues of a TAP until the agent holds `count`.
    func holdQueues(of link: Link, count: Int) throws(LinkFailure) {
        guard case .tun(let tun) = link.kind else { throw .changed("cannot open \(link.name): it is no TAP any more") }
        for number in uplinks.queueCount(of: link.index)..<max(count, uplinks.queueCount(of: link.index)) {
            let queue = try calling { () throws(LinuxError) in
                try open(link.name, number: number, isMultiQueue: tun.isMultiQueue, existence: .adopt)
            }
            uplinks.add(queue, of: link.index, device: link.name)
        }
    }

    /// Runs `body` on a queue of the device: one that is at hand, else one that is opened for the purpose.
    func withQueue(of link: Link, _ body: (borrowing TapQueue) throws(LinuxError) -> Void) throws(LinkFailure) {
        countWrite()
        if let kept = unfinished.withLock({ $0[link.index] }) {
            return try calling { () throws(LinuxError) in try body(kept.queue) }
        }
        let isDone = try calling { () throws(LinuxError) in try uplinks.withQueue(of: link.index, body) }
        guard !isDone else { return }
        guard case .tun(let tun) = link.kind else { throw .changed("cannot open \(link.name): it is no TAP any more") }
        try calling { () throws(LinuxError) in
            try body(try open(link.name, number: nil, isMultiQueue: tun.isMultiQueue, existence: .adopt))
        }
    }

    /// Opens a queue; those the agent holds, which are numbered, may have been inherited.
    private func open(
        _ name: String, number: Int?, isMultiQueue: Bool, existence: TapDevice.Existence
    ) throws(LinuxError) -> TapQueue {
        let options = TapOptions(isMultiQueue: isMultiQueue, hasVirtioNetHeader: true)
        guard let number else { return try TapDevice.open(name: name, options: options, existence: existence) }
        return try descriptors.tapQueue("tap \(name) \(number)", device: name, options: options, existence: existence)
    }
}
