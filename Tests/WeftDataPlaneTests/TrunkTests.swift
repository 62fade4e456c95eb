import Glibc
import Testing
import WeftDataPlane
import WeftForwarding
import WeftLinux
import WeftTypes
import WeftWire

/// Devices that are trunks, their tags taken out and put in by the data plane: no kernel support for VLANs is needed.
@Suite(.serialized, .enabled(if: Rig.isPossible, Rig.reason)) struct TrunkTests {
    static let (guest, device, member) = (PortIndex(0), PortIndex(1), PortIndex(2))

    static func vlan(_ number: UInt16) throws -> VLANID { try #require(VLANID(number)) }

    /// Segments by number, each with the ports that are in it.
    static func fabric(_ segments: [[PortIndex]], mtu: Int = 1450, tags: SegmentDescription.Tags = .drop) -> FabricDescription {
        var fabric = FabricDescription()
        for (number, ports) in segments.enumerated() {
            let index = SegmentIndex(UInt16(number))
            fabric.segments.append(
                SegmentDescription(
                    index: index, vni: VNI(headerWord: UInt32(100 + number) << 8), name: "s\(number)", mtu: mtu, tags: tags,
                    members: []))
            for port in ports { fabric.ports.append(PortDescription(index: port, name: "\(port)", segment: index)) }
        }
        return fabric
    }

    /// A frame of broadcast behind an offload header that says nothing; tags go between the addresses and the type.
    static func frame(_ payload: [UInt8], tags: [VLANTag] = []) -> [UInt8] {
        var frame = [UInt8](repeating: 0, count: VirtioNetHeader.byteCount)
        frame += [UInt8](repeating: 0xFF, count: 6) + Rig.mac("alpha").bytes
        var words: [UInt16] = []
        for tag in tags { words += [tag.tpid.rawValue, tag.vlan] }
        for word in words + [0x88B5] { frame += [UInt8(word >> 8), UInt8(word & 0xFF)] }
        return frame + payload + [UInt8](repeating: 0, count: max(0, 46 - payload.count))
    }

    /// What comes within a second, each as its first tag, if any, and the bytes after its addresses.
    static func all(_ socket: TaggedSocket) -> [(tag: PacketSocket.Tag?, rest: [UInt8])] {
        var frames: [(PacketSocket.Tag?, [UInt8])] = []
        for _ in 0..<20 {
            usleep(50_000)
            while let frame = socket.receive() {
                // The kernel's own, such as router solicitations, are not ours.
                guard frame.bytes.suffix(from: 22).starts(with: [0x88, 0xB5]) || frame.bytes[22] == 0x81 else { continue }
                frames.append((frame.tag, Array(frame.bytes[22...])))
            }
        }
        return frames
    }

    /// Two hosts with nothing between them but a wire on which each has a VLAN of its trunk; behind each a guest.
    static func wired(line: Int = #line) throws -> (Rig, [DataPlane]) {
        let rig = try Rig(line: line)
        try rig.ip("alpha", "link add wire type veth peer name wire netns \(rig.namespace("bravo"))")
        for host in ["alpha", "bravo"] { try rig.ip(host, "link set wire addrgenmode none up") }
        let planes = try ["alpha", "bravo"].map { host in
            let plane = try rig.start(host, peer: .plain)
            plane.configure(fabric([[guest, member]], mtu: 1500), stations: [])
            plane.split(device, into: TrunkMap([.init(vlan: try vlan(10), port: member)]))
            let sockets = try NetworkNamespace.named(rig.namespace(host)).run {
                try PacketSockets.open(interface: "wire", count: plane.laneCount)
            }
            plane.attach(device, sockets: sockets)
            return plane
        }
        return (rig, planes)
    }

    @Test("TCP with all offloads over a VLAN of a wire, both ways, IPv4 and IPv6") func tcp() throws {
        let (rig, planes) = try Self.wired()
        for ipv6 in [false, true] {
            try Transfer.tcp(rig, from: "alpha", count: 2 << 20, ipv6: ipv6)
            try Transfer.tcp(rig, from: "bravo", count: 2 << 20, ipv6: ipv6)
        }
        let sizes = [0, 1, 100, 1472, 3000, 20000]
        #expect(try Transfer.udp(rig, from: "alpha", sizes: sizes).map(\.count).sorted() == sizes)
        for plane in planes {
            let counters = try rig.settled(plane)
            let trunk = try #require(counters.ports[Self.member])
            #expect(trunk.sentBytes > 4 << 20 && trunk.sentFrames < 1500, "superframes did not stay whole: \(trunk)")
            #expect(counters.ports[Self.member]?.drops.isEmpty == true && counters.ports[Self.guest]?.drops.isEmpty == true)
        }
    }

    @Test("on the wire every frame has the VLAN's tag, and nothing else passes") func separation() throws {
        let rig = try Rig()
        let plane = try rig.start("alpha", peer: .plain)
        // VLAN 10 and the native 20 are segments 0 and 1; the guest is in segment 0 and a second TAP in segment 1.
        let (native, second) = (Self.device, PortIndex(3))
        plane.configure(Self.fabric([[Self.guest, Self.member], [native, second]]), stations: [])
        plane.split(
            native,
            into: TrunkMap(
                [.init(vlan: try Self.vlan(10), port: Self.member), .init(vlan: try Self.vlan(20), port: native)],
                native: native))
        for (name, port) in [("trunk0", native), ("access1", second)] {
            _ = try NetworkNamespace.named(rig.namespace("guest-alpha")).run {
                try plane.attach(port, queue: try TapDevice.open(name: name, options: TapOptions(isMultiQueue: false)))
            }
            try rig.ip("guest-alpha", "link set \(name) addrgenmode none up")
        }
        let sockets = try ["eth0", "trunk0", "access1"].map { try TaggedSocket(rig.namespace("guest-alpha"), device: $0) }
        let (blue, trunk, green) = (sockets[0], sockets[1], sockets[2])
        blue.send(Self.frame([1]))
        green.send(Self.frame([2]))
        let out = Self.all(trunk)
        #expect(out.count == 2)
        #expect(out.contains { $0.tag == PacketSocket.Tag(control: 10, type: 0x8100) && $0.rest[2] == 1 })
        #expect(out.contains { $0.tag == nil && $0.rest[2] == 2 })

        trunk.send(Self.frame([3], tags: [VLANTag(vlan: 10)]))
        trunk.send(Self.frame([4], tags: [VLANTag(vlan: 20)]))
        trunk.send(Self.frame([5]))
        trunk.send(Self.frame([6], tags: [VLANTag(vlan: 0)]))
        trunk.send(Self.frame([7], tags: [VLANTag(vlan: 30)]))
        trunk.send(Self.frame([8], tags: [VLANTag(vlan: 10), VLANTag(vlan: 5)]))
        trunk.send(Self.frame([9], tags: [VLANTag(tpid: .serviceVLAN, vlan: 10)]))
        #expect(Self.all(blue).map(\.rest[2]).sorted() == [3])
        #expect(Self.all(green).map(\.rest[2]).sorted() == [4, 5, 6])
        let counters = try rig.settled(plane)
        #expect(counters.ports[native]?.drops == [.notInTrunk: 1, .innerVLAN: 1])  // 7; 9 is no tag of this trunk
        #expect(counters.ports[Self.member]?.drops == [.innerVLAN: 1])  // 8
    }

    @Test(
        "what a segment carries keeps its own tag behind the trunk's, in service VLANs too",
        arguments: [EtherType.vlan, .serviceVLAN])
    func carried(type: EtherType) throws {
        let rig = try Rig(.v4, isWire: type == .vlan)
        let plane = try rig.start("alpha", peer: .plain)
        plane.configure(Self.fabric([[Self.guest, Self.member]], tags: .carry), stations: [])
        plane.split(Self.device, into: TrunkMap([.init(vlan: try Self.vlan(4094), port: Self.member)], tagType: type))
        _ = try NetworkNamespace.named(rig.namespace("guest-alpha")).run {
            try plane.attach(Self.device, queue: try TapDevice.open(name: "trunk0", options: TapOptions(isMultiQueue: false)))
        }
        try rig.ip("guest-alpha", "link set trunk0 addrgenmode none up")
        let (guest, trunk) = (
            try TaggedSocket(rig.namespace("guest-alpha")), try TaggedSocket(rig.namespace("guest-alpha"), device: "trunk0")
        )
        guest.send(Self.frame([1], tags: [VLANTag(vlan: 7)]))
        let out = try #require(Self.all(trunk).first)
        #expect(out.tag == PacketSocket.Tag(control: 4094, type: type.rawValue))
        #expect(out.rest.starts(with: [0x81, 0, 0, 7, 0x88, 0xB5, 1]))
        trunk.send(Self.frame([2], tags: [VLANTag(tpid: type, vlan: 4094), VLANTag(vlan: 7)]))
        let back = try #require(guest.receiveTagged())
        #expect(back.tag == PacketSocket.Tag(control: 7, type: 0x8100) && back.bytes[22...].starts(with: [0x88, 0xB5, 2]))
    }

    @Test("all 4094 VLANs of one trunk are those of another in reverse, and no frame is in a wrong one") func allVLANs() throws {
        let rig = try Rig()
        let plane = try rig.start("alpha", peer: .plain)
        let count: UInt16 = 4094
        let (first, second) = (PortIndex(0), PortIndex(1))
        let pairs = (1...count).map { (PortIndex(1 + $0), PortIndex(1 + count + $0)) }
        plane.configure(Self.fabric(pairs.map { [$0.0, $0.1] }), stations: [])
        plane.split(
            first, into: TrunkMap(try pairs.enumerated().map { .init(vlan: try Self.vlan(UInt16($0.0 + 1)), port: $0.1.0) }))
        plane.split(
            second, into: TrunkMap(try pairs.enumerated().map { .init(vlan: try Self.vlan(count - UInt16($0.0)), port: $0.1.1) }))
        _ = try NetworkNamespace.named(rig.namespace("guest-alpha")).run {
            try plane.attach(second, queue: try TapDevice.open(name: "trunk1", options: TapOptions(isMultiQueue: false)))
        }
        try rig.ip("guest-alpha", "link set trunk1 addrgenmode none txqueuelen 10000 up")
        let (here, there) = (
            try TaggedSocket(rig.namespace("guest-alpha")), try TaggedSocket(rig.namespace("guest-alpha"), device: "trunk1")
        )
        var seen: [UInt16: UInt16] = [:]
        func take() {
            while let frame = there.receive() {
                guard let tag = frame.tag, frame.bytes[22...].starts(with: [0x88, 0xB5]) else { continue }
                seen[frame.bytes.rawBytes.bigEndian(at: 24)] = tag.control
            }
        }
        for vlan in 1...count {
            here.send(Self.frame([UInt8(vlan >> 8), UInt8(vlan & 0xFF)], tags: [VLANTag(vlan: vlan)]))
            if vlan % 64 == 0 {
                usleep(2000)
                take()
            }
        }
        try rig.poll(seconds: 60) {
            take()
            return seen.count == Int(count)
        }
        #expect(seen.allSatisfy { $0.value == count + 1 - $0.key })
    }

    @Test("a trunk changes while frames flow: what stays in place loses none, what moved is in its new segment") func change()
        throws
    {
        let (rig, planes) = try Self.wired()
        #expect(try rig.ping(from: "alpha").contains(" 0% packet loss"))
        // VLAN 10 stays, 11 comes in a segment of its own.
        let former = TrunkMap([.init(vlan: try Self.vlan(10), port: Self.member)])
        let both = TrunkMap(former.members + [.init(vlan: try Self.vlan(11), port: PortIndex(4))])
        let changes = try JoinableThread(name: "changes") {
            for round in 0..<20 {
                for plane in planes {
                    let (old, new) = round % 2 == 0 ? (former, both) : (both, former)
                    plane.split(Self.device, into: old.intersection(new))
                    let segments = [[Self.guest, Self.member]] + (round % 2 == 0 ? [[PortIndex(4)]] : [])
                    plane.configure(Self.fabric(segments, mtu: 1500), stations: [])
                    plane.split(Self.device, into: new)
                }
                usleep(50_000)
            }
        }
        let pings = try rig.run("guest-alpha", "ping", "-c200", "-i0.005", "-W2", "10.1.0.2")
        changes.join()
        #expect(pings.contains(" 0% packet loss"), "\(pings.suffix(200))")
        for plane in planes { plane.split(Self.device, into: TrunkMap([.init(vlan: try Self.vlan(12), port: Self.member)])) }
        #expect(try rig.ping(from: "alpha").contains(" 0% packet loss"))
        for plane in planes { plane.split(Self.device, into: nil) }
        #expect(throws: Rig.Failure.self) { try rig.ping(from: "alpha") }
    }
}
