import WeftTypes

/// One line about a frame, in the words of `tcpdump -n -S`, so that its users can read ours.
///
///     IP 10.1.0.11.49152 > 10.1.0.12.80: Flags [S], seq 7, win 64240, options [mss 1460], length 0
///     vlan 10, p 0, ARP, Request who-has 10.3.0.2 tell 10.3.0.1, length 28
///     IP 192.0.2.1.52811 > 192.0.2.2.4789: VXLAN, flags [I] (0x08), vni 100: IP 10.1.0.11 > 10.1.0.12: ICMP echo …
///
/// What differs from tcpdump: tags are always shown, what VXLAN carries is on the same line, fragments of IPv4 are shown
/// like those of IPv6, and ports are named before extension headers. Frames that are cut short or lie about themselves are
/// described as far as they go, with `[|udp]` where a header ends early.
public struct Dissection {
    /// The most frames inside frames that are followed, the outermost counted.
    static var depthLimit: Int { 4 }
    /// The most tags of a frame that are named, so that a line stays a line.
    static var tagLimit: Int { 8 }

    var text = ""
    let vxlanPort: UInt16
    var depth = 0

    /// Describes a frame, outer or inner; a UDP datagram to `vxlanPort` is opened and the frame in it described too.
    ///
    /// With `showsEthernet` the addresses, the type and the length come first, as with `tcpdump -e`. Every byte sequence has
    /// a description.
    public static func oneLine(_ frame: RawSpan, showsEthernet: Bool = false, vxlanPort: UInt16 = 4789) -> String {
        var dissection = Dissection(vxlanPort: vxlanPort)
        dissection.describeFrame(frame, showsEthernet: showsEthernet)
        return dissection.text
    }

    private init(vxlanPort: UInt16) { self.vxlanPort = vxlanPort }

    /// Appends one more piece.
    mutating func write(_ piece: String) { text += piece }

    mutating func describeFrame(_ frame: RawSpan, showsEthernet: Bool) {
        depth += 1
        guard depth <= Self.depthLimit else { return write("…") }
        guard let header = try? EthernetHeader(parsing: frame) else { return write("[|ether]") }
        if showsEthernet {
            write("\(header.source) > \(header.destination), ")
            write(header.etherType.isLength ? "802.3" : "ethertype \(header.etherType)")
            write(", length \(frame.byteCount): ")
        }
        var type = header.etherType
        var offset = EthernetHeader.byteCount
        var tagCount = 0
        while type.isTag {
            tagCount += 1
            guard tagCount <= Self.tagLimit else { return write("…, length \(frame.byteCount)") }
            guard let tag = try? VLANTag(parsing: frame.extracting(offset - 2..<frame.byteCount)), frame.byteCount - offset >= 4
            else { return write("[|vlan]") }
            write("vlan \(tag.vlan), p \(tag.priority)" + (tag.isDropEligible ? ", DEI, " : ", "))
            type = EtherType(rawValue: frame.bigEndian(at: offset + 2))
            offset += VLANTag.byteCount
            if showsEthernet { write("ethertype \(type), ") }
        }
        let payload = frame.extracting(offset..<frame.byteCount)
        switch type {
        case .ipv4:
            if !showsEthernet { write("IP ") }
            describeIPv4(payload)
        case .ipv6:
            if !showsEthernet { write("IP6 ") }
            describeIPv6(payload)
        case .arp:
            if !showsEthernet { write("ARP, ") }
            describeARP(payload)
        case .lldp: write("LLDP, length \(payload.byteCount)")
        case _ where type.isLength: describeLLC(payload, length: Int(type.rawValue))
        default:
            if !showsEthernet { write("\(header.source) > \(header.destination), ethertype \(type), length \(frame.byteCount)") }
        }
        if showsEthernet, text.hasSuffix(": ") { text.removeLast(2) }
    }

    private mutating func describeARP(_ bytes: RawSpan) {
        let packet: ARPPacket
        do throws(WireError) {
            packet = try ARPPacket(parsing: bytes)
        } catch {
            guard case .truncated = error else { return write("not IPv4 over Ethernet, length \(bytes.byteCount)") }
            return write("[|arp]")
        }
        switch packet.operation {
        case .request:
            let target = packet.targetMAC.isZero ? "" : " (\(packet.targetMAC))"
            write("Request who-has \(packet.target)\(target) tell \(packet.sender)")
        case .reply: write("Reply \(packet.sender) is-at \(packet.senderMAC)")
        default: write("operation \(packet.operation.rawValue) from \(packet.sender) to \(packet.target)")
        }
        write(", length \(bytes.byteCount)")
    }

    /// 802.2: only spanning tree is named.
    private mutating func describeLLC(_ bytes: RawSpan, length: Int) {
        guard bytes.byteCount >= 3 else { return write("[|llc]") }
        let points: UInt16 = bytes.bigEndian(at: 0)
        let accessPoints = "dsap 0x\(hexadecimal(points >> 8, width: 2)), ssap 0x\(hexadecimal(points & 0xFF, width: 2))"
        write(points == 0x4242 ? "STP, length \(length)" : "LLC, \(accessPoints), length \(length)")
    }
}

extension EtherType: CustomStringConvertible {
    /// tcpdump's name with the number: `IPv4 (0x0800)`.
    public var description: String {
        let name =
            switch self {
            case .ipv4: "IPv4"
            case .arp: "ARP"
            case .vlan: "802.1Q"
            case .ipv6: "IPv6"
            case .serviceVLAN: "802.1Q-QinQ"
            case .lldp: "LLDP"
            default: "Unknown"
            }
        return "\(name) (0x\(hexadecimal(rawValue, width: 4)))"
    }
}
