import CMnl
import Testing
import WeftTypes

@testable import WeftNetlink

/// Messages as they are on the socket of a little-endian machine, byte by byte.
@Suite struct MessageTests {
    static let setUp: [UInt8] = [
        0x2c, 0x00, 0x00, 0x00,  // length 44
        0x10, 0x00, 0x05, 0x00,  // RTM_NEWLINK; NLM_F_REQUEST | NLM_F_ACK
        0x07, 0x00, 0x00, 0x00,  // sequence 7
        0x39, 0x30, 0x00, 0x00,  // port 12345
        0x00, 0x00, 0x00, 0x00,  // AF_UNSPEC, padding, type
        0x03, 0x00, 0x00, 0x00,  // link 3
        0x01, 0x00, 0x00, 0x00,  // IFF_UP
        0x01, 0x00, 0x00, 0x00,  // the flags that change
        0x09, 0x00, 0x03, 0x00,  // IFLA_IFNAME, 9 bytes
        0x65, 0x74, 0x68, 0x30,  // "eth0"
        0x00, 0x00, 0x00, 0x00,  // NUL and padding
    ]

    @Test func changeOfALink() {
        #expect(LinkChange(name: "eth0", isUp: true).request(index: 3).finished(sequence: 7, portID: 12345) == Self.setUp)
    }

