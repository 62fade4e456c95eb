import Synchronization
import WeftControl
import WeftLinux
import WeftNetlink
import WeftTopology
import WeftTypes

/// The host by netlink and TUN: what the reconciler observes and applies in production.
///
/// It reads and writes in one network namespace; guests' namespaces are entered for each visit, since a socket kept in one
/// would keep it alive. Read it with `Planner`: each `apply` is one thing, and stopping between two is harmless.
public final class NetlinkLinkDriver: LinkDriver {
    let namespace: NetworkNamespace
    let netlink: RouteNetlink
    let uplinks: UplinkRegistry
    let descriptors: DescriptorSource
    /// The one queue of each VM's TAP that is not persistent yet, by the device's number: without it the device would go.
    let unfinished = Mutex<[Int32: UnfinishedTap]>([:])
    private let writes = Atomic<Int>(0)

    /// A TAP that goes with this value until it is made persistent.
    final class UnfinishedTap: Sendable {
        let queue: TapQueue

        init(_ queue: consuming TapQueue) { self.queue = queue }
    }

    /// Who added an address, as the kernel keeps it (`IFA_PROTO`): "w".
    static let addressOrigin: UInt8 = 0x77

    /// Opens the host.
    ///
    /// - Parameters:
    ///   - namespace: the network namespace to work in.
    ///   - uplinks: gets the queues of devices that the agent holds.
    ///   - descriptors: opens queues, or hands out inherited ones.
    /// - Throws: ``LinkFailure`` when the namespace can't be entered or a netlink socket not be opened.
    public init(
        namespace: NetworkNamespace = .current, uplinks: UplinkRegistry = UplinkRegistry(),
        descriptors: DescriptorSource = DescriptorSource()
    ) throws(LinkFailure) {
        self.namespace = namespace
        self.uplinks = uplinks
        self.descriptors = descriptors
        netlink = try namespace.visit { () throws(LinkFailure) in
            try asking { () throws(NetlinkError) in try RouteNetlink.open() }
        }
    }

    /// How often something in the kernel was written, failures included. Opening a queue of a device that exists is none.
    public var writeCount: Int { writes.load(ordering: .relaxed) }

    func countWrite() { writes.wrappingAdd(1, ordering: .relaxed) }

    /// Changes something by netlink.
    func write(_ body: () throws(NetlinkError) -> Void) throws(LinkFailure) {
        countWrite()
        try asking(body)
    }

    public func observe(guestNamespaces: [String]) async throws(LinkFailure) -> ObservedHost {
        try namespace.visit { () throws(LinkFailure) in try observeHere(guestNamespaces) }
    }

    public func apply(_ action: PlanStep.Action) async throws(LinkFailure) {
        try namespace.visit { () throws(LinkFailure) in try applyHere(action) }
    }
}
