/// A whole fabric as its file describes it: typed, with every default filled in.
///
/// One that came from validation is free of contradictions: every name refers to something, every number is in range.
public struct Topology: Hashable, Sendable {
    /// The fabric.
    public let name: TopologyName
    /// All hosts, sorted by name.
    public let hosts: [Host]
    /// All segments, sorted by name.
    public let segments: [Segment]
    /// All ports, sorted by name.
    public let ports: [Port]
    /// The checks in the order of the file.
    public let checks: [Check]

    /// Puts a fabric together; the names have to be unique and the references to exist, as validation makes sure.
    public init(name: TopologyName, hosts: [Host] = [], segments: [Segment] = [], ports: [Port] = [], checks: [Check] = []) {
        self.name = name
        self.hosts = hosts.sorted { $0.name < $1.name }
        self.segments = segments.sorted { $0.name < $1.name }
        self.ports = ports.sorted { $0.name < $1.name }
        self.checks = checks
    }

    /// The host of that name.
    public func host(named name: TopologyName) -> Host? { Self.find(name, in: hosts, by: \.name) }
    /// The segment of that name.
    public func segment(named name: TopologyName) -> Segment? { Self.find(name, in: segments, by: \.name) }
    /// The port of that name.
    public func port(named name: TopologyName) -> Port? { Self.find(name, in: ports, by: \.name) }

    /// The mark that a device of this fabric carries.
    public func mark(_ kind: Mark.Kind, _ name: TopologyName) -> Mark { Mark(fabric: self.name, kind: kind, name: name) }

    private static func find<Element>(
        _ name: TopologyName, in elements: [Element], by key: (Element) -> TopologyName
    ) -> Element? {
        var bounds = 0..<elements.count
        while !bounds.isEmpty {
            let middle = bounds.lowerBound + bounds.count / 2
            let candidate = key(elements[middle])
            if candidate == name { return elements[middle] }
            bounds = candidate < name ? middle + 1..<bounds.upperBound : bounds.lowerBound..<middle
        }
        return nil
    }
}
