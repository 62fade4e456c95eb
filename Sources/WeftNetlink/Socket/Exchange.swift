import CMnl
import Glibc

/// Where requests go and datagrams come from: the kernel's socket, or a script in the tests of what the kernel does rarely.
protocol NetlinkTransport: ~Copyable {
    /// The port that answers are addressed to.
    var portID: UInt32 { get }
    /// Sends one request.
    mutating func send(_ message: [UInt8]) throws(SystemFailure)
    /// Waits for one datagram, for a bounded time.
    mutating func receive() throws(SystemFailure) -> [UInt8]
}

/// An error number from a system call.
struct SystemFailure: Error, Hashable, Sendable {
    let errno: Int32
}

/// Why a request had no result; the verb and the object are the caller's to add.
enum ExchangeFailure: Error, Hashable, Sendable {
    /// The kernel refused, perhaps with a sentence of its own.
    case refused(Acknowledgement)
    /// A system call failed.
    case system(errno: Int32)
    /// An answer broke the format.
    case malformed(MalformedMessage)
    /// The objects changed during each of this many dumps (`NLM_F_DUMP_INTR`), or answers were lost each time.
    case interrupted(attempts: Int)
    /// A dump had more than this many objects.
    case tooMany(limit: Int)
}

/// Requests and their answers over one transport, one at a time.
///
/// An answer belongs to a request when it carries its sequence number and this socket's port; anything else is what is left of
/// an earlier request that failed half-way, and is skipped.
struct Exchange<Transport: NetlinkTransport & ~Copyable>: ~Copyable {
    private var transport: Transport
    private var sequence: UInt32

    /// How often a dump is begun again because the objects changed while it ran.
    static var dumpAttempts: Int { 32 }
    /// The most objects that one dump can return.
    static var objectLimit: Int { 1_000_000 }

    init(transport: consuming Transport, sequence: UInt32 = 0) {
        self.transport = transport
        self.sequence = sequence
    }

    /// Sends a request that changes something and waits for the kernel's verdict.
    mutating func change(_ request: MessageBuilder) throws(ExchangeFailure) {
        _ = try get(request) { _, _ throws(MalformedMessage) -> Never? in nil }
    }

    /// Sends a request for one object; returns what `decode` made of the answers.
    mutating func get<Item>(
        _ request: MessageBuilder, decode: (Int, RawSpan) throws(MalformedMessage) -> Item?
    ) throws(ExchangeFailure) -> [Item] {
        var items: [Item] = []
        let outcome = try run(request) { type, payload throws(MalformedMessage) in
            if let item = try decode(type, payload) { items.append(item) }
        }
        guard outcome.acknowledgement.errno == 0 else { throw .refused(outcome.acknowledgement) }
        return items
    }

    /// Sends a dump request (its builder has `NLM_F_DUMP`), and sends it again while the answers are inconsistent.
    mutating func dump<Item>(
        _ request: MessageBuilder, decode: (Int, RawSpan) throws(MalformedMessage) -> Item?
    ) throws(ExchangeFailure) -> [Item] {
        for _ in 0..<Self.dumpAttempts {
            var items: [Item] = []
            var isOverLimit = false
            let outcome: Outcome
            do throws(ExchangeFailure) {
                outcome = try run(request) { type, payload throws(MalformedMessage) in
                    guard items.count < Self.objectLimit else { return isOverLimit = true }
                    if let item = try decode(type, payload) { items.append(item) }
                }
            } catch .system(errno: ENOBUFS) {
                continue
            }
            if outcome.isInterrupted { continue }
            guard outcome.acknowledgement.errno == 0 else { throw .refused(outcome.acknowledgement) }
            if isOverLimit { throw .tooMany(limit: Self.objectLimit) }
            return items
        }
        throw .interrupted(attempts: Self.dumpAttempts)
    }

    private struct Outcome {
        var acknowledgement: Acknowledgement
        var isInterrupted: Bool
    }

    private mutating func run(
        _ request: MessageBuilder, answer: (Int, RawSpan) throws(MalformedMessage) -> Void
    ) throws(ExchangeFailure) -> Outcome {
        sequence &+= 1
        var isInterrupted = false
        var acknowledgement: Acknowledgement?
        do {
            try transport.send(request.finished(sequence: sequence, portID: transport.portID))
        } catch {
            throw .system(errno: error.errno)
        }
        while true {
            let datagram: [UInt8]
            do {
                datagram = try transport.receive()
            } catch {
                throw .system(errno: error.errno)
            }
            let (expected, portID) = (sequence, transport.portID)
            do {
                // Sound: bytes have no padding between them.
                try unsafe datagram.span.bytes.forEachMessage { header, payload throws(MalformedMessage) in
                    guard header.sequence == expected, header.portID == portID, acknowledgement == nil else { return }
                    if header.flags & NLM_F_DUMP_INTR != 0 { isInterrupted = true }
                    switch Int32(header.type) {
                    case NLMSG_NOOP: break
                    case NLMSG_ERROR: acknowledgement = try Acknowledgement(error: payload, flags: header.flags)
                    case NLMSG_DONE: acknowledgement = try Acknowledgement(done: payload, flags: header.flags)
                    case NLMSG_OVERRUN: isInterrupted = true
                    default: try answer(header.type, payload)
                    }
                }
            } catch {
                throw .malformed(error)
            }
            if let acknowledgement { return Outcome(acknowledgement: acknowledgement, isInterrupted: isInterrupted) }
        }
    }
}