    @Test func nestedAttributes() throws {
        var change = LinkChange()
        change.ipv4 = [.arpIgnore: 8, .rpFilter: 1]
        #expect(
            Array(change.request(index: 3).finished(sequence: 1).dropFirst(32)) == [
                0x1c, 0x00, 0x1a, 0x80,  // IFLA_AF_SPEC, nested, 28 bytes
                0x18, 0x00, 0x02, 0x80,  // AF_INET, nested, 24 bytes
                0x14, 0x00, 0x01, 0x80,  // IFLA_INET_CONF, nested, 20 bytes
                0x08, 0x00, 0x08, 0x00, 0x01, 0x00, 0x00, 0x00,  // IPV4_DEVCONF_RP_FILTER = 1
                0x08, 0x00, 0x13, 0x00, 0x08, 0x00, 0x00, 0x00,  // IPV4_DEVCONF_ARP_IGNORE = 8
            ])
    }

    @Test func pairOfLinks() throws {
        let peer = VethPeer(name: "b", mac: try mac("02:00:00:00:00:0b"), namespaceDescriptor: 9)
        let spec = LinkSpec(name: "a", kind: .veth(peer: peer), group: 0x7765_6674)
        #expect(
            Array(spec.request.finished(sequence: 1).dropFirst(32)) == [
                0x06, 0x00, 0x03, 0x00, 0x61, 0x00, 0x00, 0x00,  // IFLA_IFNAME "a"
                0x08, 0x00, 0x1b, 0x00, 0x74, 0x66, 0x65, 0x77,  // IFLA_GROUP
                0x44, 0x00, 0x12, 0x80,  // IFLA_LINKINFO, nested
                0x09, 0x00, 0x01, 0x00, 0x76, 0x65, 0x74, 0x68, 0x00, 0x00, 0x00, 0x00,  // IFLA_INFO_KIND "veth"
                0x34, 0x00, 0x02, 0x80,  // IFLA_INFO_DATA, nested
                0x30, 0x00, 0x01, 0x80,  // VETH_INFO_PEER, nested
                0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,  // struct ifinfomsg
                0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                0x06, 0x00, 0x03, 0x00, 0x62, 0x00, 0x00, 0x00,  // IFLA_IFNAME "b"
                0x0a, 0x00, 0x01, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x0b, 0x00, 0x00,  // IFLA_ADDRESS
                0x08, 0x00, 0x1c, 0x00, 0x09, 0x00, 0x00, 0x00,  // IFLA_NET_NS_FD 9
            ])
    }

    @Test func filterThatDropsAll() throws {
        let filter = TrafficFilter(linkIndex: 3, hook: .ingress, priority: 1, handle: 0x7765_6674, program: [.drop])
        var request = MessageBuilder(type: RTM_NEWTFILTER, flags: NLM_F_CREATE)
        filter.emit(into: &request)
        #expect(
            Array(request.finished(sequence: 1).dropFirst(16)) == [
                0x00, 0x00, 0x00, 0x00,  // AF_UNSPEC, padding
                0x03, 0x00, 0x00, 0x00,  // link 3
                0x74, 0x66, 0x65, 0x77,  // the filter's number
                0xf2, 0xff, 0xff, 0xff,  // clsact, ingress
                0x00, 0x03, 0x01, 0x00,  // ETH_P_ALL in network order, priority 1
                0x08, 0x00, 0x01, 0x00, 0x62, 0x70, 0x66, 0x00,  // TCA_KIND "bpf"
                0x20, 0x00, 0x02, 0x80,  // TCA_OPTIONS, nested, 32 bytes
                0x08, 0x00, 0x08, 0x00, 0x01, 0x00, 0x00, 0x00,  // TCA_BPF_FLAGS: direct action
                0x06, 0x00, 0x04, 0x00, 0x01, 0x00, 0x00, 0x00,  // TCA_BPF_OPS_LEN 1, padding
                0x0c, 0x00, 0x05, 0x00,  // TCA_BPF_OPS
                0x06, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00,  // return TC_ACT_SHOT
            ])
    }

    /// 127.0.0.1/8 on the loopback device.
    static let loopbackAddress: [UInt8] = [
        0x02, 0x08, 0x80, 0xfe, 0x01, 0x00, 0x00, 0x00,  // AF_INET, /8, IFA_F_PERMANENT, scope host, link 1
        0x08, 0x00, 0x01, 0x00, 0x7f, 0x00, 0x00, 0x01,  // IFA_ADDRESS
        0x08, 0x00, 0x02, 0x00, 0x7f, 0x00, 0x00, 0x01,  // IFA_LOCAL
        0x07, 0x00, 0x03, 0x00, 0x6c, 0x6f, 0x00, 0x00,  // IFA_LABEL "lo"
        0x08, 0x00, 0x08, 0x00, 0x80, 0x02, 0x00, 0x00,  // IFA_FLAGS, wider than the header's
        0x14, 0x00, 0x06, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,  // IFA_CACHEINFO
        0x24, 0x00, 0x00, 0x00, 0x24, 0x00, 0x00, 0x00,
    ]

    @Test func addressIsRead() throws {
        let parsed = try parse(Self.loopbackAddress) { bytes throws(MalformedMessage) in
            try InterfaceAddress(parsing: bytes)
        }
        var expected = InterfaceAddress(
            linkIndex: 1, prefix: try prefix("127.0.0.1/8"), scope: .host, flags: [.permanent, .noPrefixRoute])
        expected.label = "lo"
        #expect(parsed == expected)
    }

    @Test func entryOfAVXLANDeviceIsRead() throws {
        let bytes: [UInt8] = [
            0x07, 0x00, 0x00, 0x00, 0x05, 0x00, 0x00, 0x00,  // AF_BRIDGE, link 5
            0x80, 0x00, 0x12, 0x00,  // NUD_PERMANENT; NTF_SELF | NTF_EXT_LEARNED
            0x0a, 0x00, 0x02, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00,  // NDA_LLADDR
            0x08, 0x00, 0x01, 0x00, 0xc0, 0x00, 0x02, 0x0c,  // NDA_DST 192.0.2.12
            0x06, 0x00, 0x06, 0x00, 0x12, 0xb6, 0x00, 0x00,  // NDA_PORT 4790, big-endian
            0x08, 0x00, 0x07, 0x00, 0x64, 0x00, 0x00, 0x00,  // NDA_VNI 100
            0x14, 0x00, 0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,  // NDA_CACHEINFO
            0x2c, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,  // updated 3 s ago
        ]
        let parsed = try parse(bytes) { bytes throws(MalformedMessage) in try FDBEntry(parsing: bytes) }
        var expected = FDBEntry(
            linkIndex: 5, mac: try mac("02:00:00:00:00:01"), table: .own, destination: try address("192.0.2.12"),
            udpPort: 4790, vni: try vni(100), state: .permanent, flags: [.own, .externallyLearned])
        expected.age = .seconds(3)
        #expect(parsed == expected)
    }

    @Test func refusalWithTheKernelsWords() throws {
        let bytes: [UInt8] = [
            0xed, 0xff, 0xff, 0xff,  // -ENODEV
            0x20, 0x00, 0x00, 0x00, 0x10, 0x00, 0x05, 0x00, 0x07, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,  // the request
            0x0c, 0x00, 0x01, 0x00, 0x4e, 0x6f, 0x20, 0x64, 0x65, 0x76, 0x21, 0x00,  // NLMSGERR_ATTR_MSG "No dev!"
        ]
        let flags = NLM_F_CAPPED | NLM_F_ACK_TLVS
        let read = try parse(bytes) { bytes throws(MalformedMessage) in try Acknowledgement(error: bytes, flags: flags) }
        #expect(read.errno == 19)
        #expect(read.message == "No dev!")
    }

    @Test func refusalThatRepeatsTheRequest() throws {
        let bytes: [UInt8] =
            [
                0xff, 0xff, 0xff, 0xff,  // -EPERM
                0x18, 0x00, 0x00, 0x00, 0x10, 0x00, 0x05, 0x00, 0x07, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
            ] + [1, 2, 3, 4, 5, 6, 7, 8]  // the rest of the request
            + [0x06, 0x00, 0x01, 0x00, 0x4e, 0x00, 0x00, 0x00]  // NLMSGERR_ATTR_MSG "N"
        let read = try parse(bytes) { bytes throws(MalformedMessage) in
            try Acknowledgement(error: bytes, flags: NLM_F_ACK_TLVS)
        }
        #expect(read.errno == 1)
        #expect(read.message == "N")
    }

    @Test(
        arguments: [
            (bytes: [0x03, 0x00, 0x01, 0x00], needed: 4, got: 3),  // shorter than its own header
            (bytes: [0x00, 0x00, 0x01, 0x00], needed: 4, got: 0),  // would never end
            (bytes: [0x09, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00], needed: 9, got: 8),  // beyond the message
        ] as [(bytes: [UInt8], needed: Int, got: Int)])
    func attributeOfAWrongLength(bytes: [UInt8], needed: Int, got: Int) {
        #expect(throws: MalformedMessage(part: "attribute 1", needed: needed, got: got)) {
            try parse(bytes) { bytes throws(MalformedMessage) in try bytes.forEachAttribute { _, _ in } }
        }
    }

    @Test(arguments: [
        (bytes: Array(setUp.prefix(15)), needed: 16, got: 15),
        (bytes: Array(setUp.prefix(40)), needed: 44, got: 40),
        (bytes: [0x0f, 0x00, 0x00, 0x00] + setUp.dropFirst(4), needed: 16, got: 15),
    ])
    func messageOfAWrongLength(bytes: [UInt8], needed: Int, got: Int) {
        #expect(throws: MalformedMessage(part: "nlmsghdr", needed: needed, got: got)) {
            try parse(bytes) { bytes throws(MalformedMessage) in try bytes.forEachMessage { _, _ in } }
        }
    }

    /// An attribute that is shorter than its number, within a message that is whole.
    @Test(arguments: [
        (type: IFA_FLAGS, name: "IFA_FLAGS", needed: 4), (type: IFA_ADDRESS, name: "IFA_ADDRESS", needed: 4),
    ])
    func numberThatIsTooShort(type: Int, name: String, needed: Int) {
        let bytes = Array(Self.loopbackAddress.prefix(8)) + [0x06, 0x00, UInt8(type), 0x00, 0x01, 0x02, 0x00, 0x00]
        #expect(throws: MalformedMessage(part: name, needed: needed, got: 2)) {
            try parse(bytes) { bytes throws(MalformedMessage) in try InterfaceAddress(parsing: bytes) }
        }
    }

    @Test func textsEndAtTheirNUL() throws {
        #expect(try parse([0x61, 0x62, 0x00, 0x63]) { bytes throws(MalformedMessage) in bytes.text } == "ab")
        #expect(try parse([0x61, 0x62]) { bytes throws(MalformedMessage) in bytes.text } == "ab")
        #expect(try parse([]) { bytes throws(MalformedMessage) in bytes.text } == "")
        #expect(try parse([0xff, 0x61]) { bytes throws(MalformedMessage) in bytes.text } == "\u{fffd}a")
    }
}

/// Lends the bytes to a parser.
func parse<Value>(_ bytes: [UInt8], _ body: (RawSpan) throws(MalformedMessage) -> Value) throws(MalformedMessage) -> Value {
    // Sound: bytes have no padding between them.
    try unsafe body(bytes.span.bytes)
}
