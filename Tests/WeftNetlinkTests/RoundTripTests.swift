import CMnl
import Testing
import WeftTypes

@testable import WeftNetlink

/// What is written is read back, and what is damaged is refused or read as something else, but never crashes.
@Suite struct RoundTripTests {
    @Test(arguments: UInt64(0)..<64)
    func addresses(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let address = random.interfaceAddress()
        #expect(try readBack(address.emit) { bytes throws(MalformedMessage) in try InterfaceAddress(parsing: bytes) } == address)
    }

    @Test(arguments: UInt64(0)..<64)
    func routes(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let route = random.route()
        #expect(try readBack(route.emit) { bytes throws(MalformedMessage) in try Route(parsing: bytes) } == route)
    }

    @Test(arguments: UInt64(0)..<64)
    func neighbours(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let neighbour = Neighbour(
            linkIndex: random.index(), address: random.address(), mac: random.maybe { $0.mac() },
            state: NeighbourState(rawValue: random.number()), flags: NeighbourFlags(rawValue: random.number()))
        #expect(try readBack(neighbour.emit) { bytes throws(MalformedMessage) in try Neighbour(parsing: bytes) } == neighbour)
    }

    @Test(arguments: UInt64(0)..<64)
    func fdbEntries(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let entry = random.fdbEntry()
        #expect(try readBack(entry.emit) { bytes throws(MalformedMessage) in try FDBEntry(parsing: bytes) } == entry)
    }

    @Test(arguments: UInt64(0)..<64)
    func kindsOfLinks(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let bridge = random.bridge()
        #expect(try readBack(bridge.emit) { bytes throws(MalformedMessage) in try BridgeAttributes(parsing: bytes) } == bridge)
        let vlan = VLANAttributes(id: random.vlan(), tagProtocol: random.coin() ? .dot1AD : .dot1Q)
        #expect(try readBack(vlan.emit) { bytes throws(MalformedMessage) in try VLANAttributes(parsing: bytes) } == vlan)
        let vxlan = random.vxlan()
        #expect(try readBack(vxlan.emit) { bytes throws(MalformedMessage) in try VXLANAttributes(parsing: bytes) } == vxlan)
        let port = random.bridgePort()
        #expect(try readBack(port.emit) { bytes throws(MalformedMessage) in try BridgePort(parsing: bytes) } == port)
    }

    @Test(arguments: UInt64(0)..<64)
    func bridgeVLANs(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let (one, other) = (random.vlan(), random.vlan())
        let vlans = min(one, other)...max(one, other)
        let membership = BridgeVLAN(
            linkIndex: random.index(), vlans: random.coin() ? vlans : one...one, isPVID: random.coin(), isUntagged: random.coin())
        let request = membership.request(type: RTM_SETLINK, isBridgeItself: random.coin())
        let payload = Array(request.finished(sequence: 0).dropFirst(messageHeaderByteCount))
        #expect(try parse(payload) { bytes throws(MalformedMessage) in try BridgeVLAN.list(parsing: bytes) } == [membership])
    }

    @Test(arguments: UInt64(0)..<64)
    func trafficControl(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let qdisc = Qdisc(linkIndex: random.index(), kind: "fq", handle: random.number(), parent: random.number())
        #expect(try readBack(qdisc.emit) { bytes throws(MalformedMessage) in try Qdisc(parsing: bytes) } == qdisc)
        let filter = random.filter()
        #expect(try readBack(filter.emit) { bytes throws(MalformedMessage) in try TrafficFilter(parsing: bytes) } == filter)
    }

    /// The attributes of any bytes are those that a plain model finds.
    @Test(arguments: UInt64(0)..<128)
    func attributesAgreeWithAModel(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let bytes = (0..<Int.random(in: 0...64, using: &random)).map {
            UInt8($0 % 2 == 0 ? .random(in: 0...12, using: &random) : 0)
        }
        var found: [Attribute] = []
        var offset = 0
        var isWhole = true
        while bytes.count - offset >= 4 {
            let byteCount = Int(bytes[offset])
            guard byteCount >= 4, offset + byteCount <= bytes.count else {
                isWhole = false
                break
            }
            found.append(Attribute(type: Int(bytes[offset + 2]), range: offset + 4..<offset + byteCount))
            offset += (byteCount + 3) / 4 * 4
        }
        var cursor = AttributeCursor()
        var got: [Attribute] = []
        var gotWhole = true
        do {
            // Sound: bytes have no padding between them.
            while let attribute = unsafe try cursor.next(in: bytes.span.bytes) { got.append(attribute) }
        } catch {
            gotWhole = false
        }
        #expect(got == found)
        #expect(gotWhole == isWhole)
    }

