import Testing
import WeftTypes

@testable import WeftGossip

/// RFC 7432 §15: who has a station that is seen in several places.
@Suite struct EndpointsMobilityTests {
    typealias Host = EndpointsHost

    @Test("E1: a station that is seen is published, and withdrawn when it is forgotten")
    func firstSighting() throws {
        var host = Host()
        host.sight()
        #expect(try host.published() == EndpointRecord(mobilitySequence: 0))
        host.sight()
        #expect(host.effects.deeds.isEmpty)
        host.give(.forgotten(Host.key, .frame))
        #expect(host.effects.deeds == [.withdraw(Host.key.recordKey)])
    }

    @Test("E1: a withdrawal removes exactly that station of that node")
    func withdrawal() throws {
        var host = Host()
        try host.hear(1, 0)
        try host.hear(1, 0, of: Host.otherKey)
        try host.hear(2, 4)
        #expect(host.endpoints.route(to: Host.key) == Endpoints.Route(node: Host.node(2), sequence: 4))
        try host.hear(2, nil)
        // Falls back to who still says that it has the station, though with a lower sequence.
        #expect(host.effects.deeds == [.routeChanged(Host.key, Endpoints.Route(node: Host.node(1), sequence: 0))])
        try host.hear(1, nil)
        #expect(host.effects.deeds == [.routeChanged(Host.key, nil)])
        #expect(host.endpoints.route(to: Host.otherKey) == Endpoints.Route(node: Host.node(1), sequence: 0))
    }

    @Test("E3: a station that another has is published with the next sequence")
    func takes() throws {
        var host = Host()
        try host.hear(1, 3)
        host.sight()
        #expect(try host.published()?.mobilitySequence == 4)
        #expect(host.tells(.routeChanged(Host.key, nil)))
    }

