import Testing
import WeftLinux
import WeftTypes

extension System {
    /// Ports that change while their guests run.
    @Suite("Ports live", .needs("ping", "python3")) struct PortVerbTests {
        /// Two segments with a talker each on another host, and a port that goes from one to the other.
        private static func topology(attach: String) -> String {
            """
            weft: 1
            name: verbs
            hosts:
              alpha: { underlay: 192.0.2.11 }
              bravo: { underlay: 192.0.2.12 }
            segments:
              blue: { vni: 100, subnet: 10.1.0.0/24 }
              green: { vni: 200, subnet: 10.2.0.0/24 }
            ports:
              vm1: { host: alpha, segment: blue, attach: \(attach), address: 10.1.0.1 }
              b1: { host: bravo, segment: blue, address: 10.1.0.2 }
              b2: { host: bravo, segment: green, address: 10.2.0.2 }
            """
        }

        /// Sends a broadcast every millisecond.
        private static let talker = """
            import socket, sys, time
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.setsockopt(1, 6, 1)
            end = time.monotonic() + 60
            while time.monotonic() < end: s.sendto(sys.argv[2].encode(), (sys.argv[1], 9)); time.sleep(0.001)
            """

        /// Prints when the last frame of the first talker came and when the first one of the second, in milliseconds, how many came
        /// from the first after that, and how often the link was down in between.
        private static let listener = """
            import socket, sys, time
            first, second = sys.argv[1].encode(), sys.argv[2].encode()
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)); s.bind(('eth0', 0)); s.settimeout(0.02)
            last = start = None; late = downs = 0; end = time.monotonic() + 20; print('ready', flush=True)
            while time.monotonic() < end and (start is None or time.monotonic() < start + 1):
                try: frame = s.recv(2048)
                except TimeoutError: frame = b''
                except OSError: downs += 1; continue
                now = time.monotonic()
                if frame.endswith(second) and start is None: start = now
                if frame.endswith(first):
                    if start is not None: late += 1
                    last = now
            print('gap', round(1000 * (start - last)) if start and last else 'none', 'late', late, 'downs', downs)
            """

        @Test(
            "a running guest changes its segment within 100 ms, its link stays up, and nothing of the old one comes after",
            arguments: ["bridge", "direct"])
        func move(attach: String) throws {
            try LabFixture.run(Self.topology(attach: attach)) { lab in
                func start(_ port: String, _ script: String, _ arguments: String...) throws -> RunningProgram {
                    try RunningProgram(Command("python3", ["-uc", script] + arguments, in: lab.guest(port).namespace))
                }
                let talkers = [
                    try start("b1", Self.talker, "10.1.0.255", "=blue="), try start("b2", Self.talker, "10.2.0.255", "=green="),
                ]
                defer { for talker in talkers { try? talker.stop() } }
                // There and back: once its old segment has no other port here and goes, once it comes.
                for (segment, address, old, new) in [
                    ("green", "10.2.0.1", "=blue=", "=green="), ("blue", "10.1.0.1", "=green=", "=blue="),
                ] {
                    let listener = try start("vm1", Self.listener, old, new)
                    try listener.waitUntilSaid("ready")
                    try poll("something comes", seconds: 5) { true }
                    let link = try RunningProgram(
                        Command("ip", ["monitor", "link", "dev", "eth0"], in: lab.guest("vm1").namespace))
                    _ = try lab.ask("bravo", "port", "move", "vm1", "--segment", segment, "--address", address)
                    let said = try listener.finish(timeout: .seconds(25))
                    try link.stop()
                    let words = said.split(whereSeparator: \.isWhitespace)
                    let gap = words.firstIndex(of: "gap").flatMap { Int(words[$0 + 1]) }
                    print("port move, attach \(attach), to \(segment): \(said.split(separator: "\n").last ?? "")")
                    #expect(gap.map { $0 <= 100 } == true && said.contains("late 0 downs 0"), "\(said)")
                    #expect(!link.said().contains("state DOWN"), "\(link.said())")
                }
                try lab.guest("vm1").run("ping -c2 -W2 10.1.0.2")
            }
        }

        @Test("a port that is switched off carries nothing and its addresses are nobody's; on again it is as before")
        func downAndUp() throws {
            try LabFixture.run(Self.topology(attach: "bridge")) { lab in
                try lab.guest("b1").run("ping -c1 -W2 10.1.0.1")
                _ = try lab.ask("alpha", "port", "down", "vm1")
                try poll("nobody has its address") { try !lab.ask("bravo", "fdb", "--segment", "blue").contains("alpha") }
                #expect(throws: (any Error).self) { try lab.guest("b1").run("ping -c1 -W1 10.1.0.1") }
                let shown = try lab.ask("alpha", "port", "show", "vm1")
                #expect(shown.contains("down") && shown.contains("weft port up"), "\(shown)")
                _ = try lab.ask("bravo", "port", "up", "vm1")
                try poll("it answers") { (try? lab.guest("b1").run("ping -c1 -W1 10.1.0.1")) != nil }
                _ = try lab.ask("alpha", "port", "detach", "vm1")
                try poll("its device is gone") { try !lab.host("alpha").run("ip -o link").contains("wft-vm1") }
                #expect(try lab.ask("alpha", "history", "-o", "jsonl").split(separator: "\n").count == 3)
                // Back by the history: the first revision has all of it.
                _ = try lab.ask("bravo", "rollback", "2")
                try poll("it answers") { (try? lab.guest("b1").run("ping -c1 -W1 10.1.0.1")) != nil }
            }
        }
    }
}
