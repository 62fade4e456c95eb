import Glibc
import Testing
import WeftLinux
import WeftTypes

extension System {
    /// Ports of the hosts' own wires that turn out to be on one wire.
    @Suite("Loops", .needs("python3")) struct LoopTests {
        /// Counts frames of a type that a device of the wire sees, for some seconds.
        private static let counter = """
            import socket, sys, time
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x88b6))
            s.bind((sys.argv[1], 0x88b6)); s.settimeout(0.1); s.setsockopt(1, 33, 32 << 20)
            print('counting', flush=True)
            end = time.monotonic() + float(sys.argv[2]); count = 0
            while time.monotonic() < end:
                try: count += len(s.recv(2048)) > 0
                except TimeoutError: pass
            print('count', count)
            """

        private static let sender = """
            import socket, sys
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind(('eth0', 0))
            for _ in range(int(sys.argv[1])):
                s.send(b'\\xff' * 6 + s.getsockname()[4] + b'\\x88\\xb6' + bytes(46))
            """

        /// Puts the far ends of two ports into a switch, which is in the namespace of the first, but for the last plug.
        private static func wire(_ lab: LabFixture, _ first: String, _ second: String) throws -> Place {
            let place = lab.guest(first)
            try lab.guest(second).run("ip link set eth0 netns weft-\(lab.name)-g-\(first) name far")
            try place.run("ip link add wire type bridge mcast_snooping 0")
            try place.run("ip link set far master wire up")
            try place.run("ip link set wire up")
            return place
        }

        /// Milliseconds of the day, UTC.
        private static func milliseconds() -> Int {
            var time = timespec()
            unsafe clock_gettime(CLOCK_REALTIME, &time)
            return (time.tv_sec % 86400) * 1000 + time.tv_nsec / 1_000_000
        }

        /// What happens on a host, as it happens.
        private static func events(_ lab: LabFixture, _ host: String) throws -> RunningProgram {
            let path = try #require(WeftBinary.path)
            return try lab.host(host).start([path, "events", "--since", "0", "-o", "jsonl", "--lab", lab.name, "--host", host])
        }

        /// The last event of a kind, waited for, with its time.
        private static func event(_ kind: String, _ events: RunningProgram) throws -> (line: String, at: Int) {
            func line() -> String? {
                events.said().split(separator: "\n").map(String.init).last { $0.contains("\"kind\":\"\(kind)\"") }
            }
            try poll("event \(kind)") { line() != nil }
            // "time":"2026-11-23T12:00:00.123Z"
            let words = (line() ?? "").split(separator: "\"").map(String.init)
            let time = words.firstIndex(of: "time").flatMap { $0 + 2 < words.count ? words[$0 + 2] : nil } ?? ""
            let parts = time.split(separator: "T").last?.dropLast().split { $0 == ":" || $0 == "." }.compactMap { Int($0) } ?? []
            guard parts.count == 4 else { throw Failure("no time in \(line() ?? "")") }
            return (line() ?? "", ((parts[0] * 60 + parts[1]) * 60 + parts[2]) * 1000 + parts[3])
        }

        private static func port(_ name: String, _ lab: LabFixture, _ host: String) throws -> String {
            try lab.ask(host, "port", "show", name, "-o", "json")
        }

        private static func isBlocked(_ name: String, _ lab: LabFixture, _ host: String) throws -> Bool {
            try port(name, lab, host).contains("\"blocked\"")
        }

        /// How often a broadcast of a guest passes the wire's switch.
        private static func copies(_ lab: LabFixture, from guest: String, on place: Place) throws -> String {
            let counting = try place.start(["python3", "-c", counter, "wire", "1.2"])
            try poll("the counter counts") { counting.said().contains("counting") }
            try lab.guest(guest).run(["python3", "-c", sender, "1"])
            return try String(counting.finish(timeout: .seconds(10)).split(separator: "\n").last ?? "")
        }

        @Test(
            "ports of two hosts on one wire: within a second one is blocked, both are named, and a broadcast passes once",
            arguments: [("bridge", "direct"), ("direct", "bridge")])
        func betweenHosts(first: String, second: String) throws {
            let topology = """
                weft: 1
                name: loops
                hosts: { alpha: { underlay: 192.0.2.11 }, bravo: { underlay: 192.0.2.12 } }
                segments: { blue: { vni: 100, subnet: 10.1.0.0/24 } }
                ports:
                  vm1: { host: alpha, segment: blue, address: 10.1.0.11 }
                  vm2: { host: bravo, segment: blue, address: 10.1.0.12 }
                  w1: { host: alpha, kind: nic, device: eno2, segment: blue, attach: \(first) }
                  w2: { host: bravo, kind: nic, device: eno2, segment: blue, attach: \(second) }
                """
            try LabFixture.run(topology) { lab in
                let place = try Self.wire(lab, "w1", "w2")
                let events = try Self.events(lab, "bravo")
                let storm = try place.start(["python3", "-c", Self.counter, "wire", "2"])
                try poll("the counter counts") { storm.said().contains("counting") }
                let plugged = Self.milliseconds()
                try place.run("ip link set eth0 master wire up")
                try lab.guest("vm1").run(["python3", "-c", Self.sender, "20"])
                try poll("one is blocked") { try Self.isBlocked("w2", lab, "bravo") }
                let event = try Self.event("port-blocked", events)
                #expect(event.at - plugged < 1000 && event.line.contains("on the same wire as port w1 of host alpha"), "\(event)")
                let other = try Self.isBlocked("w1", lab, "alpha")
                #expect(!other)
                if second == "bridge" {
                    let states = try lab.host("bravo").run("bridge link show dev eno2")
                    #expect(states.contains("state disabled"), "\(states)")
                }
                let status = try lab.ask("bravo", "status")
                #expect(status.contains("on the same wire as port w1 of host alpha"), "\(status)")
                let said = try storm.finish(timeout: .seconds(10))
                let count = said.split(separator: " ").last.flatMap { Int($0.split(separator: "\n").first ?? "") } ?? .max
                #expect((20..<50_000).contains(count), "\(said)")

                for guest in ["vm1", "vm2"] {
                    let copies = try Self.copies(lab, from: guest, on: place)
                    #expect(copies == "count 1", "from \(guest)")
                }
                try place.run("ip link set eth0 nomaster")
                try poll("it forwards again") { try !Self.isBlocked("w2", lab, "bravo") }
                let end = try Self.event("port-unblocked", events)
                #expect(end.line.contains("\"object\":\"w2\""), "\(end)")
                if second == "bridge" {
                    let states = try lab.host("bravo").run("bridge link show dev eno2")
                    #expect(states.contains("state forwarding"), "\(states)")
                }
                try events.stop()
            }
        }

        @Test("ports of one host on one wire, and a bridge of the host on a port's wire")
        func onOneHost() throws {
            let topology = """
                weft: 1
                name: loops
                hosts: { alpha: { underlay: 192.0.2.11 }, bravo: { underlay: 192.0.2.12 } }
                segments: { blue: { vni: 100, subnet: 10.1.0.0/24 }, green: { vni: 200, subnet: 10.2.0.0/24 } }
                ports:
                  vm1: { host: bravo, segment: blue, address: 10.1.0.12 }
                  vm2: { host: bravo, segment: green, address: 10.2.0.12 }
                  n1: { host: alpha, kind: nic, device: eno2, segment: blue }
                  n2: { host: alpha, kind: nic, device: eno3, segment: blue }
                  n3: { host: alpha, kind: nic, device: eno4, segment: green, attach: direct }
                  old: { host: alpha, kind: bridge, device: br0, segment: green }
                """
            try LabFixture.run(topology) { lab in
                let (blue, green) = (try Self.wire(lab, "n1", "n2"), try Self.wire(lab, "n3", "old"))
                for place in [blue, green] { try place.run("ip link set eth0 master wire up") }
                try poll("one of each is blocked") {
                    try Self.isBlocked("n2", lab, "alpha") && Self.isBlocked("old", lab, "alpha")
                }
                let (second, old) = (try Self.port("n2", lab, "alpha"), try Self.port("old", lab, "alpha"))
                #expect(second.contains("on the same wire as port n1 of host alpha"), "\(second)")
                #expect(old.contains("on the same wire as port n3 of host alpha"), "\(old)")
                for (guest, place) in [("vm1", blue), ("vm2", green)] {
                    let copies = try Self.copies(lab, from: guest, on: place)
                    #expect(copies == "count 1", "from \(guest)")
                }
                for name in ["n1", "n3"] {
                    let isBlocked = try Self.isBlocked(name, lab, "alpha")
                    #expect(!isBlocked)
                }
                // The probes of the other ports end here.
                let drops = try Self.port("n3", lab, "alpha")
                #expect(drops.contains("\"loop-probe\""), "\(drops)")
            }
        }
    }
}
