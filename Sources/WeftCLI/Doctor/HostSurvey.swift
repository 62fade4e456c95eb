import Glibc
import WeftLinux
import WeftNetlink
import WeftTypes

/// What `weft doctor` looks at on a host; ``HostChecks`` judges it.
struct HostSurvey: Hashable, Sendable {
    /// Whether a device file can be opened.
    enum Access: Hashable, Sendable {
        case granted, missing
        case refused(errno: Int32)
    }

    /// Who has a UDP port.
    enum Holder: Hashable, Sendable {
        case nobody
        case process(id: Int32, name: String)
        /// Somebody that this user may not see, or the kernel's own VXLAN device.
        case unknown
    }

    /// `uname -r`.
    var kernelRelease = ""
    /// Whether this process may change the network's configuration.
    var canAdministerNetwork = false
    /// Whether this process may open packet sockets.
    var canOpenPacketSockets = false
    /// Whether this process may enter network namespaces.
    var canEnterNamespaces = false
    var tun = Access.missing
    /// What a TAP of ours gets; nil when it could not be tried.
    var tapOffloads: TapOffloads?
    /// Segments that one UDP send may have, 0 without `UDP_SEGMENT`; nil when it could not be tried.
    var udpSegmentCount: Int?
    /// Whether datagrams can be received merged; nil when it could not be tried.
    var hasUDPGRO: Bool?
    /// Which kinds of device the kernel makes; empty when it could not be tried.
    var deviceKinds: [String: Bool] = [:]
    /// Whether a filter can keep the host from hearing a device, as direct ports need it; nil when it could not be tried.
    var canDeafen: Bool?
    /// The UDP port that was looked at.
    var udpPort: UInt16
    var udpPortHolder = Holder.nobody
    /// `net.bridge.bridge-nf-call-iptables`; nil where br_netfilter is not loaded.
    var bridgeCallsIPTables: Bool?
    /// The rules of nftables, which those of today's `iptables` are too; nil when they could not be read.
    var firewall: FirewallRules?
    /// The underlay's interfaces with their strictness, 0 off, 1 strict, 2 loose.
    var reversePathFilters: [String: Int] = [:]
    /// Underlay addresses that no interface has.
    var missingUnderlay: [IPAddress] = []

    /// Looks at the host, in the network namespace of the calling thread.
    ///
    /// Nothing of the host is changed: what has to be made to be tried is made in a namespace of its own.
    /// - Parameters:
    ///   - udpPort: the port of the tunnel end point.
    ///   - underlay: its addresses, as far as they are known.
    static func gather(udpPort: UInt16, underlay: [IPAddress]) -> HostSurvey {
        var survey = HostSurvey(udpPort: udpPort)
        survey.readProcess()
        survey.tun = tunAccess()
        survey.readSockets()
        survey.readSystemSettings()
        survey.readUnderlay(underlay)
        survey.firewall = FirewallRules.read()
        survey.tryDevices()
        return survey
    }

    // MARK: - Reading

    private mutating func readProcess() {
        kernelRelease = HostFacts.kernelRelease
        let capabilities = HostFacts.effectiveCapabilities()
        canAdministerNetwork = capabilities.contains(.networkAdministration)
        canOpenPacketSockets = capabilities.contains(.rawSockets)
        canEnterNamespaces = capabilities.contains(.systemAdministration)
    }

    private static func tunAccess() -> Access {
        do {
            _ = try Descriptor.open("/dev/net/tun", flags: O_RDWR)
            return .granted
        } catch {
            return error.errno == ENOENT ? .missing : .refused(errno: error.errno)
        }
    }

    private mutating func readSockets() {
        let inodes = ["udp", "udp6"].flatMap { name in
            Self.inodes(ofPort: udpPort, table: Self.text("/proc/thread-self/net/\(name)") ?? "")
        }
        udpPortHolder = inodes.isEmpty ? .nobody : Self.holder(of: Set(inodes)) ?? .unknown
    }

