import WeftTopology

/// What a host should have, as far as it can be said before the host was looked at: the MTU of its underlay decides that of
/// its guests.
public struct HostWish: Sendable {
    /// Where the underlay addresses are; the command line may have overridden the file.
    public let underlay: Host.Underlay
    /// The desired state for an underlay MTU in bytes.
    public let state: @Sendable (_ underlayMTU: Int) -> HostState

    /// Describes a wish by the state it becomes.
    public init(underlay: Host.Underlay, state: @escaping @Sendable (_ underlayMTU: Int) -> HostState) {
        self.underlay = underlay
        self.state = state
    }

    /// The part of `host` in `topology`.
    ///
    /// - Parameters:
    ///   - underlay: what the command line says instead of the file.
    ///   - userID: the number of a user of this host by name, nil when there is no such user.
    public init(
        topology: Topology, host: Host, underlay: Host.Underlay? = nil, placement: GuestPlacement = .host,
        uplinkQueueCount: Int = 1, userID: @escaping @Sendable (String) -> UInt32? = { UInt32($0) }
    ) {
        self.init(underlay: underlay ?? host.underlay) { mtu in
            HostState(
                topology: topology, host: host, placement: placement, underlayMTU: mtu, uplinkQueueCount: uplinkQueueCount,
                userID: userID)
        }
    }

    /// Nothing of `fabric`, or of any when nil: what `--remove` and `--cleanup` ask for.
    public static func nothing(of fabric: TopologyName?) -> HostWish {
        HostWish(underlay: .addresses([])) { _ in .nothing(of: fabric) }
    }
}
