import WeftTypes

/// Checks the rules that join one object with others, on a draft whose shape has been read.
///
/// The classes of rules are extensions: references, ranges inside a segment, conflicts, feasibility, advice.
struct RuleChecker {
    let draft: Draft
    let environment: ValidationEnvironment
    var problems: ProblemList
    /// Names that were probably meant by unknown ones; nothing is said about their having no ports.
    var probablyMeant: Set<String> = []
    /// Objects by name; where a name is there twice, the first.
    let hosts: [String: HostDraft]
    let segments: [String: SegmentDraft]
    let ports: [String: PortDraft]
    /// Names of the hosts that have ports in a segment, by the segment's name.
    private let portHosts: [String: Set<String>]
    /// Names of the hosts whose addresses are all IPv6.
    private let hostsWithoutIPv4: Set<String>
    private let isAnyVTEPWithoutIPv4: Bool

    init(draft: Draft, environment: ValidationEnvironment, problems: ProblemList) {
        self.draft = draft
        self.environment = environment
        self.problems = problems
        hosts = Dictionary(draft.hosts.map { ($0.name.value, $0) }, uniquingKeysWith: { first, _ in first })
        segments = Dictionary(draft.segments.map { ($0.name.value, $0) }, uniquingKeysWith: { first, _ in first })
        ports = Dictionary(draft.ports.map { ($0.name.value, $0) }, uniquingKeysWith: { first, _ in first })
        let withoutIPv4 = draft.hosts.filter { host in
            !host.addresses.isEmpty && host.addresses.allSatisfy { $0.value.family == .v6 }
        }
        hostsWithoutIPv4 = Set(withoutIPv4.map(\.name.value))
        isAnyVTEPWithoutIPv4 = withoutIPv4.contains { $0.kind == .vtep }
        portHosts = draft.ports.reduce(into: [:]) { hosts, port in
            guard let host = port.host else { return }
            for segment in Self.segmentNames(of: port) { hosts[segment.value, default: []].insert(host.value) }
        }
    }

    /// Checks everything; the order does not matter, problems are sorted later.
    ///
    /// - Parameter uses: what the file makes use of, judged last.
    mutating func check(uses: [Feature.Use]) {
        checkReferences()
        checkAddresses()
        checkConflicts()
        checkFeasibility()
        checkAdvice()
        checkLoops()
        checkVersion(uses)
    }

    /// The segments a port is in: one, or those of its trunk.
    static func segmentNames(of port: PortDraft) -> [Located<String>] {
        if let segment = port.segment { return [segment] }
        return port.trunk?.map(\.segment) ?? []
    }

    /// What VXLAN adds in a segment: 50 where all members have an IPv4 address, else 70.
    func overheadByteCount(of segment: SegmentDraft) -> Int {
        let lacksIPv4 = { (host: String) in hostsWithoutIPv4.contains(host) }
        let isMixed =
            portHosts[segment.name.value]?.contains(where: lacksIPv4) == true
            || (segment.vteps.map { $0.contains { lacksIPv4($0.value) } } ?? isAnyVTEPWithoutIPv4)
        return (isMixed ? IPAddress.Family.v6 : .v4).overheadByteCount
    }
}

/// What validation takes from outside the file.
public struct ValidationEnvironment: Sendable {
    /// The MTU of the underlay: 1500 for `weft validate`, the real one in an agent.
    public var underlayMTU: Int
    /// The host that is asked for: kinds of ports are only judged against the kernel of this one.
    public var host: String?
    /// Kinds of port that this host's kernel can't make, with the reason.
    public var impossibleKinds: [Port.Kind: String]
    /// Whether this host's kernel has VLAN devices (802.1Q), which trunks that join bridges need.
    public var hasVLANDevices = true
    /// What can't be done yet; other than ``Feature/notYet`` only where a file is looked at and not carried out.
    package var missing: Set<Feature> = Feature.notYet

    /// Creates an environment; without arguments that of a machine about which nothing is known.
    public init(underlayMTU: Int = 1500, host: String? = nil, impossibleKinds: [Port.Kind: String] = [:]) {
        self.underlayMTU = underlayMTU
        self.host = host
        self.impossibleKinds = impossibleKinds
    }
}
