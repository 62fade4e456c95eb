/// Why a frame ended here: one reason each, each with a counter per port or peer.
///
/// The raw value is the counter's column; it may change between versions, ``name`` may not.
@frozen public enum DropReason: UInt8, CaseIterable, Hashable, Sendable, CustomStringConvertible {
    /// Shorter than its headers: 14 bytes from a port, 8 + 14 from the underlay (PROTOCOL X8).
    case truncated
    /// The VXLAN header's I flag is clear (X1).
    case badVXLANFlags
    /// No segment of this host has the VNI of the VXLAN header (X7).
    case unknownVNI
    /// The segment is known here but this host has no port in it (X7).
    case vniNotJoined
    /// The sender's address is no member of the segment (X8).
    case foreignVTEP
    /// The datagram came in through one of our own overlay devices: a guest imitates a VTEP (X8).
    case underlayFromOverlay
    /// The frame carries a VLAN tag and its segment does not carry tags (X6).
    case innerVLAN
    /// The frame's VLAN is none of its trunk's, or it has no tag and the trunk no native VLAN.
    case notInTrunk
    /// The source address is a group address or zero (X8).
    case badSourceMAC
    /// A frame carries the source address of a local station: one that is declared at another port of this host or, if the
    /// frame is from the underlay, was seen on a local port in the last second (X8). A loop or a spoof.
    case sourceMACIsLocal
    /// The source address is pinned to another place (E6, X8).
    case stickyMAC
    /// The destination is one of 01:80:c2:00:00:00…0f, which IEEE 802.1Q §8.6.3 keeps on one link: spanning tree, pause,
    /// LACP, 802.1X, LLDP.
    case linkLocalMulticast
    /// Nobody is known to have the destination, and the segment says not to flood (E13).
    case unknownUnicast
    /// The destination is behind the port the frame came from.
    case samePort
    /// The destination is behind another host, and the frame came from a tunnel (split horizon, X9).
    case splitHorizon
    /// There is nobody else in the segment to flood to.
    case noMembers
    /// It was to be flooded, and its port has flooded as much as it may (`bum` of the topology).
    case floodLimited
    /// The port is blocked, because it is on one wire with another port of its segment.
    case portBlocked
    /// A probe for loops, which is for the agent itself and crosses nothing.
    case loopProbe
    /// A path probe beyond what a peer may have answered in a second.
    case probeLimited
    /// Too big for the segment; an ICMP answer was due but the port's rate limit is used up.
    case tooBigAnswerLimited
    /// Too big for the segment, it may not be fragmented, and no ICMP answer may be sent: a group address, an ICMP error, a
    /// later fragment, or a destination of which it is not known that it is remote.
    case tooBigNoAnswer
    /// Too big for the segment, and from the underlay or no IP at all, so that nobody can be told; or flooded, and too big for
    /// the path to every member.
    case oversize
    /// Too big, and its IP header does not add up, so that it can't be fragmented or answered.
    case badInnerIP
    /// The offload header does not describe the frame: a superframe whose headers disagree, or a checksum place outside.
    /// A guest's own tunnel in a superframe looks like this.
    case badOffload
    /// The port's device is gone or the frame came from a port that no table knows.
    case unknownPort
    /// The destination's host has no transmit socket here: a peer of an address family this host lacks.
    case noUnderlay
    /// The kernel refused to send, or its queue stayed full for too long.
    case sendFailed
    /// The kernel refused to take the frame for the local device, or the device is down or gone.
    case portWriteFailed

    /// The reason in the words of the API and the documentation; stable.
    public var name: String {
        switch self {
        case .truncated: "truncated"
        case .badVXLANFlags: "bad-vxlan-flags"
        case .unknownVNI: "unknown-vni"
        case .vniNotJoined: "vni-not-joined"
        case .foreignVTEP: "foreign-vtep"
        case .underlayFromOverlay: "underlay-from-overlay"
        case .innerVLAN: "inner-vlan"
        case .notInTrunk: "vlan-not-in-trunk"
        case .badSourceMAC: "bad-source-mac"
        case .sourceMACIsLocal: "source-mac-is-local"
        case .stickyMAC: "sticky-mac"
        case .linkLocalMulticast: "link-local-multicast"
        case .unknownUnicast: "unknown-unicast-dropped"
        case .samePort: "same-port"
        case .splitHorizon: "split-horizon"
        case .noMembers: "no-members"
        case .floodLimited: "bum-limited"
        case .portBlocked: "port-blocked"
        case .loopProbe: "loop-probe"
        case .probeLimited: "probe-limited"
        case .tooBigAnswerLimited: "too-big-answer-limited"
        case .tooBigNoAnswer: "too-big-no-answer"
        case .oversize: "oversize"
        case .badInnerIP: "bad-inner-ip"
        case .badOffload: "bad-offload"
        case .unknownPort: "unknown-port"
        case .noUnderlay: "no-underlay"
        case .sendFailed: "send-failed"
        case .portWriteFailed: "port-write-failed"
        }
    }

    public var description: String { name }
}