    /// Every parser, on messages with bits turned and ends cut off.
    @Test(arguments: UInt64(0)..<256)
    func damagedMessagesDoNotCrash(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for (type, payload) in random.messages() {
            for _ in 0..<32 {
                var bytes = payload
                for _ in 0..<Int.random(in: 0...4, using: &random) {
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= 1 << UInt8.random(in: 0...7, using: &random)
                }
                bytes.removeLast(random.coin() ? Int.random(in: 0...bytes.count, using: &random) : 0)
                _ = try? parse(bytes) { bytes throws(MalformedMessage) in
                    _ = try NetlinkEvent(type: type, payload: bytes)
                    _ = try BridgeVLAN.list(parsing: bytes)
                    _ = try Qdisc(parsing: bytes)
                    _ = try TrafficFilter(parsing: bytes)
                    _ = try Acknowledgement(error: bytes, flags: NLM_F_ACK_TLVS)
                    _ = try Acknowledgement(done: bytes, flags: NLM_F_ACK_TLVS)
                }
                _ = NetlinkEvent.list(parsing: bytes)
            }
        }
    }
}

/// Writes a payload by itself and reads it.
private func readBack<Value>(
    _ emit: (inout MessageBuilder) -> Void, _ read: (RawSpan) throws(MalformedMessage) -> Value
) throws -> Value {
    var message = MessageBuilder(type: 0)
    emit(&message)
    return try parse(Array(message.finished(sequence: 0).dropFirst(messageHeaderByteCount)), read)
}

extension SeededRandom {
    fileprivate mutating func number<Number: FixedWidthInteger>() -> Number { .random(in: .min ... .max, using: &self) }
    fileprivate mutating func coin() -> Bool { .random(using: &self) }
    fileprivate mutating func index() -> Int32 { .random(in: 1 ... .max, using: &self) }
    fileprivate mutating func mac() -> MACAddress { MACAddress(rawValue: number()) }
    fileprivate mutating func vlan() -> VLANID { VLANID(.random(in: 1...4094, using: &self)) ?? .first }
    fileprivate mutating func maybe<Value>(_ make: (inout Self) -> Value) -> Value? { coin() ? make(&self) : nil }
    fileprivate mutating func flag() -> Bool? { maybe { $0.coin() } }

    fileprivate mutating func address(_ family: IPAddress.Family? = nil) -> IPAddress {
        switch family ?? (coin() ? .v4 : .v6) {
        case .v4: .v4(IPv4Address(rawValue: number()))
        case .v6: .v6(IPv6Address(rawValue: number()))
        }
    }

    fileprivate mutating func network(hostBits: Bool) -> IPPrefix {
        let address = address()
        let length = Int.random(in: 1...address.family.bitCount, using: &self)
        guard let prefix = IPPrefix(address: address, length: length) else { return network(hostBits: hostBits) }
        return hostBits ? prefix : IPPrefix(address: prefix.network, length: length) ?? prefix
    }

    fileprivate mutating func interfaceAddress() -> InterfaceAddress {
        var address = InterfaceAddress(
            linkIndex: index(), prefix: network(hostBits: true), scope: AddressScope(rawValue: number()),
            flags: AddressFlags(rawValue: number()))
        address.peer = maybe { $0.self.address(address.prefix.address.family) }
        if address.peer == address.prefix.address { address.peer = nil }
        if address.prefix.address.family == .v4 { address.broadcast = maybe { IPv4Address(rawValue: $0.number()) } }
        address.origin = number()
        address.label = maybe { "eth\($0.number() as UInt16)" }
        return address
    }

    fileprivate mutating func route() -> Route {
        let destination = network(hostBits: false)
        var route = Route(destination: destination, table: number(), origin: number(), priority: number())
        route.scope = AddressScope(rawValue: number())
        route.preferredSource = maybe { $0.address(destination.address.family) }
        route.mtu = maybe { Int(.random(in: 68...65535, using: &$0) as UInt32) }
        for _ in 0..<Int.random(in: 0...3, using: &self) {
            route.nextHops.append(Route.NextHop(gateway: maybe { $0.address() }, linkIndex: index(), isOnLink: coin()))
        }
        return route
    }

    fileprivate mutating func fdbEntry() -> FDBEntry {
        let isOwn = coin()
        var entry = FDBEntry(
            linkIndex: index(), mac: mac(), table: isOwn ? .own : .bridge, vlan: maybe { $0.vlan() },
            destination: maybe { $0.address() }, udpPort: maybe { $0.number() }, vni: maybe { VNI(headerWord: $0.number()) },
            state: NeighbourState(rawValue: number()))
        entry.flags = NeighbourFlags(rawValue: number()).subtracting([.own, .master]).union(isOwn ? .own : .master)
        entry.viaIndex = maybe { $0.index() }
        return entry
    }

