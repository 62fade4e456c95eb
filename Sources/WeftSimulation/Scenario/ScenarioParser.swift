import WeftTypes

extension Scenario {
    /// Reads a scenario: a line each, words between spaces, `#` begins a comment.
    public init(parsing text: String) throws(ScenarioError) {
        self.init()
        var lineCount = 0
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            lineCount += 1
            let content = line.prefix { $0 != "#" }
            var reader = LineReader(line: lineCount, words: content.split { $0 == " " || $0 == "\t" }.map(String.init))
            guard !reader.isAtEnd else { continue }
            try read(&reader)
            try reader.finish()
        }
        guard nodeCount > 0 else {
            throw ScenarioError(line: lineCount, cause: "it has no nodes", remedy: "begin it with a line such as \"nodes 8\"")
        }
    }

    private mutating func read(_ reader: inout LineReader) throws(ScenarioError) {
        let word = try reader.word("a statement")
        guard nodeCount > 0 || word == "nodes" else {
            throw reader.error(
                "\"\(word)\" comes before the number of nodes", "begin the scenario with a line such as \"nodes 8\"")
        }
        switch word {
        case "nodes":
            guard nodeCount == 0 else { throw reader.error("the number of nodes is given twice", "remove one") }
            nodeCount = try reader.number(1...Self.maximumNodeCount)
            reader.nodeCount = nodeCount
        case "stations": stationCount = try reader.number(0...10_000)
        case "tombstones": tombstoneAge = try reader.duration()
        case "at":
            reader.nodeCount = nodeCount
            let at = try reader.duration()
            for action in try reader.actions() { steps.append(Step(at: at, action: action)) }
        case "chaos":
            try reader.expect("from")
            let from = try reader.duration()
            try reader.expect("to")
            let to = try reader.duration()
            try reader.expect("events")
            let count = try reader.number(1...Chaos.maximumEventCount)
            guard from <= to else { throw reader.error("the chaos ends before it begins", "give the earlier time first") }
            chaos.append(Chaos(from: from, to: to, eventCount: count))
        case "expect": try readExpectation(&reader)
        default: throw reader.error("\"\(word)\" is no statement", "use nodes, stations, tombstones, at, chaos or expect")
        }
    }

    private mutating func readExpectation(_ reader: inout LineReader) throws(ScenarioError) {
        switch try reader.word("what is expected") {
        case "agreement":
            try reader.expect("within")
            agreement = try reader.duration()
        case "no":
            let name = reader.rest()
            let kinds: [Violation.Kind] = Self.alwaysForbidden.sorted { $0.rawValue < $1.rawValue } + [.falseDeath, .alarm]
            guard let kind = kinds.first(where: { $0.rawValue == name }) else {
                throw reader.error(
                    "\"\(name)\" is nothing that is watched over", "use " + kinds.map(\.rawValue).joined(separator: ", "))
            }
            forbidden.insert(kind)
        case let word: throw reader.error("\"\(word)\" can't be expected", "use agreement or no")
        }
    }
}

/// The words of one line, read from left to right.
struct LineReader {
    let line: Int
    let words: [String]
    var nodeCount = 0
    private var next = 0

    init(line: Int, words: [String]) { (self.line, self.words) = (line, words) }

    var isAtEnd: Bool { next >= words.count }

    func error(_ cause: String, _ remedy: String) -> ScenarioError { ScenarioError(line: line, cause: cause, remedy: remedy) }

    mutating func word(_ meaning: String) throws(ScenarioError) -> String {
        guard !isAtEnd else { throw error("\(meaning) is missing at its end", "add it") }
        next += 1
        return words[next - 1]
    }

    /// Steps over a word if it comes next.
    mutating func has(_ word: String) -> Bool {
        guard !isAtEnd, words[next] == word else { return false }
        next += 1
        return true
    }

    mutating func expect(_ expected: String) throws(ScenarioError) {
        let found = try word("\"\(expected)\"")
        guard found == expected else { throw error("\"\(found)\" stands where \"\(expected)\" belongs", "write \"\(expected)\"") }
    }

    mutating func rest() -> String {
        defer { next = words.count }
        return words[next...].joined(separator: " ")
    }

    func finish() throws(ScenarioError) {
        guard isAtEnd else { throw error("\"\(words[next])\" is too much", "remove it, or put it in a line of its own") }
    }