    /// The inodes of sockets bound to `port`, from the text of `/proc/net/udp`.
    static func inodes(ofPort port: UInt16, table: String) -> [String] {
        table.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: " ", omittingEmptySubsequences: true)
            guard fields.count > 9, let text = fields[1].split(separator: ":").last, UInt16(text, radix: 16) == port else {
                return nil
            }
            return String(fields[9])
        }
    }

    private static func holder(of inodes: Set<String>) -> Holder? {
        let wanted = Set(inodes.map { "socket:[\($0)]" })
        for name in (try? SmallFile.names(in: "/proc")) ?? [] {
            guard let id = Int32(name) else { continue }
            for descriptor in (try? SmallFile.names(in: "/proc/\(id)/fd")) ?? [] {
                guard let target = link("/proc/\(id)/fd/\(descriptor)"), wanted.contains(target) else { continue }
                return .process(id: id, name: text("/proc/\(id)/comm") ?? "?")
            }
        }
        return nil
    }

    private mutating func readSystemSettings() {
        bridgeCallsIPTables = Self.text("/proc/sys/net/bridge/bridge-nf-call-iptables").map { $0 != "0" }
    }

    private mutating func readUnderlay(_ underlay: [IPAddress]) {
        guard !underlay.isEmpty, let netlink = try? RouteNetlink.open(), let addresses = try? netlink.addresses(),
            let links = try? netlink.links()
        else { return }
        let all = Self.text("/proc/sys/net/ipv4/conf/all/rp_filter").flatMap { Int($0) } ?? 0
        for address in underlay {
            guard let found = addresses.first(where: { $0.prefix.address == address }),
                let name = links.first(where: { $0.index == found.linkIndex })?.name
            else {
                missingUnderlay.append(address)
                continue
            }
            guard address.family == .v4, InterfaceName.isValid(name) else { continue }
            let own = Self.text("/proc/sys/net/ipv4/conf/\(name)/rp_filter").flatMap { Int($0) } ?? 0
            reversePathFilters[name] = max(all, own)  // ip-sysctl.rst: the larger of the two counts
        }
    }

    // MARK: - Trying

    private mutating func tryDevices() {
        guard canAdministerNetwork, canEnterNamespaces else { return }
        let found = try? NetworkNamespace.runInScratch { () -> HostSurvey? in
            guard let netlink = try? RouteNetlink.open() else { return nil }
            if let loopback = try? netlink.link(named: "lo") {
                try? netlink.setLink(loopback.index, LinkChange(isUp: true))
            }
            var survey = HostSurvey(udpPort: 0)
            survey.tapOffloads = Self.tryTap()
            survey.tryUDP()
            survey.deviceKinds = Self.tryKinds(netlink)
            survey.canDeafen = Self.tryFilter(netlink)
            return survey
        }
        guard let found else { return }
        (tapOffloads, udpSegmentCount, hasUDPGRO) = (found.tapOffloads, found.udpSegmentCount, found.hasUDPGRO)
        (deviceKinds, canDeafen) = (found.deviceKinds, found.canDeafen)
    }

    private static func tryTap() -> TapOffloads? {
        guard let tap = try? TapDevice.open(name: "wft-doctor") else { return nil }
        return try? tap.probeOffloads()
    }

    private mutating func tryUDP() {
        var options = UDPSocketOptions(address: .v4(IPv4Address(rawValue: 0x7F00_0001)), port: .ephemeral)
        guard let socket = try? UDPSocket.open(options) else { return }
        udpSegmentCount = socket.probeSegmentation()
        options.mergesReceived = true
        hasUDPGRO = (try? UDPSocket.open(options)) != nil
    }

    private static func tryKinds(_ netlink: RouteNetlink) -> [String: Bool] {
        var kinds = ["bridge": makes(netlink, .bridge(BridgeAttributes()))]
        kinds["veth"] = makes(netlink, .veth(peer: VethPeer(name: "wfv-doctor1")))
        if let vlan = VLANID(1),
            let bridge = try? netlink.addLink(LinkSpec(name: "wfb-doctor", kind: .bridge(BridgeAttributes())))
        {
            kinds["vlan"] = makes(netlink, .vlan(VLANAttributes(id: vlan), on: bridge))
        }
        return kinds
    }

    private static func tryFilter(_ netlink: RouteNetlink) -> Bool? {
        guard let link = try? netlink.addLink(LinkSpec(name: "wfv-doctor", kind: .veth(peer: VethPeer(name: "wfv-doctor2"))))
        else { return nil }
        defer { try? netlink.deleteLink(link) }
        let filter = TrafficFilter(linkIndex: link, hook: .ingress, priority: 1, handle: 1, program: [.drop])
        do {
            try netlink.addQdisc(.clsact(on: link))
            try netlink.setFilter(filter)
            return true
        } catch {
            return false
        }
    }

    private static func makes(_ netlink: RouteNetlink, _ kind: LinkSpec.Kind) -> Bool {
        (try? netlink.addLink(LinkSpec(name: "wfx-doctor", kind: kind))).map { try? netlink.deleteLink($0) } != nil
    }

    // MARK: - Files

    /// The text of a small file without the line end, or nil when it can't be read.
    static func text(_ path: String) -> String? {
        guard let bytes = try? SmallFile.read(path, limit: 4 << 20) else { return nil }
        return String(decoding: bytes, as: UTF8.self).trimmingSpace
    }

    private static func link(_ path: String) -> String? {
        var buffer = [CChar](repeating: 0, count: 256)
        let count = unsafe readlink(path, &buffer, buffer.count)
        return count > 0 ? String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self) : nil
    }
}

extension StringProtocol {
    /// The text without spaces and line ends around it.
    fileprivate var trimmingSpace: String {
        let isSpace = { (character: Character) in character.isWhitespace }
        return String(drop(while: isSpace).reversed().drop(while: isSpace).reversed())
    }
}
