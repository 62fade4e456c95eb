import Glibc
import Testing
import WeftAPI
import WeftLinux

extension System {
    /// It does not matter what is there first.
    @Suite("Order of events", .needs("ping")) struct OrderTests {
        /// What has to be there for two guests to talk.
        enum Step: String, CaseIterable {
            /// alpha's file has the segment.
            case segment
            /// alpha's file has the port; without the segment such a file is refused, and the one before it rules.
            case port
            /// The port's guest is there.
            case guest
            /// The other host is there, with the guest on it.
            case peer
        }

        @Test("every order of segment, port, guest and peer ends the same")
        func everyOrder() async throws {
            let orders = Self.orders(of: Step.allCases)
            #expect(orders.count == 24)
            let ends = try await withThrowingTaskGroup(of: (String, [String]).self) { group in
                var (ends, next): ([(String, [String])], Int) = ([], 0)
                func add() {
                    guard next < orders.count else { return }
                    let order = orders[next]
                    next += 1
                    group.addTask { (order.map(\.rawValue).joined(separator: ", "), try await Self.end(of: order)) }
                }
                for _ in 0..<4 { add() }
                for try await end in group {
                    ends.append(end)
                    add()
                }
                return ends
            }
            for (order, end) in ends { #expect(end == ends.first?.1, "\(order)") }
            #expect(ends.count == 24 && ends.first?.1.count == 6, "\(ends.first?.1 ?? [])")
        }

        private static func orders(of steps: [Step]) -> [[Step]] {
            guard !steps.isEmpty else { return [[]] }
            return steps.flatMap { first in orders(of: steps.filter { $0 != first }).map { [first] + $0 } }
        }

        /// What both hosts say in the end, once the guests reach each other.
        private static func end(of order: [Step]) async throws -> [String] {
            let site = try Site(guests: ["b"])
            try WeftBinary.run(["key", "init", "--key-file", site.path("mesh.keys")])
            for host in ["alpha", "bravo"] {
                try check(unsafe mkdir(site.path("\(host).state"), 0o700), "make the folder of \(host)")
                _ = try Command("cp", ["-p", site.path("mesh.keys"), "\(site.path("\(host).state"))/mesh.keys"])
                    .run(timeout: .seconds(10))
            }
            try site.write(file("alpha", 11, port: "a", [.segment, .port]), to: "whole.weft.yaml")
            try site.write(file("alpha", 11, port: "a", []), to: "alpha.weft.yaml")
            try site.write(file("bravo", 12, port: "b", [.segment, .port]), to: "bravo.weft.yaml")
            let alpha = try site.start("alpha", topology: site.path("alpha.weft.yaml"))
            try await alpha.isReady()
            var agents = [alpha]
            for (number, step) in order.enumerated() {
                switch step {
                case .segment, .port:
                    try site.write(file("alpha", 11, port: "a", Set(order[...number])), to: "alpha.weft.yaml")
                    try await alpha.reload()
                case .guest: try site.addGuest("a")
                case .peer:
                    agents.append(
                        try site.start("bravo", topology: site.path("bravo.weft.yaml"), ["--join", "192.0.2.11"]))
                }
            }
            for agent in agents {
                try await agent.wait("both stations are known and the port is up") {
                    let (ports, stations) = (try await agent.client.ports(), try await agent.client.fdb())
                    return ports.allSatisfy { $0.state == .up } && stations.count == 2
                }
            }
            try site["a"].run("ping -c 1 -W 5 10.1.0.12")
            var said: [String] = []
            for agent in agents {
                said += try await agent.client.ports().map {
                    "\(agent.host): \($0.name) \($0.mac.map { "\($0)" } ?? "") \($0.device ?? "")"
                }
                said += try await agent.client.fdb().map { "\(agent.host): \($0.mac) at \($0.host ?? ""), \($0.port ?? "")" }
            }
            return said.sorted()
        }

        private static func file(_ host: String, _ number: Int, port: String, _ steps: Set<Step>) -> String {
            var text = "weft: 1\nname: mesh\nhosts:\n  \(host): { underlay: 192.0.2.\(number) }\n"
            if steps.contains(.segment) { text += "segments:\n  blue: { vni: 100, subnet: 10.1.0.0/24 }\n" }
            if steps.contains(.port) {
                text +=
                    "ports:\n  \(port): { host: \(host), segment: blue, kind: veth, "
                    + "address: 10.1.0.\(number), netns: \"@\(port)\" }\n"
            }
            return text
        }
    }
}
