import Glibc
import Testing
import WeftAPI
import WeftLinux
import WeftTypes

extension System {
    /// A fabric of six hosts, four segments and forty ports, whose topology changes while hosts are killed.
    @Suite("Revisions and killed hosts", .needs("ping", "nft")) struct RevisionKillTests {
        private static let count = 6

        /// The file of the whole fabric; a VM's TAP needs nobody at its other end.
        private static func file(mtu: Int) -> String {
            let hosts = (1...count).map { "  h\($0): { underlay: 192.0.2.\(10 + $0) }\n" }.joined()
            let guests = (1...count).map {
                "  g\($0): { host: h\($0), kind: veth, segment: blue, address: 10.1.0.\(10 + $0), netns: \"@g\($0)\" }\n"
            }.joined()
            let segments = ["blue", "green", "red", "grey"]
            let machines = (1...34).map { "  vm\($0): { host: h\(1 + $0 % count), segment: \(segments[$0 % 4]) }\n" }.joined()
            return """
                weft: 1
                name: mesh
                hosts:
                \(hosts)segments:
                  blue: { vni: 100, subnet: 10.1.0.0/24, mtu: \(mtu) }
                  green: { vni: 200 }
                  red: { vni: 300 }
                  grey: { vni: 400 }
                ports:
                \(guests)\(machines)
                """
        }

        @Test(
            "a host that is killed at any moment of an apply leaves each in the old state or the new one, and all end in one of them"
        )
        func killed() async throws {
            let fabric = try FabricSite(count: Self.count)
            for number in 1...Self.count { try fabric.start(number) }
            for number in 1...Self.count { try await fabric.agent(number).isReady() }
            try await fabric.isWhole()
            let path = fabric.site.path("all.weft.yaml")
            var mtu = 1300
            try fabric.site.write(Self.file(mtu: mtu), to: "all.weft.yaml")
            let first = try fabric.site.weft("h1", ["apply", path, "--socket", fabric.agent(1).client.socketPath])
            #expect(first.isSuccess, "\(first)")
            for number in 1...Self.count {
                try await fabric.agent(number).wait("h\(number) has its ports") {
                    let ports = try await fabric.agent(number).client.ports()
                    return !ports.isEmpty && ports.allSatisfy { $0.state == .up || $0.state == .down }
                }
            }
            #expect(try await fabric.agent(1).client.ports(ListQuery(scope: .fabric)).count == 40)
            let again = try fabric.site.weft("h4", ["apply", path, "--socket", fabric.agent(4).client.socketPath])
            #expect(again.standardOutput.contains("nothing to do"), "\(again)")

            var committed = 0
            for (round, delay) in [0, 50, 120, 200, 300, 450].enumerated() {
                let victim = round % 2 == 0 ? 1 : 2 + round % 5  // the proposer, and others
                let old = mtu
                mtu += 1
                try fabric.site.write(Self.file(mtu: mtu), to: "all.weft.yaml")
                let agent = try fabric.agent(1)
                let operation = try ChildProcess(
                    Command(
                        WeftBinary.path ?? "weft", ["apply", path, "-q", "--socket", agent.client.socketPath],
                        in: .named(fabric.site.namespace("h1"))))
                usleep(UInt32(delay) * 1000)
                try fabric.agent(victim).kill()
                _ = try operation.wait(timeout: .seconds(20))
                for number in 1...Self.count where number != victim {
                    let client = try fabric.agent(number).client
                    let present = try await client.segments().first { $0.name == "blue" }?.mtu
                    #expect(present == old || present == mtu, "h\(number) has \(present ?? 0), round \(round)")
                    if try await client.history().first?.state == .inDoubt {
                        #expect(present == old, "h\(number) is in doubt and does not act on the old state")
                        let alerts = try await client.status().alerts
                        #expect(alerts.contains { $0.text.hasPrefix("in doubt") }, "\(alerts)")
                    }
                }
                try await fabric.start(victim).isReady()
                try await fabric.agent(1).wait("all are in one state", within: .seconds(30)) {
                    var states: Set<String> = []
                    for number in 1...Self.count {
                        let client = try fabric.agent(number).client
                        let newest = try await client.history().first
                        let present = try await client.segments().first { $0.name == "blue" }?.mtu
                        states.insert("\(newest?.revision ?? 0) \(newest?.state == .current) \(present ?? 0)")
                    }
                    return states.count == 1 && states.first?.contains("true") == true
                }
                let end = try await fabric.agent(3).client.segments().first { $0.name == "blue" }?.mtu
                print("h\(victim) killed \(delay) ms into an apply: the fabric ended in the \(end == mtu ? "new" : "old") state")
                if end == mtu { committed += 1 } else { mtu = old }
                try await fabric.isWhole()
            }
            print("of 6 applies with a host killed \(committed) were committed")
        }
    }
}
