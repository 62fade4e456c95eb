import Testing
import WeftTypes

@testable import WeftGossip

/// What makes a station this host's, what ends it, which addresses it has, and how much of all that is kept.
@Suite struct EndpointsLearningTests {
    typealias Host = EndpointsHost

    @Test("Declared stations are published before they speak, and withdrawn with their declaration")
    func declared() throws {
        var host = Host()
        let second = EndpointDeclaration(Host.otherKey, addresses: [Host.ip], isGateway: true)
        host.give(.declare([second, EndpointDeclaration(Host.key, port: Host.port)]))
        #expect(try host.published() == EndpointRecord(mobilitySequence: 0, isDeclared: true))
        #expect(
            try host.published(Host.otherKey)
                == EndpointRecord(mobilitySequence: 0, isDeclared: true, isGateway: true, addresses: [Host.ip]))
        host.give(.declare([second]))
        #expect(host.effects.deeds == [.withdraw(Host.key.recordKey)])
        host.give(.declare([second]))
        #expect(host.effects.deeds.isEmpty)
    }

    @Test("A declared station that is really elsewhere is there, until it isn't")
    func declaredButElsewhere() throws {
        var host = Host()
        host.give(.declare([EndpointDeclaration(Host.key, port: Host.port)]))
        try host.hear(1, 1)
        #expect(try host.published() == nil)
        try host.hear(1, nil)
        #expect(try host.published() == EndpointRecord(mobilitySequence: 2, isDeclared: true))
        host.give(.forgotten(Host.key, .bridge))
        #expect(try host.published() != nil)
    }

    @Test("What is behind a port goes with it, declared or learnt")
    func portGone() throws {
        var host = Host()
        host.give(.declare([EndpointDeclaration(Host.key, port: Host.port)]))
        host.sight(Host.otherKey)
        host.sight(EndpointKey(Host.vni, MACAddress(rawValue: 0x5254_0000_0103)), port: LocalPort(8))
        host.give(.portGone(Host.port))
        #expect(host.effects.deeds == [.withdraw(Host.key.recordKey), .withdraw(Host.otherKey.recordKey)])
        host.give(.portAttached(Host.port, takesOver: false))
        #expect(try host.published() == EndpointRecord(mobilitySequence: 0, isDeclared: true))
        #expect(try host.published(Host.otherKey) == nil)
    }

    @Test("A declared station that was seen at another port is where it is declared when that port goes")
    func otherPortGone() throws {
        var host = Host()
        host.give(.declare([EndpointDeclaration(Host.key, port: Host.port)]))
        host.sight(Host.key, port: LocalPort(8))
        #expect(host.endpoints.listing(of: Host.key)?.place == .local(LocalPort(8)))
        host.give(.portGone(LocalPort(8)))
        #expect(host.endpoints.listing(of: Host.key)?.place == .local(Host.port))
        host.give(.portGone(Host.port))
        #expect(host.effects.deeds == [.withdraw(Host.key.recordKey)])
    }

    @Test("A station that only frames show ages out; one that the bridge has, when the bridge forgets it")
    func ageing() throws {
        var host = Host()
        host.sight(Host.key, port: nil, .frame)
        host.sight(Host.otherKey, port: Host.port, .bridge)
        #expect(host.run(for: .seconds(290)).deeds.isEmpty)
        #expect(host.run(for: .seconds(30)).deeds == [.withdraw(Host.key.recordKey)])
        host.give(.forgotten(Host.otherKey, .bridge))
        #expect(host.effects.deeds == [.withdraw(Host.otherKey.recordKey)])
    }

    @Test("The port that the bridge tells replaces the unknown one of a frame, and a frame doesn't take it back")
    func portFromBridge() throws {
        var host = Host()
        host.sight(Host.key, port: nil, .frame)
        host.sight(Host.key, port: Host.port, .bridge)
        host.sight(Host.key, port: nil, .frame)
        #expect(host.endpoints.listing(of: Host.key)?.place == .local(Host.port))
        host.give(.portGone(Host.port))
        #expect(try host.published() == nil)
    }

    @Test("Addresses are snooped, the eight latest of them, and told")
    func snooped() throws {
        var host = Host()
        let addresses = (0..<10).map { IPAddress.v4(IPv4Address(rawValue: 0x0A00_0100 + $0)) }
        for address in addresses {
            host.wait(.seconds(2))
            host.give(.bound(Host.key, address, port: Host.port, seen: host.now))
        }
        _ = host.run(for: .seconds(10))
        #expect(try host.published()?.addresses == Array(addresses[2...]))
        for wrong in ["224.0.0.1", "0.0.0.0", "255.255.255.255", "127.0.0.1", "::", "::1", "ff02::1"] {
            let address = try #require(IPAddress(wrong))
            host.give(.bound(Host.key, address, port: Host.port, seen: host.now))
            #expect(host.effects.deeds.isEmpty)
        }
        #expect(host.endpoints.counters.refusedAddresses == 7)
    }

    @Test("What violates the declaration teaches no address")
    func violation() throws {
        var host = Host()
        host.give(.declare([EndpointDeclaration(Host.key, port: Host.port, addresses: [Host.ip])]))
        let other = IPAddress.v4(IPv4Address(rawValue: 0x0A00_0066))
        host.give(.bound(Host.key, other, port: Host.port, seen: host.now))
        #expect(try host.published()?.addresses == [Host.ip])
        #expect(host.endpoints.counters.refusedAddresses == 1)
    }

    @Test("Bindings follow the route of the station, and end with it")
    func bindings() throws {
        var host = Host()
        try host.hear(1, 0, addresses: [Host.ip])
        #expect(host.tells(.bindingChanged(Host.vni, Host.ip, Endpoints.Binding(mac: Host.mac, node: Host.node(1)))))
        try host.hear(2, 1, addresses: [Host.ip])
        #expect(host.tells(.bindingChanged(Host.vni, Host.ip, Endpoints.Binding(mac: Host.mac, node: Host.node(2)))))
        host.give(.bound(Host.key, Host.ip, port: Host.port, seen: host.now.advanced(by: .milliseconds(1))))
        // It is on this host: nobody answers for it any more.
        #expect(host.tells(.bindingChanged(Host.vni, Host.ip, nil)))
        #expect(try host.published() == EndpointRecord(mobilitySequence: 2, addresses: [Host.ip]))
        try host.hear(3, 3, addresses: [Host.ip])
        #expect(host.endpoints.binding(Host.vni, Host.ip) == Endpoints.Binding(mac: Host.mac, node: Host.node(3)))
        for node in 1...3 { try host.hear(node, nil) }
        #expect(host.endpoints.binding(Host.vni, Host.ip) == nil)
        #expect(host.endpoints.addresses.isEmpty)
    }

    @Test(
        "RFC 4861 §7.2.4: a router is told to be one, answered for as one, and stays one where it moves, until it says otherwise")
    func router() throws {
        var host = Host()
        host.give(.bound(Host.key, Host.ip, port: Host.port, seen: host.now))
        #expect(try host.published()?.isRouter == false)
        host.wait(.seconds(2))
        host.give(.bound(Host.key, Host.ip, port: Host.port, isRouter: true, seen: host.now))
        #expect(try host.published()?.isRouter == true)
        // A question says nothing about it.
        host.wait(.seconds(2))
        host.give(.bound(Host.key, Host.ip, port: Host.port, seen: host.now))
        #expect(host.endpoints.locals[Host.key]?.published?.isRouter == true)
        host.give(.bound(Host.key, Host.ip, port: Host.port, isRouter: false, seen: host.now))
        #expect(try host.published()?.isRouter == false)

        // Another host's.
        var record = EndpointRecord(mobilitySequence: 5, addresses: [Host.ip])
        record.isRouter = true
        host.wait(.seconds(2))
        host.give(.recordChanged(origin: Host.node(1), Host.key.recordKey, try record.encoded()))
        #expect(
            host.tells(.bindingChanged(Host.vni, Host.ip, Endpoints.Binding(mac: Host.mac, node: Host.node(1), isRouter: true))))
        record.isRouter = false
        host.give(.recordChanged(origin: Host.node(1), Host.key.recordKey, try record.encoded()))
        #expect(host.tells(.bindingChanged(Host.vni, Host.ip, Endpoints.Binding(mac: Host.mac, node: Host.node(1)))))
        record.isRouter = true
        host.give(.recordChanged(origin: Host.node(1), Host.key.recordKey, try record.encoded()))
        // It comes here, and has not advertised itself yet.
        host.wait(.seconds(2))
        host.give(.sighted(Host.key, port: Host.port, .frame, seen: host.now))
        #expect(try host.published()?.isRouter == true)
    }

    @Test("The field that says so is skipped by those who don't know it, and keeps what a later version writes there")
    func routerField() throws {
        var record = EndpointRecord(mobilitySequence: 1)
        record.isRouter = false
        #expect(record.optionalFields.fields.isEmpty)
        record.optionalFields = OptionalFields([.init(type: 0x85, bytes: [7]), .init(type: 0x82, bytes: [0x80, 9])])
        record.isRouter = true
        let read = try EndpointRecord(try record.encoded())
        #expect(read == record && read.isRouter)
        #expect(read.optionalFields.fields == [.init(type: 0x85, bytes: [7]), .init(type: 0x82, bytes: [0x81, 9])])
    }

    @Test("A guest that invents MAC addresses fills its own port's share, slowly")
    func inventedAddresses() throws {
        var configuration = EndpointsConfiguration()
        configuration.maximumLearntPerPort = 16
        var host = Host(configuration)
        for number in 0..<1000 {
            host.give(
                .sighted(
                    EndpointKey(Host.vni, MACAddress(rawValue: 0x0200_0000_0000 + UInt64(number))), port: Host.port, .frame,
                    seen: host.now))
        }
        #expect(host.records.count == 16)
        #expect(host.endpoints.counters.refusedByPort == 984)
        host.sight(Host.key, port: LocalPort(8))
        #expect(host.records.count == 17)
        // Those that go make room, but new ones come only two in a second.
        for number in 0..<16 {
            host.give(.forgotten(EndpointKey(Host.vni, MACAddress(rawValue: 0x0200_0000_0000 + UInt64(number))), .frame))
        }
        host.wait(.seconds(2))
        for number in 1000..<2000 {
            host.give(
                .sighted(
                    EndpointKey(Host.vni, MACAddress(rawValue: 0x0200_0000_0000 + UInt64(number))), port: Host.port, .frame,
                    seen: host.now))
        }
        #expect(host.records.count == 5)
        #expect(host.endpoints.counters.refusedByRate > 900)
    }

    @Test("A record that changes all the time is published eight times at once, then once in a second, and ends right")
    func publicationRate() throws {
        var host = Host()
        var published = 0
        for number in 0..<200 {
            host.wait(.milliseconds(10))
            let address = IPAddress.v4(IPv4Address(rawValue: 0x0A00_0100 + UInt32(number)))
            host.give(.bound(Host.key, address, port: Host.port, seen: host.now))
            published += host.effects.publicationCount
        }
        #expect((8...12).contains(published))
        _ = host.run(for: .seconds(20))
        #expect(try host.published() == host.endpoints.locals[Host.key]?.record(limit: 8))
    }

    @Test("The tables of remote stations have a bound, and what goes makes room")
    func remoteBound() throws {
        var configuration = EndpointsConfiguration()
        configuration.maximumRemoteStations = 4
        var host = Host(configuration)
        let keys = (0..<6).map { EndpointKey(Host.vni, MACAddress(rawValue: 0x0200_0000_0000 + UInt64($0))) }
        for key in keys { try host.hear(1, 0, of: key) }
        #expect(host.endpoints.listing().count == 4)
        #expect(host.endpoints.counters.refusedByTable == 2)
        try host.hear(1, nil, of: keys[0])
        try host.hear(1, 0, of: keys[5])
        #expect(host.endpoints.route(to: keys[5]) != nil)
    }

    @Test("Nothing is left of stations that are gone")
    func nothingLeft() throws {
        var host = Host()
        host.give(.bound(Host.key, Host.ip, port: Host.port, seen: host.now))
        try host.hear(1, 1, addresses: [Host.ip])
        host.sight()
        try host.hear(1, nil)
        host.give(.portGone(Host.port))
        _ = host.run(for: .seconds(1000))
        #expect(host.endpoints.histories.isEmpty && host.endpoints.locals.isEmpty && host.endpoints.remotes.isEmpty)
        #expect(host.endpoints.addresses.isEmpty && host.endpoints.learning.isEmpty && host.endpoints.contested.isEmpty)
        #expect(host.endpoints.deadlines.next == nil)
    }
}
