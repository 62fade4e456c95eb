/// Turns the counters of ports into rates, by keeping what they were a few seconds ago.
///
/// It is handed the time. A sample is taken once in ``interval`` whether or not somebody asks, so that the first
/// question has an answer.
struct RateMeter: Sendable {
    /// Time between samples.
    static let interval = Duration.seconds(2)
    /// The shortest time over which a rate means something.
    static let shortestSpan = Duration.milliseconds(500)

    private struct Sample {
        var time: Duration
        var frames: [String: (rx: UInt64, tx: UInt64)]
    }

    /// The last two samples, older first: rates reach back one to two intervals.
    private var samples: [Sample] = []

    /// Keeps the counters of `ports` at a time since some origin.
    mutating func keep(_ ports: [PortReport], at time: Duration) {
        let frames = ports.map { ($0.name, (rx: $0.rxFrames, tx: $0.txFrames)) }
        samples.append(Sample(time: time, frames: Dictionary(frames) { first, _ in first }))
        if samples.count > 2 { samples.removeFirst() }
    }

    /// The frames per second of `port` since the oldest sample that has it; nil where there is none that lies far
    /// enough back, or a counter went backwards since.
    func rates(of port: PortReport, at time: Duration) -> (rx: Double, tx: Double)? {
        for sample in samples where time - sample.time >= Self.shortestSpan {
            guard let past = sample.frames[port.name], port.rxFrames >= past.rx, port.txFrames >= past.tx else { continue }
            let seconds = (time - sample.time) / .seconds(1)
            return (Double(port.rxFrames - past.rx) / seconds, Double(port.txFrames - past.tx) / seconds)
        }
        return nil
    }
}
