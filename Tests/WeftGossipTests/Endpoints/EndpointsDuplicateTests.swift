import Testing
import WeftTypes

@testable import WeftGossip

/// RFC 7432 §15.1 and §15.2, RFC 9161 §3.7: stations that are in two places, and those that must not move.
@Suite struct EndpointsDuplicateTests {
    typealias Host = EndpointsHost

    /// Here and there in turn, beginning here; the alarms.
    private func flap(_ host: inout Host, moves: Int, sequence: UInt32 = 0) throws -> [EndpointAlarm] {
        var alarms: [EndpointAlarm] = []
        for move in 1...moves {
            if move % 2 == 1 {
                try host.hear(1, sequence + UInt32(move))
            } else {
                host.sight()
            }
            alarms += host.alarms
        }
        return alarms
    }

    @Test("E5: five moves in 180 s are a duplicate, named with both places, and it is no longer taken from the other")
    func duplicate() throws {
        var host = Host()
        host.sight()
        #expect(try flap(&host, moves: 4).isEmpty)
        #expect(try host.published()?.mobilitySequence == 4)
        try host.hear(1, 5)
        #expect(
            host.alarms == [
                .duplicateMAC(Host.vni, Host.mac, staysAt: .node(Host.node(1)), alsoAt: .local(Host.port))
            ])
        _ = host.run(for: .seconds(3))
        for _ in 0..<10 {
            host.wait(.seconds(60))
            host.sight()
            #expect(host.effects.deeds.isEmpty)
        }
        #expect(try host.published() == nil)
        #expect(host.endpoints.route(to: Host.key)?.node == Host.node(1))
        #expect(host.endpoints.listing(of: Host.key)?.isDuplicate == true)
        #expect(host.endpoints.duplicates() == [.station(Host.key)])
        host.give(.clearDuplicate(Host.key))
        #expect(host.endpoints.duplicates().isEmpty)
        host.sight()
        #expect(try host.published()?.mobilitySequence == 6)
    }

    @Test("E5: slow moves are none too many")
    func slowMoves() throws {
        var host = Host()
        host.sight()
        for sequence in stride(from: UInt32(1), to: 40, by: 2) {
            host.wait(.seconds(90))
            _ = host.run(for: .seconds(10))
            try host.hear(1, sequence)
            #expect(host.alarms.isEmpty)
            host.sight()
            #expect(host.alarms.isEmpty)
            #expect(try host.published()?.mobilitySequence == sequence + 1)
        }
    }

    @Test("E5: who only looked on doesn't join in, and stays quiet until then")
    func bystander() throws {
        var host = Host()
        for sequence in UInt32(0)...5 {
            try host.hear(Int(1 + sequence % 2), sequence)
            #expect(host.alarms.isEmpty)
        }
        host.sight()
        #expect(try host.published() == nil)
        #expect(
            host.alarms == [
                .duplicateMAC(Host.vni, Host.mac, staysAt: .node(Host.node(2)), alsoAt: .local(Host.port))
            ])
    }

    @Test("E5: a duplicate whose other place is gone is this host's")
    func otherGone() throws {
        var host = Host()
        host.sight()
        #expect(try flap(&host, moves: 5).count == 1)
        host.sight()
        try host.hear(1, nil)
        #expect(try host.published()?.mobilitySequence == 6)
    }

    @Test("E6: a sticky station stays here, whoever else claims it")
    func stickyHere() throws {
        var host = Host()
        host.give(.declare([EndpointDeclaration(Host.key, port: Host.port, isSticky: true)]))
        #expect(try host.published() == EndpointRecord(mobilitySequence: 0, isSticky: true, isDeclared: true))
        try host.hear(1, 9)
        let alarm = EndpointAlarm.stickyConflict(
            Host.vni, Host.mac, staysAt: .local(Host.port), seenAt: .node(Host.node(1)))
        #expect(host.effects.deeds == [.alarm(alarm)])
        try host.hear(1, 10)
        #expect(host.effects.deeds.isEmpty)
        host.wait(.seconds(2))
        host.give(.sightedBehind(VTEP(address: Host.vtep(9)), Host.key, seen: host.now))
        #expect(host.alarms.count == 1)
        host.sight(Host.key, port: LocalPort(8))
        #expect(host.alarms.count == 1)
        host.sight(Host.key, port: LocalPort(8))
        #expect(host.alarms.isEmpty)
        #expect(try host.published()?.mobilitySequence == 0)
        // What has ended and comes again is said again.
        try host.hear(1, nil)
        try host.hear(1, 11)
        #expect(host.alarms == [alarm])
    }

    @Test("E6: a station that is sticky elsewhere isn't taken, and given back if it was")
    func stickyElsewhere() throws {
        var host = Host()
        try host.hear(1, 0, sticky: true)
        host.sight()
        let alarm = EndpointAlarm.stickyConflict(
            Host.vni, Host.mac, staysAt: .node(Host.node(1)), seenAt: .local(Host.port))
        #expect(host.effects.deeds == [.alarm(alarm)])
        host.sight()
        #expect(host.effects.deeds.isEmpty)
        var other = Host()
        other.sight()
        try other.hear(1, 0, sticky: true)
        #expect(other.alarms == [alarm])
        #expect(try other.published() == nil)
        #expect(other.endpoints.route(to: Host.key) == Endpoints.Route(node: Host.node(1), sequence: 0, isSticky: true))
    }

    @Test("E6: a sticky station beats a later sequence at everybody else")
    func stickyElsewhereTwice() throws {
        var host = Host()
        try host.hear(1, 9)
        try host.hear(2, 0, sticky: true)
        #expect(host.endpoints.route(to: Host.key)?.node == Host.node(2))
    }

    @Test("E9: an address that two stations use goes to the latest, and after five moves no more")
    func duplicateAddress() throws {
        var host = Host()
        host.give(.bound(Host.key, Host.ip, port: Host.port, seen: host.now))
        #expect(try host.published()?.addresses == [Host.ip])
        for move in 1...4 {
            host.wait(.milliseconds(50))
            let key = move % 2 == 1 ? Host.otherKey : Host.key
            host.give(.bound(key, Host.ip, port: Host.port, seen: host.now))
            #expect(host.alarms.isEmpty)
            #expect(host.endpoints.listing(of: key)?.addresses == [Host.ip])
        }
        host.wait(.seconds(5))
        try host.hear(1, 0, addresses: [Host.ip], of: EndpointKey(Host.vni, MACAddress(rawValue: 0x5254_0000_0103)))
        #expect(host.alarms.count == 1)
        host.wait(.seconds(5))
        host.give(.bound(Host.key, Host.ip, port: Host.port, seen: host.now))
        #expect(host.alarms.isEmpty)
        #expect(try host.published()?.addresses == [])
        #expect(host.endpoints.binding(Host.vni, Host.ip)?.node == Host.node(1))
        #expect(host.endpoints.duplicates() == [.address(Host.vni, Host.ip)])
        host.give(.clearDuplicateAddress(Host.vni, Host.ip))
        #expect(host.endpoints.duplicates().isEmpty)
        host.wait(.seconds(5))
        host.give(.bound(Host.key, Host.ip, port: Host.port, seen: host.now))
        #expect(host.endpoints.listing(of: Host.key)?.addresses == [Host.ip])
    }

    @Test("E9: an address that is declared for one station isn't another's, and that is said")
    func declaredAddress() throws {
        var host = Host()
        host.give(.declare([EndpointDeclaration(Host.key, port: Host.port, addresses: [Host.ip])]))
        host.give(.bound(Host.otherKey, Host.ip, port: LocalPort(8), seen: host.now))
        #expect(host.alarms.count == 1)
        #expect(try host.published(Host.otherKey)?.addresses == [])
        try host.hear(1, 0, addresses: [Host.ip], of: EndpointKey(Host.vni, MACAddress(rawValue: 0x5254_0000_0103)))
        #expect(host.endpoints.binding(Host.vni, Host.ip) == nil)
        #expect(try host.published()?.addresses == [Host.ip])
    }
}
