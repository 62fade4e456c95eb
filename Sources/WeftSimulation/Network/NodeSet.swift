/// Some of the nodes of a simulation, by their numbers.
public struct NodeSet: Hashable, Sendable, Sequence, ExpressibleByArrayLiteral {
    /// One bit for each node.
    private var words: [UInt64] = []

    /// Creates the set of these nodes; numbers are 0 or more.
    public init(_ nodes: some Sequence<Int>) { for node in nodes { insert(node) } }
    public init(arrayLiteral nodes: Int...) { self.init(nodes) }

    public func contains(_ node: Int) -> Bool {
        let word = node >> 6
        return word < words.count && words[word] >> UInt64(node & 63) & 1 != 0
    }

    /// Adds a node.
    public mutating func insert(_ node: Int) {
        let word = node >> 6
        while words.count <= word { words.append(0) }
        words[word] |= 1 << UInt64(node & 63)
    }

    public var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }
    public var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

    /// The nodes below `nodeCount` that are not in this set.
    public func complement(below nodeCount: Int) -> NodeSet { NodeSet((0..<nodeCount).lazy.filter { !contains($0) }) }

    /// The nodes in ascending order.
    public func makeIterator() -> some IteratorProtocol<Int> {
        (0..<words.count * 64).lazy.filter { contains($0) }.makeIterator()
    }
}