    mutating func number(_ range: ClosedRange<Int>) throws(ScenarioError) -> Int {
        let text = try word("a number")
        guard let number = Int(text), range.contains(number) else {
            throw error("\"\(text)\" is no number that fits", "use \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    mutating func duration() throws(ScenarioError) -> Duration {
        let text = try word("a time")
        guard let duration = Self.duration(text[...]) else {
            throw error("\"\(text)\" is no time", "write 1.5s, 200ms, 50us, 2m or 1h")
        }
        return duration
    }

    static func duration(_ text: Substring) -> Duration? {
        let units = [
            ("ms", 1_000_000 as Int64), ("us", 1000), ("ns", 1), ("s", 1_000_000_000), ("m", 60_000_000_000),
            ("h", 3_600_000_000_000),
        ]
        for (unit, size) in units where text.hasSuffix(unit) {
            return decimal(text.dropLast(unit.count), scale: size, limit: 1000 * 3_600_000_000_000).map { .nanoseconds($0) }
        }
        return nil
    }

    mutating func chance() throws(ScenarioError) -> Chance {
        let text = try word("a probability")
        guard text.hasSuffix("%"), let millionths = Self.decimal(text.dropLast(), scale: 10_000, limit: 1_000_000) else {
            throw error("\"\(text)\" is no probability", "write 0% to 100%")
        }
        return Chance(millionths: UInt32(millionths))
    }

    /// A number with or without a fraction, times `scale`; nil if it is none, or above `limit`.
    private static func decimal(_ text: Substring, scale: Int64, limit: Int64) -> Int64? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !$0.isEmpty && $0.utf8.count <= 12 && $0.utf8.allSatisfy { (48...57).contains($0) } }),
            let whole = parts.first.flatMap({ Int64($0) }), whole <= limit / scale
        else { return nil }
        var (value, size) = (whole * scale, scale)
        for digit in parts.count > 1 ? Array(parts[1].utf8) : [] {
            size /= 10
            value += Int64(digit - 48) * size
        }
        return value <= limit ? value : nil
    }

    mutating func nodes() throws(ScenarioError) -> NodeSet {
        let text = try word("which nodes")
        if text == "all" { return NodeSet(0..<nodeCount) }
        var nodes = NodeSet()
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) ?? -1 }
            guard ends.count <= 2, let first = ends.first, let last = ends.last, first >= 0, first <= last, last < nodeCount
            else {
                throw error("\"\(part)\" names no nodes", "use numbers below \(nodeCount), such as 0-3,5, or all")
            }
            for node in first...last { nodes.insert(node) }
        }
        return nodes
    }

    mutating func actions() throws(ScenarioError) -> [Action] {
        switch try word("what happens") {
        case "start":
            let nodes = try nodes()
            let others: NodeSet = has("joining") ? try self.nodes() : []
            return [.start(nodes, joining: others, try memory())]
        case "crash": return [.crash(try nodes())]
        case "leave": return [.leave(try nodes())]
        case "rejoin":
            let nodes = try nodes()
            try expect("joining")
            return [.rejoin(nodes, joining: try self.nodes())]
        case "pause":
            let nodes = try nodes()
            try expect("for")
            return [.pause(nodes, try duration())]
        case "move": return [.move(try nodes())]
        case "upgrade": return [.upgrade(try nodes())]
        case "publish": return [.publish(try nodes(), key: try key())]
        case "withdraw": return [.withdraw(try nodes(), key: try key())]
        case "cut":
            let from = try nodes()
            try expect("to")
            let to = try nodes()
            return [.cut(Cut(from: from, to: to, loss: has("loss") ? try chance() : .always))]
        case "split":
            let side = try nodes()
            let rest = side.complement(below: nodeCount)
            return [.cut(Cut(from: side, to: rest)), .cut(Cut(from: rest, to: side))]
        case "heal": return [.heal]
        case "calm": return [.calm]
        case "network": return [.network(try conditions())]
        case let word:
            throw error(
                "\"\(word)\" is nothing that can happen",
                "use start, crash, leave, rejoin, pause, move, upgrade, publish, withdraw, cut, split, heal, network or calm")
        }
    }

    private mutating func memory() throws(ScenarioError) -> RestartMemory {
        guard has("disk") else { return .kept }
        let text = try word("what became of the disk")
        guard let memory = RestartMemory(rawValue: text) else { throw error("\"\(text)\" is no disk", "use kept, stale or lost") }
        return memory
    }

    private mutating func key() throws(ScenarioError) -> Int {
        try expect("key")
        return try number(0...100_000)
    }

    private mutating func conditions() throws(ScenarioError) -> NetworkConditions {
        var conditions = NetworkConditions()
        while !isAtEnd {
            switch try word("a property") {
            case "delay":
                let text = try word("a time")
                let ends = text.split(separator: ".", omittingEmptySubsequences: false)
                // "0.2ms..1ms": the two points in a row part it.
                guard let cut = ends.firstIndex(of: ""), let low = Self.duration(ends[..<cut].joined(separator: ".")[...]),
                    let high = Self.duration(ends[(cut + 1)...].joined(separator: ".")[...]), low <= high
                else { throw error("\"\(text)\" is no delay", "write 0.2ms..1ms") }
                conditions.delay = low...high
            case "loss": conditions.loss = try chance()
            case "duplicate": conditions.duplication = try chance()
            case "reorder": conditions.reordering = try chance()
            case "slow": conditions.slowness = try chance()
            case "replay": conditions.replay = try chance()
            case let word:
                throw error("\"\(word)\" is no property of a network", "use delay, loss, duplicate, reorder, slow or replay")
            }
        }
        return conditions
    }
}
