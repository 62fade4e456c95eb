/// The parts of the replicated state. Numbers are part of the wire format; all are mandatory.
enum StatePart: UInt8, Hashable, CaseIterable {
    /// `root(8)`: the sum over all the sender knows; who knows something else answers with ``sums``.
    case root = 32
    /// `64 × sum(8)`: the sums of the sender's buckets.
    case sums = 33
    /// `round(4) ‖ interval(40)`: asks for the digest of the interval, ``DigestInterval``.
    case list = 34
    /// `round(4) ‖ flags(1) ‖ interval(40) ‖ n × entry(41)`: the complete digest of an interval; flags: 1 last of this answer.
    case entries = 35
    /// `n × entry(41)`: the sender knows more of these.
    case offer = 36
    /// `round(4) ‖ n × request(40)`: asks for what origins said, ``DeltaRequest``.
    case pull = 37
    /// A ``Delta``.
    case delta = 38
    /// `round(4) ‖ deltas(2) ‖ requests(2)`: so many deltas were sent and so many of the requests answered completely.
    case pullEnd = 39
    /// `sequence(4) ‖ scope(4) ‖ from(16) ‖ to(16) ‖ parts`: take this in, and see to it that all of the interval get it, ``Push``.
    case push = 40
    /// `n × sequence(4)`: these pushes have come.
    case pushAck = 41
    /// A ``Delta`` of the sender's own, who is new here: take it in and let everybody know.
    case introduction = 42
}
