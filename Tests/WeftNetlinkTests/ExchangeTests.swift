import CMnl
import Glibc
import Testing

@testable import WeftNetlink

/// What the kernel does rarely, from a script: answers to an earlier request, dumps that are interrupted, lost messages.
@Suite struct ExchangeTests {
    @Test func answersToOthersAreSkipped() throws {
        var exchange = Exchange(
            transport: Script([
                .datagram(.message(type: NLMSG_ERROR, sequence: 4, payload: .error(-1))),  // an earlier request's
                .datagram(.message(type: NLMSG_ERROR, portID: 99, payload: .error(-1))),  // another socket's
                .datagram(.message(type: 16, payload: [1]) + .message(type: NLMSG_ERROR, payload: .error(0))),
                .datagram(.message(type: 16, payload: [2])),  // after the end
            ]), sequence: 6)
        #expect(
            try exchange.get(request) { type, payload throws(MalformedMessage) in
                try payload.number("byte", as: UInt8.self)
            } == [1])
    }

    @Test func refusalCarriesTheKernelsWords() throws {
        var exchange = Exchange(
            transport: Script([
                .datagram(
                    .message(
                        type: NLMSG_ERROR, flags: NLM_F_CAPPED | NLM_F_ACK_TLVS,
                        payload: .error(-EEXIST) + .attribute(1, [0x74, 0x61, 0x6b, 0x65, 0x6e, 0])))
            ]), sequence: 6)
        #expect(throws: ExchangeFailure.refused(Acknowledgement(errno: EEXIST, message: "taken"))) {
            try exchange.change(request)
        }
    }

    @Test func interruptedDumpIsBegunAgain() throws {
        var exchange = Exchange(
            transport: Script([
                .datagram(.message(type: 16, flags: NLM_F_DUMP_INTR, payload: [1])),
                .datagram(.message(type: NLMSG_DONE, flags: NLM_F_DUMP_INTR, payload: [0, 0, 0, 0])),
                .datagram(.message(type: 16, sequence: 8, payload: [2])),
                .datagram(.message(type: 16, sequence: 8, payload: [3])),
                .datagram(.message(type: NLMSG_DONE, sequence: 8, payload: [0, 0, 0, 0])),
            ]), sequence: 6)
        #expect(
            try exchange.dump(request) { _, payload throws(MalformedMessage) in
                try payload.number("byte", as: UInt8.self)
            } == [2, 3])
    }

    @Test func dumpOfWhichPartsWereLostIsBegunAgain() throws {
        var exchange = Exchange(
            transport: Script([
                .failure(ENOBUFS),
                .datagram(.message(type: 16, payload: [1])),  // what was queued before the loss
                .datagram(.message(type: 16, sequence: 8, payload: [2])),
                .datagram(.message(type: NLMSG_DONE, sequence: 8, payload: [0, 0, 0, 0])),
            ]), sequence: 6)
        #expect(
            try exchange.dump(request) { _, payload throws(MalformedMessage) in
                try payload.number("byte", as: UInt8.self)
            } == [2])
    }

    @Test func dumpThatIsAlwaysInterruptedEnds() throws {
        let attempts = Exchange<Script>.dumpAttempts
        let endings = (0..<attempts + 1).map { attempt in
            Script.Step.datagram(
                .message(type: NLMSG_DONE, flags: NLM_F_DUMP_INTR, sequence: UInt32(7 + attempt), payload: [0, 0, 0, 0]))
        }
        var exchange = Exchange(transport: Script(endings), sequence: 6)
        #expect(throws: ExchangeFailure.interrupted(attempts: attempts)) {
            try exchange.dump(request) { _, _ throws(MalformedMessage) -> Int? in nil }
        }
        let error = NetlinkError(.listLinks, "this network namespace", .interrupted(attempts: attempts))
        #expect(
            error.description == """
                cannot list links on this network namespace: Interrupted system call (the objects changed during each of \
                \(attempts) attempts to read them); try again
                """)
    }

    @Test func dumpThatFailsAtItsEnd() throws {
        var exchange = Exchange(
            transport: Script([.datagram(.message(type: NLMSG_DONE, payload: Int32(-EPERM).hostBytes))]), sequence: 6)
        #expect(throws: ExchangeFailure.refused(Acknowledgement(errno: EPERM))) {
            try exchange.dump(request) { _, _ throws(MalformedMessage) -> Int? in nil }
        }
    }

    @Test func silenceEnds() {
        var exchange = Exchange(transport: Script([]), sequence: 6)
        #expect(throws: ExchangeFailure.system(errno: EAGAIN)) { try exchange.change(request) }
    }

    @Test func brokenAnswerIsRefused() {
        var exchange = Exchange(transport: Script([.datagram([1, 2, 3])]), sequence: 6)
        #expect(throws: ExchangeFailure.malformed(MalformedMessage(part: "nlmsghdr", needed: 16, got: 3))) {
            try exchange.change(request)
        }
    }

    @Test func afterAnOverrunTheQueueIsEmptied() throws {
        let gone = [UInt8].message(type: RTM_DELLINK, payload: [UInt8](repeating: 0, count: 16))
        var inbox = Inbox(
            transport: Script([
                .datagram(gone), .failure(ENOBUFS), .datagram(gone), .failure(ENOBUFS), .datagram(gone), .failure(EAGAIN),
                .datagram(gone),
            ]))
        #expect(try inbox.receive() == [.overrun])
        #expect(try inbox.receive().count == 1)
        #expect(try inbox.receive() == [])
    }

    @Test func malformedNotificationCountsAsLost() throws {
        let short = [UInt8].message(type: RTM_NEWLINK, payload: [0, 0, 0])
        var inbox = Inbox(transport: Script([.datagram(short), .datagram([1])]))
        #expect(try inbox.receive() == [.overrun])
    }

    private var request: MessageBuilder { MessageBuilder(type: RTM_GETLINK) }
}

