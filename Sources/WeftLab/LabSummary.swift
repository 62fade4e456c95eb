import WeftLinux

/// What there is of a lab, for a table or as JSON.
public struct LabSummary: Codable, Hashable, Sendable {
    /// A host.
    public struct Host: Codable, Hashable, Sendable {
        /// Its name in the topology.
        public let name: String
        /// `agent` or `vtep`.
        public let kind: String
        /// Its namespace.
        public let namespace: String
        /// Its underlay addresses.
        public let underlay: [String]
        /// `up`, or `down` when its namespace or its agent is gone.
        public let state: String
        /// The API socket of its agent; nil without one.
        public let socket: String?
        /// The log of its agent; nil without one.
        public let log: String?
    }

    /// A guest.
    public struct Guest: Codable, Hashable, Sendable {
        /// Its port's name.
        public let name: String
        /// The host it is on.
        public let host: String
        /// The segment it is in.
        public let segment: String
        /// `namespace` or `machine`.
        public let kind: String
        /// Its addresses.
        public let addresses: [String]
        /// `up`, or `down` when its namespace or virtual machine is gone.
        public let state: String
        /// How to get a shell in it.
        public let enter: String
    }

    /// The lab's name.
    public let name: String
    /// The file it was made from.
    public let topology: String
    /// Whether the last `up` reached its end.
    public let isComplete: Bool
    /// Its hosts, sorted by name.
    public let hosts: [Host]
    /// Its guests, sorted by name.
    public let guests: [Guest]

    enum CodingKeys: String, CodingKey {
        case name, topology, hosts, guests
        case isComplete = "complete"
    }

    init(_ record: LabRecord, layout: LabLayout) {
        self.name = layout.lab.rawValue
        self.topology = record.topologyPath
        self.isComplete = record.isComplete
        self.hosts = record.hosts.sorted { $0.key < $1.key }.map { name, host in
            let isUp = NetworkNamespace.exists(host.namespace) && (!host.hasAgent || host.agent?.isRunning == true)
            return Host(
                name: name, kind: host.hasAgent ? "agent" : "vtep", namespace: host.namespace, underlay: host.addresses,
                state: isUp ? "up" : "down", socket: host.hasAgent ? layout.agentSocket(name) : nil,
                log: host.hasAgent ? layout.agentLog(name) : nil)
        }
        self.guests = record.guests.sorted { $0.key < $1.key }.map { name, guest in
            let isUp = guest.namespace.map(NetworkNamespace.exists) ?? (guest.machine?.isRunning == true)
            return Guest(
                name: name, host: guest.host, segment: guest.segment, kind: guest.kind.rawValue, addresses: guest.addresses,
                state: isUp ? "up" : "down", enter: "weft lab shell \(name)")
        }
    }
}
