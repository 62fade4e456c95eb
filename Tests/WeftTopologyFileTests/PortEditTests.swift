import Testing
import WeftTopology
import WeftTopologyFile

@Suite struct PortEditTests {
    static let file = """
        weft: 1
        name: edit
        hosts:
          alpha: { underlay: 192.0.2.11 }
          bravo: { underlay: 192.0.2.12 }
        segments:
          blue: { vni: 100, subnet: 10.1.0.0/24 }
          green: { vni: 200 }
        ports:
          vm1: { host: alpha, segment: blue, address: 10.1.0.11, queues: 2, labels: { a: "1" } }
          vm2: { host: bravo, segment: green, mac: "52:54:00:00:00:02" }
          vm3: { host: bravo, attach: direct, trunk: { blue: 10, green: 20 }, native: blue }
        checks:
          - { from: vm1, to: vm2, proto: icmp, expect: deny }
          - { from: vm1, to: vm3, proto: tcp, port: 22, expect: allow }
        """

    static func load(_ text: String) throws -> Topology {
        let result = TopologyFile.load(bytes: Array(text.utf8), file: "edit")
        return try #require(result.topology, "\(result.text())\n\(text)")
    }

    /// The topology after an edit, by way of its file as an agent reads it.
    static func after(_ edit: PortEdit) throws -> Topology {
        let text = try load(file).fileText(after: edit)
        return try load(text)
    }

    static func name(_ text: String) throws -> TopologyName { try #require(TopologyName(text)) }

    @Test func attachesAPortWithAllThatIsSaid() throws {
        let edit = PortEdit(
            .attach, port: "web",
            values: [
                "host": .text("bravo"), "segment": .text("blue"), "address": .list(["10.1.0.20"]), "queues": .number(4),
                "sticky": .flag(true), "mac": .text("52:54:00:00:00:20"), "owner": .text("qemu"),
            ])
        let (before, after) = (try Self.load(Self.file), try Self.after(edit))
        let port = try #require(after.port(named: try Self.name("web")))
        #expect(port.segment?.text == "blue" && port.host.text == "bravo" && port.queues == 4 && port.isSticky)
        #expect(port.addresses.map(\.description) == ["10.1.0.20/24"] && port.owner == "qemu" && !port.isMACDerived)
        #expect(after.ports.filter { $0.name != port.name } == before.ports && after.segments == before.segments)
        #expect(edit.note == "port attach web")
    }

    @Test func attachesATrunk() throws {
        let values: [String: PortEdit.Value] = [
            "host": .text("alpha"), "trunk": .map(["blue": 7, "green": 8]), "native": .text("green"), "attach": .text("direct"),
        ]
        let port = try #require(try Self.after(PortEdit(.attach, port: "t", values: values)).port(named: try Self.name("t")))
        guard case .trunk(let trunk) = port.attachment else { throw EditTestError.noTrunk }
        #expect(trunk.members.map(\.vlan.rawValue) == [7, 8] && trunk.native?.text == "green")
    }

    @Test func movesAPortAndKeepsTheRestOfIt() throws {
        let edit = PortEdit(.move, port: "vm1", values: ["segment": .text("green"), "address": .list([])])
        let (before, after) = (try Self.load(Self.file), try Self.after(edit))
        let (former, port) = (
            try #require(before.port(named: try Self.name("vm1"))), try #require(after.port(named: try Self.name("vm1")))
        )
        #expect(port.segment?.text == "green" && port.addresses.isEmpty)
        #expect(port.mac == former.mac && port.isMACDerived && port.queues == 2 && port.labels == ["a": "1"])
        #expect(after.checks == before.checks)
        let elsewhere = try Self.after(PortEdit(.move, port: "vm1", values: ["host": .text("bravo")]))
        #expect(elsewhere.port(named: former.name)?.host.text == "bravo")
    }

    @Test func aSegmentTakesTheTrunksPlaceAndBack() throws {
        let access = try Self.after(PortEdit(.move, port: "vm3", values: ["segment": .text("green")]))
        #expect(access.port(named: try Self.name("vm3"))?.attachment == .access(try Self.name("green")))
        let trunk = try Self.after(PortEdit(.move, port: "vm3", values: ["trunk": .map(["green": 5])]))
        guard case .trunk(let members)? = trunk.port(named: try Self.name("vm3"))?.attachment else { throw EditTestError.noTrunk }
        #expect(members.members.count == 1 && members.native == nil)
    }

    @Test func detachesAPortWithItsChecks() throws {
        let after = try Self.after(PortEdit(.detach, port: "vm2"))
        #expect(after.ports.map(\.name.text) == ["vm1", "vm3"])
        #expect(after.checks.map(\.to.text) == ["vm3"])
    }

    @Test func switchesOffAndOn() throws {
        let off = try Self.load(Self.file).fileText(after: PortEdit(.down, port: "vm1"))
        let down = try Self.load(off)
        #expect(down.port(named: try Self.name("vm1"))?.isEnabled == false)
        let on = try down.fileText(after: PortEdit(.up, port: "vm1"))
        let (former, present) = (try Self.load(Self.file), try Self.load(on))
        #expect(present == former)
    }

    @Test func saysWhatIsNotThere() throws {
        let topology = try Self.load(Self.file)
        for action in [PortEdit.Action.detach, .move, .up, .down] {
            let error = #expect(throws: PortEditError.self) { try topology.fileText(after: PortEdit(action, port: "vm4")) }
            #expect(error?.description == "there is no port 'vm4'" && error?.help == "did you mean 'vm1'?")
        }
        let error = #expect(throws: PortEditError.self) { try topology.fileText(after: PortEdit(.attach, port: "vm1")) }
        #expect(error?.description == "there is a port 'vm1' already, on host 'alpha'")
    }

    @Test(
        "a name or a value can't become anything but itself",
        arguments: ["x: {}}", "a\nb", "\"", "'", "{", "#", "*a", "&a", "~", "yes", "0x10", ""])
    func noInjection(text: String) throws {
        let topology = try Self.load(Self.file)
        let values: [String: PortEdit.Value] = ["host": .text("alpha"), "segment": .text("blue"), "owner": .text(text)]
        for edit in [PortEdit(.attach, port: text, values: values), PortEdit(.attach, port: "ok", values: values)] {
            let file = try topology.fileText(after: edit)
            let result = TopologyFile.load(bytes: Array(file.utf8), file: "edit")
            #expect(!result.diagnostics.contains { $0.code == DiagnosticCode.yamlSyntax }, "\(result.text())")
            let isName = TopologyName(edit.port) != nil && ["yes", "0x10"].contains(text)
            #expect((result.topology != nil) == isName, "\(result.text())")
        }
    }
}

private enum EditTestError: Error { case noTrunk }
