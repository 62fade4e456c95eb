import WeftTypes

/// A probability in millionths.
public struct Chance: Hashable, Sendable, Comparable {
    /// 0…1 000 000.
    public let millionths: UInt32

    /// Creates a probability; more than 1 000 000 is certainty.
    public init(millionths: UInt32) { self.millionths = min(millionths, 1_000_000) }
    /// Creates a probability from whole percent.
    public static func percent(_ percent: Int) -> Chance { Chance(millionths: UInt32(clamping: percent) * 10_000) }

    public static var never: Chance { Chance(millionths: 0) }
    public static var always: Chance { Chance(millionths: 1_000_000) }

    public static func < (left: Chance, right: Chance) -> Bool { left.millionths < right.millionths }

    /// Whether it happens this time; no number is drawn for what never happens.
    @inline(__always) func occurs(_ random: inout SeededRandom) -> Bool {
        guard millionths > 0 else { return false }
        return random.next().multipliedFullWidth(by: 1_000_000).high < UInt64(millionths)
    }
}

/// What the network does to datagrams, for all pairs of nodes alike.
public struct NetworkConditions: Hashable, Sendable {
    /// The time from sender to receiver; each datagram has its own, so that those sent close together overtake each other.
    public var delay: ClosedRange<Duration> = .microseconds(200) ... .milliseconds(1)
    /// A datagram doesn't arrive.
    public var loss = Chance.never
    /// It arrives twice, each copy with a delay of its own.
    public var duplication = Chance.never
    /// It is held back by up to ``reorderDelay`` more, so that many others overtake it.
    public var reordering = Chance.never
    public var reorderDelay: Duration = .milliseconds(50)
    /// It is held back by up to ``slowDelay`` more: a queue somewhere is full, or a route flaps.
    public var slowness = Chance.never
    public var slowDelay: Duration = .seconds(5)
    /// Somebody kept it and sends it to its receiver once more, up to ``replayAge`` later.
    public var replay = Chance.never
    public var replayAge: Duration = .seconds(30)

    /// A network that delays datagrams by 0.2…1 ms and does nothing else to them.
    public init() {}

    /// How long a datagram is under way.
    func drawDelay(_ random: inout SeededRandom) -> Int64 {
        var time = Self.draw(delay.lowerBound.wholeNanoseconds, delay.upperBound.wholeNanoseconds, &random)
        if reordering.occurs(&random) { time += Self.draw(0, reorderDelay.wholeNanoseconds, &random) }
        if slowness.occurs(&random) { time += Self.draw(0, slowDelay.wholeNanoseconds, &random) }
        return time
    }

    /// A number between two, both included.
    static func draw(_ low: Int64, _ high: Int64, _ random: inout SeededRandom) -> Int64 {
        guard high > low else { return low }
        return low + Int64((random.next().multipliedFullWidth(by: UInt64(high - low) + 1)).high)
    }
}

/// Datagrams from some nodes to some others that don't arrive: one direction of a partition, or a bad link.
public struct Cut: Hashable, Sendable {
    public var from: NodeSet
    public var to: NodeSet
    /// How many don't; ``Chance/always`` for a partition.
    public var loss: Chance

    /// Creates one direction; for a partition that cuts both there are two.
    public init(from: NodeSet, to: NodeSet, loss: Chance = .always) {
        (self.from, self.to, self.loss) = (from, to, loss)
    }
}
