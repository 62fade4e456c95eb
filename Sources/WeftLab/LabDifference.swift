/// What has to be removed and what has to be made to get from what a lab is to what it should be.
struct LabDifference: Hashable {
    /// Recorded hosts that are not wanted any more, became another thing, or are broken; sorted.
    let staleHosts: [String]
    /// Recorded guests likewise; sorted.
    let staleGuests: [String]
    /// Hosts to make, sorted by name.
    let newHosts: [LabHost]
    /// Guests to make, sorted by name.
    let newGuests: [LabGuest]
    /// Whether the underlay itself has to be made; then every host has to.
    let makesUnderlay: Bool

    /// Compares.
    ///
    /// - Parameters:
    ///   - record: What there is; nil is nothing.
    ///   - isVirtual: Whether agents are to be such that serve virtual machines.
    ///   - isPresent: Whether a namespace of that name exists.
    init(from record: LabRecord?, to spec: LabSpec, isVirtual: Bool = false, isPresent: (String) -> Bool) {
        let record = record ?? LabRecord(topologyPath: "", underlayMTUByteCount: spec.underlayMTUByteCount, isVirtual: isVirtual)
        let agentsChange = record.isVirtual != isVirtual
        let makesUnderlay = record.underlayNamespace.map { !isPresent($0) } ?? true
        let wanted = Dictionary(spec.guests.map { ($0.name, $0) }) { first, _ in first }
        let broken = record.guests.filter { name, made in
            wanted[name]?.fingerprint != made.fingerprint || made.namespace.map(isPresent) == false
        }
        // Who wires a guest wires it when it is made: an agent by itself, the lab together with the host.
        let isWiredByAgent = { (guest: LabGuest) in guest.wire == .host && spec.host(named: guest.host)?.hasAgent == true }
        let rewired = wanted.values.filter { !isWiredByAgent($0) && (broken[$0.name] != nil || record.guests[$0.name] == nil) }
        let staleHosts = Set(
            record.hosts.filter { name, made in
                makesUnderlay || (agentsChange && made.hasAgent) || !isPresent(made.namespace)
                    || spec.host(named: name)?.fingerprint != made.fingerprint || rewired.contains { $0.host == name }
            }.keys)
        let staleGuests = record.guests.filter { name, made in
            guard broken[name] == nil, let guest = wanted[name] else { return true }
            // The other end of its wire, or its TAP, goes with the host; an agent makes a new one, for a guest that stays.
            return staleHosts.contains(made.host) && !(guest.kind == .namespace && isWiredByAgent(guest))
        }.keys
        self.makesUnderlay = makesUnderlay
        self.staleHosts = staleHosts.sorted()
        self.staleGuests = staleGuests.sorted()
        self.newHosts = spec.hosts.filter { record.hosts[$0.name] == nil || staleHosts.contains($0.name) }
        self.newGuests = spec.guests.filter { record.guests[$0.name] == nil || staleGuests.contains($0.name) }
    }
}