/// Answers in order, whatever is sent; then the patience runs out.
private struct Script: NetlinkTransport {
    enum Step {
        case datagram([UInt8])
        case failure(Int32)
    }

    var steps: ArraySlice<Step>
    let portID: UInt32 = 77

    init(_ steps: [Step]) { self.steps = steps[...] }

    mutating func send(_ message: [UInt8]) throws(SystemFailure) {}

    mutating func receive() throws(SystemFailure) -> [UInt8] {
        switch steps.popFirst() {
        case .datagram(let bytes)?: return bytes
        case .failure(let errno)?: throw SystemFailure(errno: errno)
        case nil: throw SystemFailure(errno: EAGAIN)
        }
    }
}

extension [UInt8] {
    /// A message, by default the answer to the first request of an exchange that starts at 6.
    fileprivate static func message(
        type: some BinaryInteger, flags: Int32 = 0, sequence: UInt32 = 7, portID: UInt32 = 77, payload: [UInt8]
    ) -> [UInt8] {
        let byteCount = UInt32(messageHeaderByteCount + payload.count)
        let header = byteCount.hostBytes + UInt16(type).hostBytes + UInt16(flags).hostBytes
        let padding = [UInt8](repeating: 0, count: aligned(payload.count) - payload.count)
        return header + sequence.hostBytes + portID.hostBytes + payload + padding
    }

    /// `struct nlmsgerr` without the request's payload.
    fileprivate static func error(_ code: Int32) -> [UInt8] { code.hostBytes + [UInt8](repeating: 0, count: 16) }

    fileprivate static func attribute(_ type: UInt16, _ payload: [UInt8]) -> [UInt8] {
        let padding = [UInt8](repeating: 0, count: aligned(payload.count) - payload.count)
        return UInt16(payload.count + 4).hostBytes + type.hostBytes + payload + padding
    }
}
