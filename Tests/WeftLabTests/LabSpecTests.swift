import Testing
import WeftTopology
import WeftTypes

@testable import WeftLab

@Suite struct LabSpecTests {
    static let layout = LabLayout(lab: .fallback)

    /// Two agents and a plain end point with IPv6 only, one segment with a guest on each.
    static func topology(alpha: String = "192.0.2.11", guestHost: String = "bravo") throws -> Topology {
        func name(_ text: String) throws -> TopologyName { try #require(TopologyName(text)) }
        func host(_ text: String, _ addresses: [String], _ kind: Host.Kind = .agent) throws -> Host {
            Host(name: try name(text), underlay: .addresses(try addresses.map { try #require(IPAddress($0)) }), kind: kind)
        }
        func port(_ text: String, on host: String, _ address: String) throws -> Port {
            Port(
                name: try name(text), fabric: try name("lab"), host: try name(host), attachment: .access(try name("blue")),
                addresses: [try #require(IPPrefix(address))])
        }
        return Topology(
            name: try name("lab"),
            hosts: [
                try host("alpha", [alpha, "2001:db8::11"]), try host("bravo", ["192.0.2.12"]),
                try host("leaf", ["192.0.2.70", "2001:db8::70"], .vtep), try host("six", ["2001:db8::6"]),
            ],
            segments: [Segment(name: try name("blue"), vni: try #require(VNI(100)))],
            ports: [
                try port("vm1", on: "alpha", "10.1.0.11/24"), try port("vm2", on: guestHost, "10.1.0.12/24"),
                try port("vm3", on: "leaf", "10.1.0.13/24"), try port("vm4", on: "six", "10.1.0.14/24"),
            ])
    }

    static func spec(
        alpha: String = "192.0.2.11", guestHost: String = "bravo", isVirtual: Bool = false, underlayMTU: Int = 1500
    ) throws -> LabSpec {
        try LabSpec(
            topology: try topology(alpha: alpha, guestHost: guestHost), layout: layout, underlayMTU: underlayMTU,
            isVirtual: isVirtual)
    }

    @Test func givesAPlainEndPointATunnelForEachFamily() throws {
        let leaf = try #require(try Self.spec().host(named: "leaf"))
        guard case .vtep(let segments) = leaf.kind, let blue = segments.first else {
            Issue.record("leaf has no segment")
            return
        }
        #expect(blue.tunnels.map(\.local.description) == ["192.0.2.70:4789", "[2001:db8::70]:4789"])
        #expect(
            blue.tunnels.map { $0.remotes.map(\.description) } == [
                ["192.0.2.11:4789", "192.0.2.12:4789"], ["[2001:db8::6]:4789"],
            ])
        #expect(blue.guests.map(\.name) == ["vm3"])
    }

    @Test func guestsAreMachinesOnlyOnRealTAPs() throws {
        let guests = try Self.spec(isVirtual: true).guests
        #expect(guests.map(\.kind) == [.machine, .machine, .namespace, .machine])
    }

    @Test(arguments: ["127.0.0.1", "169.254.7.7", "224.0.0.1", "0.0.0.1", "fe80::7", "::1", "ff02::1"])
    func refusesAnUnderlayThatCannotBeRouted(address: String) throws {
        #expect { try Self.spec(alpha: address) } throws: { ($0 as? LabError)?.kind == .invalidTopology }
    }

    @Test(arguments: [1279, 65536])
    func refusesAnUnderlayMTUOutOfRange(mtu: Int) throws {
        #expect { try Self.spec(underlayMTU: mtu) } throws: { ($0 as? LabError)?.kind == .usage }
    }
}

@Suite struct LabDifferenceTests {
    /// The record of a lab that is exactly as specified.
    func record(of spec: LabSpec, isVirtual: Bool = false) -> LabRecord {
        var record = LabRecord(topologyPath: "f", underlayMTUByteCount: spec.underlayMTUByteCount, isVirtual: isVirtual)
        record.underlayNamespace = LabSpecTests.layout.underlayNamespace
        for host in spec.hosts {
            record.hosts[host.name] = LabRecord.Host(
                namespace: LabSpecTests.layout.hostNamespace(host.name), fingerprint: host.fingerprint, addresses: [],
                hasAgent: host.hasAgent)
        }
        for guest in spec.guests {
            var made = LabRecord.Guest(
                guest, namespace: guest.kind == .namespace ? LabSpecTests.layout.guestNamespace(guest.name) : nil)
            made.fingerprint = guest.fingerprint
            record.guests[guest.name] = made
        }
        return record
    }

    @Test func isEmptyForALabThatIsAsSpecified() throws {
        let spec = try LabSpecTests.spec()
        let difference = LabDifference(from: record(of: spec), to: spec) { _ in true }
        #expect(difference.staleHosts.isEmpty && difference.staleGuests.isEmpty)
        #expect(difference.newHosts.isEmpty && difference.newGuests.isEmpty && !difference.makesUnderlay)
    }

    @Test func makesEverythingOfNothing() throws {
        let spec = try LabSpecTests.spec()
        let difference = LabDifference(from: nil, to: spec) { _ in false }
        #expect(difference.makesUnderlay)
        #expect(difference.newHosts.map(\.name) == ["alpha", "bravo", "leaf", "six"])
        #expect(difference.newGuests.map(\.name) == ["vm1", "vm2", "vm3", "vm4"])
    }

    @Test func aNewAddressRemakesItsHostAndThePlainEndPointsButNoGuestOfAnAgent() throws {
        let old = try LabSpecTests.spec()
        let difference = LabDifference(from: record(of: old), to: try LabSpecTests.spec(alpha: "192.0.2.99")) { _ in true }
        #expect(difference.staleHosts == ["alpha", "leaf"])
        #expect(difference.newHosts.map(\.name) == ["alpha", "leaf"])
        #expect(difference.staleGuests == ["vm3"])
        #expect(difference.newGuests.map(\.name) == ["vm3"])
    }

    @Test func aPortThatMovesBetweenAgentsKeepsItsGuest() throws {
        let old = try LabSpecTests.spec()
        let difference = LabDifference(from: record(of: old), to: try LabSpecTests.spec(guestHost: "alpha")) { _ in true }
        // The plain end point has one remote less, so it and its guest are made anew.
        #expect(difference.staleHosts == ["leaf"])
        #expect(difference.staleGuests == ["vm3"])
        #expect(difference.newGuests.map(\.name) == ["vm3"])
    }

    @Test func aMachineGoesWithItsHost() throws {
        let old = try LabSpecTests.spec(isVirtual: true)
        let new = try LabSpecTests.spec(alpha: "192.0.2.99", isVirtual: true)
        let difference = LabDifference(from: record(of: old, isVirtual: true), to: new, isVirtual: true) { _ in true }
        #expect(difference.staleGuests == ["vm1", "vm3"])
    }

    @Test func whatDisappearedIsMadeAgain() throws {
        let spec = try LabSpecTests.spec()
        let difference = LabDifference(from: record(of: spec), to: spec) { $0 != "weft-test-g-vm1" && $0 != "weft-test-h-bravo" }
        #expect(difference.newHosts.map(\.name) == ["bravo"])
        #expect(difference.newGuests.map(\.name) == ["vm1"])
    }

    @Test func whatIsHalfMadeIsMadeAgain() throws {
        let spec = try LabSpecTests.spec()
        var half = record(of: spec)
        half.hosts["six"]?.fingerprint = ""
        half.guests["vm2"]?.fingerprint = ""
        let difference = LabDifference(from: half, to: spec) { _ in true }
        #expect(difference.staleHosts == ["six"])
        #expect(difference.staleGuests == ["vm2"])
    }
}