    fileprivate mutating func filter() -> TrafficFilter {
        var filter = TrafficFilter(
            linkIndex: index(), hook: coin() ? .ingress : .egress, priority: number(),
            handle: .random(in: 1 ... .max, using: &self),
            program: [], protocolNumber: number())
        filter.chain = number()
        filter.isDirectAction = coin()
        for _ in 0..<Int.random(in: 0...9, using: &self) {
            let instruction = BPFInstruction(
                code: number(), jumpIfTrue: number(), jumpIfFalse: number(), operand: number())
            filter.program?.append(instruction)
        }
        return filter
    }

    fileprivate mutating func bridge() -> BridgeAttributes {
        BridgeAttributes(
            ageingTime: maybe { .milliseconds(Int64(.random(in: 0 ... .max, using: &$0) as UInt32) * 10) },
            forwardDelay: maybe { .seconds(Int64.random(in: 0...30, using: &$0)) }, isSTPEnabled: flag(), isVLANFiltering: flag(),
            defaultPVID: maybe { $0.number() }, isMulticastSnooping: flag(), groupForwardMask: maybe { $0.number() })
    }

    fileprivate mutating func vxlan() -> VXLANAttributes {
        var vxlan = VXLANAttributes(
            vni: VNI(headerWord: number()), local: maybe { $0.address() }, remote: maybe { $0.address() },
            udpPort: maybe { $0.number() })
        vxlan.underlayIndex = maybe { $0.index() }
        vxlan.sourcePorts = maybe { 1...(.random(in: 1 ... .max, using: &$0)) }
        vxlan.isLearning = flag()
        vxlan.hasUDPChecksum = flag()
        vxlan.sendsZeroChecksumOverIPv6 = flag()
        vxlan.acceptsZeroChecksumOverIPv6 = flag()
        vxlan.sendsRemoteChecksum = flag()
        vxlan.acceptsRemoteChecksum = flag()
        vxlan.ttl = maybe { $0.number() }
        vxlan.dontFragment = maybe { $0.coin() ? .set : .inherit }
        vxlan.ageingTime = maybe { .seconds(Int64(.random(in: 0 ... .max, using: &$0) as UInt32)) }
        return vxlan
    }

    fileprivate mutating func bridgePort() -> BridgePort {
        var port = BridgePort(
            isLearning: flag(), floodsUnicast: flag(), floodsMulticast: flag(), floodsBroadcast: flag(), isIsolated: flag(),
            isHairpin: flag())
        port.state = maybe { $0.coin() ? .forwarding : .blocking }
        port.cost = maybe { $0.number() }
        port.isLocked = flag()
        port.suppressesNeighbours = flag()
        port.guardsBPDU = flag()
        return port
    }

    /// One message of each type, by type and payload.
    fileprivate mutating func messages() -> [(Int, [UInt8])] {
        var spec = LinkSpec(name: "a", kind: .vxlan(vxlan()), mac: mac(), mtu: 1500, group: number())
        var messages = [spec.request]
        spec.kind = .bridge(bridge())
        messages.append(spec.request)
        spec.kind = .vlan(VLANAttributes(id: vlan()), on: 2)
        messages.append(spec.request)
        let change = LinkChange(name: "b", alias: "c", addressGeneration: .eui64, ipv4: [.rpFilter: 1])
        messages.append(change.request(index: 1))
        messages.append(BridgeVLAN(linkIndex: 1, vlans: .first ... .last).request(type: RTM_NEWLINK, isBridgeItself: false))
        for (type, emit) in [
            (RTM_NEWADDR, interfaceAddress().emit), (RTM_NEWROUTE, route().emit), (RTM_NEWNEIGH, fdbEntry().emit),
            (RTM_NEWTFILTER, filter().emit),
        ] {
            var message = MessageBuilder(type: type)
            emit(&message)
            messages.append(message)
        }
        return messages.map { message in
            let bytes = message.finished(sequence: 0)
            return (Int(bytes[4]), Array(bytes.dropFirst(messageHeaderByteCount)))
        }
    }
}

extension VLANID {
    fileprivate static var first: VLANID { VLANID(1) ?? .last }
    fileprivate static var last: VLANID {
        guard let last = VLANID(4094) else { preconditionFailure("4094 is a VLAN") }
        return last
    }
}
