import Testing
import WeftNetlink
import WeftTypes

@testable import WeftAgent

@Suite struct EventMailboxTests {
    static let events = IPPrefix("192.0.2.0/24").map { [NetlinkEvent.route(Route(destination: $0, linkIndex: 1))] } ?? []

    @Test func keepsTheOrderAndRingsOnce() async throws {
        let mailbox = EventMailbox()
        mailbox.leave([])
        mailbox.leave(Self.events)
        mailbox.leave(Self.events)
        mailbox.close()
        var rings = 0
        for await _ in mailbox.arrivals { rings += 1 }
        #expect(rings == 1)
        #expect(mailbox.take() == Self.events + Self.events)
        #expect(mailbox.take().isEmpty)
    }

    @Test func tooManyBecomeOneOverrunAfterWhichNothingElseMatters() {
        let mailbox = EventMailbox()
        for _ in 0...EventMailbox.limit { mailbox.leave(Self.events) }
        mailbox.leave(Self.events)
        #expect(mailbox.take() == [.overrun])
        mailbox.leave(Self.events)
        mailbox.leave([.overrun])
        #expect(mailbox.take() == [.overrun])
        mailbox.leave(Self.events)
        #expect(mailbox.take() == Self.events)
    }
}