    @Test("E3: the former owner withdraws, has the bridge forget it and forwards late frames for 2 s")
    func loses() throws {
        var host = Host()
        host.sight(Host.key, port: Host.port, .bridge)
        let before = host.now
        try host.hear(1, 1)
        let until = host.now.advanced(by: .seconds(2))
        #expect(
            host.effects.deeds == [
                .withdraw(Host.key.recordKey), .forgetLocally(Host.key, port: Host.port),
                .forwardLate(Host.key, to: Host.node(1), until: until),
                .routeChanged(Host.key, Endpoints.Route(node: Host.node(1), sequence: 1)),
            ])
        #expect(host.now > before)
        #expect(host.run(for: .milliseconds(1999)).deeds.isEmpty)
        #expect(host.run(for: .milliseconds(1)).deeds == [.endLate(Host.key)])
    }

    @Test("E3: late frames follow a station that moves on, and stay when it comes back")
    func lateFramesFollow() throws {
        var host = Host()
        host.sight()
        try host.hear(1, 1)
        let until = host.now.advanced(by: .seconds(2))
        try host.hear(2, 2)
        #expect(host.tells(.forwardLate(Host.key, to: Host.node(2), until: until)))
        host.sight()
        #expect(host.tells(.endLate(Host.key)))
        #expect(host.run(for: .seconds(3)).deeds.isEmpty)
    }

    @Test("E3: what was seen before the record came is no move")
    func staleSighting() throws {
        var host = Host()
        let seen = host.now
        try host.hear(1, 3)
        host.give(.sighted(Host.key, port: Host.port, .frame, seen: seen))
        #expect(host.effects.deeds.isEmpty)
        #expect(try host.published() == nil)
        // The bridge's table says that it is here, but not since when: the entry goes, and a frame will bring it back.
        host.sight(Host.key, port: Host.port, .listing)
        #expect(host.effects.deeds == [.forgetLocally(Host.key, port: Host.port)])
        #expect(try host.published() == nil)
    }

    @Test("E3: a station behind a plain VTEP is known elsewhere, too")
    func plainVTEP() throws {
        var host = Host()
        let vtep = VTEP(address: Host.vtep(9))
        host.give(.sightedBehind(vtep, Host.key, seen: host.now))
        host.sight()
        #expect(try host.published()?.mobilitySequence == 1)
        host.wait(.seconds(2))
        host.give(.sightedBehind(vtep, Host.key, seen: host.now))
        #expect(host.effects.deeds == [.withdraw(Host.key.recordKey), .forgetLocally(Host.key, port: Host.port)])
        host.sight()
        #expect(try host.published()?.mobilitySequence == 2)
    }

    @Test("E4: of two with the same sequence the lower VTEP address wins, then the lower NodeID", arguments: [false, true])
    func tie(isHereLower: Bool) throws {
        var host = Host(address: Host.vtep(isHereLower ? 3 : 5))
        host.sight()
        try host.hearAddress(of: 60, Host.vtep(4))
        try host.hear(60, 0)
        #expect(try (host.published() != nil) == isHereLower)
        // A tie is no move: nothing is forwarded.
        #expect(!host.effects.forwardsLate)
        var equal = Host(address: Host.vtep(4))
        equal.sight()
        try equal.hearAddress(of: isHereLower ? 60 : 40, Host.vtep(4))
        try equal.hear(isHereLower ? 60 : 40, 0)
        #expect(try (equal.published() != nil) == isHereLower)
    }

    @Test("E4: an address that becomes known later decides, too")
    func lateAddress() throws {
        var host = Host(address: Host.vtep(5))
        host.sight()
        try host.hear(60, 0)
        #expect(try host.published() != nil)
        try host.hearAddress(of: 60, Host.vtep(4))
        #expect(try host.published() == nil)
        #expect(host.endpoints.route(to: Host.key)?.node == Host.node(60))
    }

    @Test("E7: sequences of different segments have nothing to do with each other")
    func perSegment() throws {
        var host = Host()
        try host.hear(1, 7)
        let other = EndpointKey(VNI(headerWord: 200 << 8), Host.mac)
        host.sight(other)
        #expect(try host.published(other)?.mobilitySequence == 0)
        #expect(host.endpoints.route(to: Host.key) == Endpoints.Route(node: Host.node(1), sequence: 7))
    }

    @Test("Sequences wrap", arguments: [0, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFE, 0xFFFF_FFFF] as [UInt32])
    func wraps(sequence: UInt32) throws {
        var host = Host()
        try host.hear(1, sequence)
        host.sight()
        #expect(try host.published()?.mobilitySequence == sequence &+ 1)
        try host.hear(1, sequence &+ 2)
        #expect(try host.published() == nil)
        #expect((sequence &+ 1).isLaterSequence(than: sequence))
        #expect(!sequence.isLaterSequence(than: sequence &+ 1))
        #expect(!sequence.isLaterSequence(than: sequence &+ 1 << 31) && !(sequence &+ 1 << 31).isLaterSequence(than: sequence))
    }

    @Test("A record that can't be read is none")
    func malformed() throws {
        var host = Host()
        try host.hear(1, 1)
        host.give(.recordChanged(origin: Host.node(1), Host.key.recordKey, RecordValue(bytes: [1, 2, 3])))
        #expect(host.effects.deeds == [.routeChanged(Host.key, nil)])
        #expect(host.endpoints.counters.malformedRecords == 1)
    }

    @Test("A station that came with its declaration is announced while it is silent, until it speaks")
    func silentGuest() throws {
        var host = Host()
        try host.hear(1, 0, declared: true)
        host.give(.declare([EndpointDeclaration(Host.key, port: Host.port, addresses: [Host.ip])]))
        // It is there until that place lets go.
        #expect(host.effects.deeds.isEmpty)
        try host.hear(1, nil)
        #expect(try host.published() == EndpointRecord(mobilitySequence: 1, isDeclared: true, addresses: [Host.ip]))
        #expect(host.run(for: .milliseconds(199)).deeds.isEmpty)
        #expect(host.run(for: .milliseconds(1)).deeds == [.announce(Host.key, [Host.ip])])
        #expect(host.run(for: .seconds(1)).deeds == [.announce(Host.key, [Host.ip])])
        host.sight()
        #expect(host.run(for: .seconds(60)).deeds.isEmpty)
    }

    @Test("A station that stays silent is announced three times; one that speaks at once, never")
    func announcedThrice() throws {
        var host = Host()
        host.give(.declare([EndpointDeclaration(Host.key, port: Host.port)]))
        #expect(host.run(for: .seconds(60)).deeds.isEmpty)
        try host.hear(1, 1)
        host.give(.portAttached(Host.port, takesOver: true))
        #expect(try host.published()?.mobilitySequence == 2)
        #expect(host.run(for: .seconds(60)).deeds == Array(repeating: .announce(Host.key, []), count: 3))
        try host.hear(1, 3)
        host.sight()
        let deeds = host.run(for: .seconds(60)).deeds
        #expect(!deeds.contains(.announce(Host.key, [])))
    }
}
