import Testing
import WeftLinux
import WeftTypes

extension System {
    /// Trunks and devices that are not Weft's, with real agents and what hangs on real wires.
    @Suite("Trunks, NICs and bridges", .needs("ping", "python3")) struct TrunkTests {
        /// Asks by ARP who has an address, tagged, and prints the tags of the answers that come within a second.
        private static let asker = """
            import socket, struct, sys, time
            vlan, own, target = int(sys.argv[1]), sys.argv[2], sys.argv[3]
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            s.bind(('eth0', 0)); s.setsockopt(263, 8, 1); s.settimeout(0.1)
            mac = s.getsockname()[4]
            tag = struct.pack('!HH', 0x8100, vlan) if vlan else b''
            arp = struct.pack('!HHBBH', 1, 0x800, 6, 4, 1) + mac + socket.inet_aton(own) + bytes(6) + socket.inet_aton(target)
            s.send(b'\\xff' * 6 + mac + tag + struct.pack('!H', 0x806) + arp + bytes(18))
            end = time.monotonic() + 1
            while time.monotonic() < end:
                try: frame, beside, _, _ = s.recvmsg(2048, 256)
                except TimeoutError: continue
                tci = next((struct.unpack('=IIIHHHH', d[:20])[5] for l, t, d in beside if t == 8 and struct.unpack('=I', d[:4])[0] & 16), 0)
                if frame[12:14] == b'\\x08\\x06' and frame[21] == 2 and frame[28:32] == socket.inet_aton(target): print('answer', tci & 4095)
            """

        private static func ask(_ lab: LabFixture, vlan: Int, _ own: String, for target: String) throws -> String {
            try lab.guest("uplink").run(["python3", "-c", asker, "\(vlan)", own, target])
        }

        @Test("a VLAN of the wire reaches its segment's VMs on another host, and no other's")
        func gateway() throws {
            try LabFixture.run(try WeftBinary.topology("vlan-gateway.weft.yaml")) { lab in
                // A NIC that was down is up, and says for whom.
                #expect(try lab.host("alpha").run("ip -o link show eno2").contains("altname weft.vlan-gateway.uplink"))
                for (vlan, own, target) in [(10, "10.1.0.50", "10.1.0.11"), (20, "10.2.0.50", "10.2.0.12")] {
                    #expect(try Self.ask(lab, vlan: vlan, own, for: target) == "answer \(vlan)\n")
                }
                for (vlan, target) in [(10, "10.2.0.12"), (20, "10.1.0.11"), (30, "10.1.0.11"), (0, "10.1.0.11")] {
                    #expect(try Self.ask(lab, vlan: vlan, "10.1.0.50", for: target) == "")
                }
                // The wire's station is known where it was seen, on both hosts.
                let fdb = try lab.ask("bravo", "fdb", "--segment", "blue", "-o", "jsonl")
                #expect(fdb.contains("\"host\":\"alpha\"") && fdb.split(separator: "\n").count == 3, "\(fdb)")
                let drops = try lab.ask("alpha", "port", "show", "uplink", "-o", "json")
                #expect(drops.contains("\"vlan-not-in-trunk\""), "\(drops)")

                // The VM that tags its frames is in its native segment without a tag, and in no other so.
                try lab.guest("fw").run("ping -c2 -W2 10.1.0.11")
                #expect(throws: (any Error).self) { try lab.guest("fw").run("ping -c1 -W1 10.2.0.12") }
                // What is on a bridge of the host's is in the segment.
                try lab.guest("vm2").run("ping -c2 -W2 10.2.0.99")
                #expect(try lab.ask("bravo", "fdb", "--segment", "green").contains("legacy"))
            }
        }

        @Test("a device that a port stood for is as it was, and what was up before stays so") func restored() throws {
            let topology = try WeftBinary.topology("vlan-gateway.weft.yaml")
            try LabFixture.run(topology) { lab in
                try lab.host("alpha").run("ip link add eno3 type veth peer name far")
                try lab.host("alpha").run("ip link set eno3 up")
                let other = topology.replacing("device: eno2", with: "device: eno3")
                // By way of the agents: the lab itself would make the host anew.
                let path = "\(lab.folder)/other.weft.yaml"
                try SmallFile.write(Array(other.utf8), to: path)
                _ = try lab.ask("bravo", "apply", path)
                func link(_ name: String) throws -> String { try lab.host("alpha").run("ip -o link show \(name)") }
                try poll("eno2 is given back") { try !link("eno2").contains("altname") }
                let (former, present) = (try link("eno2"), try link("eno3"))
                #expect(former.contains("state DOWN"), "\(former)")
                #expect(present.contains(",UP") && !present.contains("altname"), "\(present)")
                _ = try lab.ask("alpha", "apply", lab.topologyPath)
                try poll("eno2 is in use") { try link("eno2").contains("altname") }
                let (again, left) = (try link("eno2"), try link("eno3"))
                #expect(again.contains("state UP") && left.contains(",UP"), "\(again)\(left)")
            }
        }
    }
}
