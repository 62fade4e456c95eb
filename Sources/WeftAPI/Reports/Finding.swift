/// The outcome of one check of `weft doctor`.
public struct Finding: Codable, Hashable, Sendable {
    /// How bad it is.
    public enum Status: String, Codable, Hashable, Sendable, CaseIterable {
        case ok, warn, fail
    }

    /// The check; a number means the same thing in every version.
    public enum Code: String, Codable, Hashable, Sendable, CaseIterable {
        /// Kernel release and the features found in it.
        case kernel = "D01"
        /// `/dev/net/tun` can be opened.
        case tun = "D02"
        /// The process has the privileges that an agent needs.
        case privileges = "D03"
        /// VXLAN, bridge, veth and VLAN devices can be made.
        case devices = "D04"
        /// Offloads of TAP devices.
        case tapOffloads = "D05"
        /// Offloads of UDP sockets.
        case udpOffloads = "D06"
        /// Underlay MTU against the segments' MTU.
        case mtu = "D07"
        /// The UDP port of the tunnel end point.
        case udpPort = "D08"
        /// br_netfilter and a FORWARD chain that drops.
        case bridgeFilter = "D09"
        /// A firewall before the UDP port of the tunnel end point.
        case firewall = "D10"
        /// Reverse-path filtering on the underlay.
        case reversePathFilter = "D11"
        /// Whether frames of a peer arrive.
        case peerTraffic = "D12"
        /// An agent answers on its socket.
        case agent = "D13"
        /// The agent's objects are as the topology says.
        case convergence = "D14"
        /// The underlay address is on this host.
        case underlayAddress = "D15"
        /// Socket buffers and other limits of the system.
        case limits = "D16"
        /// Ports that the agent reads itself, and what keeps the host from hearing them.
        case directPorts = "D17"
    }

    /// Which check it was.
    public var code: Code
    /// How bad it is.
    public var status: Status
    /// What was found, in one line.
    public var text: String
    /// What to type or change; nil when there is nothing to do.
    public var fix: String?

    /// Creates a finding.
    public init(_ code: Code, _ status: Status, _ text: String, fix: String? = nil) {
        (self.code, self.status, self.text, self.fix) = (code, status, text, fix)
    }
}
