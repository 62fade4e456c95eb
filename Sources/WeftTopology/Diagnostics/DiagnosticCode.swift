/// The codes of everything that can be wrong with a topology file: the one table of them.
///
/// A code never changes its meaning and is never used again for another. The hundreds tell the class: 1 shape,
/// 2 reference, 3 range, 4 conflict, 5 feasibility, 6 advice. <doc:Diagnostics> lists them for users.
public enum DiagnosticCode: String, Hashable, Sendable, CaseIterable {
    // Shape
    case unknownKey = "E101"
    case yamlSyntax = "E102"
    case duplicateKey = "E103"
    case wrongType = "E104"
    case missingKey = "E105"
    case unknownVersion = "E106"
    case unknownWord = "E107"
    case malformedAddress = "E108"
    case tooDeep = "E109"
    case aliasesMultiply = "E110"
    case notUTF8 = "E111"
    case severalDocuments = "E112"
    case emptyFile = "E113"
    case tooLarge = "E114"
    case unreadable = "E115"
    case unusedYAML = "E116"
    // Reference
    case unknownSegment = "E201"
    case unknownHost = "E202"
    case unknownPort = "E203"
    case nativeOutsideTrunk = "E204"
    case otherTenant = "E205"
    case notPlainVTEP = "E206"
    case vtepLeftOut = "E207"
    // Range
    case vniRange = "E301"
    case invalidName = "E302"
    case mtuRange = "E303"
    case mtuBelowIPv6 = "E304"
    case invalidDevice = "E305"
    case invalidMAC = "E306"
    case invalidAddress = "E307"
    case vlanRange = "E308"
    case portNumberRange = "E309"
    case queuesRange = "E310"
    case invalidUnderlay = "E311"
    case invalidSubnet = "E312"
    case tooMany = "E313"
    case invalidText = "E314"
    case bumRange = "E315"
    // Conflict
    case vniTwice = "E401"
    case macTwice = "E402"
    case addressTwice = "E403"
    case deviceTwice = "E404"
    case vlanTwice = "E405"
    case underlayTwice = "E406"
    case subnetsOverlap = "E407"
    case segmentBesideTrunk = "E408"
    case keyOfAnotherKind = "E409"
    case udpPortTwice = "E410"
    // Feasibility
    case mtuAboveUnderlay = "E501"
    case laterValue = "E502"
    case laterKey = "E503"
    case noCommonFamily = "E504"
    case kindImpossible = "E505"
    // E506, an interface that only gossip could tell, was of versions without gossip.
    // Advice
    case unquotedMAC = "W601"
    case emptySegment = "W602"
    case idleHost = "W603"
    case possibleLoop = "W604"

    /// Errors make a file unusable, advice does not.
    public var severity: Diagnostic.Severity { rawValue.hasPrefix("W") ? .warning : .error }

    /// The rule in a few words.
    public var title: String { entry.title }
    /// The rule in a sentence or two, with what to do.
    public var explanation: String { entry.explanation }

    private var entry: (title: String, explanation: String) {
        switch self {
        case .unknownKey:
            ("unknown key", "The object has no such key in any version. Keys that begin with `x-` are yours and are ignored.")
        case .yamlSyntax: ("YAML error", "The file is not well-formed YAML; nothing else of it could be checked.")
        case .duplicateKey: ("duplicate key", "A mapping has the same key twice; only the first one is looked at.")
        case .wrongType: ("wrong type", "A mapping, a list, a text, a number or true/false stands where another is needed.")
        case .missingKey: ("missing key", "The object can't do without this key, and no default gives it.")
        case .unknownVersion: ("unknown format version", "`weft:` names a version of the format that this program does not read.")
        case .unknownWord: ("unknown word", "The key takes one of a few words, and this is none of them.")
        case .malformedAddress: ("malformed address", "The text is not an IP address, a network or a MAC address.")
        case .tooDeep: ("nested too deeply", "More than 64 levels of lists and mappings; no topology needs that.")
        case .aliasesMultiply:
            (
                "aliases multiply",
                "The YAML aliases of the file stand for far more than is written. Write less of it with aliases."
            )
        case .notUTF8: ("not UTF-8", "A topology file is UTF-8 text, with or without a byte order mark.")
        case .severalDocuments:
            ("several documents", "A file describes one fabric; the documents after `---` belong in files of their own.")
        case .emptyFile: ("empty file", "The file holds nothing but comments and space.")
        case .tooLarge: ("file too large", "A topology file has at most 4 MiB.")
        case .unreadable: ("unreadable file", "The file is missing, is not a regular file, or may not be read.")
        case .unusedYAML: ("YAML feature not in use", "Tags, and lists or mappings as keys, have no meaning in a topology.")
        case .unknownSegment: ("unknown segment", "No segment of that name is under `segments`.")
        case .unknownHost: ("unknown host", "No host of that name is under `hosts`.")
        case .unknownPort: ("unknown port", "No port of that name is under `ports`.")
        case .nativeOutsideTrunk: ("native outside trunk", "`native` names one of the segments of the port's `trunk`.")
        case .otherTenant:
            ("another tenant's object", "A name with a slash belongs to a tenant, and only objects of that tenant refer to it.")
        case .notPlainVTEP: ("not a plain VTEP", "`vteps` lists hosts of kind `vtep`; agents join a segment by their ports.")
        case .vtepLeftOut: ("plain VTEP left out", "A port is on a plain VTEP that the segment's `vteps` does not list.")
        case .vniRange: ("VNI out of range", "A VNI is a number of 24 bits, 1…16777215.")
        case .invalidName:
            (
                "invalid name",
                "Names are `[a-z0-9]([a-z0-9-]*[a-z0-9])?`, at most 32 characters; segments and ports may have a tenant and one slash in front."
            )
        case .mtuRange: ("MTU out of range", "A segment's MTU is `auto` or 576…9216 bytes.")
        case .mtuBelowIPv6:
            ("MTU below IPv6's", "A segment with an IPv6 subnet needs an MTU of at least 1280 bytes (RFC 8200 §5).")
        case .invalidDevice:
            (
                "invalid device name",
                "Device names have at most 15 bytes, `[A-Za-z0-9][A-Za-z0-9_.-]*`, and are not `.`, `..`, `all` or `default`."
            )
        case .invalidMAC: ("invalid MAC", "A port's MAC is the address of one station: not multicast, not zero.")
        case .invalidAddress:
            (
                "invalid address",
                "A port's address is inside its segment's subnet and is neither the network nor the broadcast address."
            )
        case .vlanRange: ("VLAN out of range", "A VLAN is 1…4094.")
        case .portNumberRange: ("port number out of range", "TCP and UDP ports are 1…65535.")
        case .queuesRange: ("queues out of range", "A TAP has 1…256 queues.")
        case .invalidUnderlay: ("invalid underlay address", "An underlay address belongs to one host and needs no zone.")
        case .invalidSubnet:
            ("invalid subnet", "A subnet is written by its network address, without host bits, and is not multicast.")
        case .tooMany: ("too many", "`underlay` takes one address of each family, `subnet` at most two networks.")
        case .invalidText:
            ("invalid text", "A user, a network namespace, a socket's path or a label has characters or a length that can't be.")
        case .bumRange:
            ("BUM cap out of range", "A port floods 1…10000000 frames a second, or with `bum: 0` as many as come.")
        case .vniTwice: ("VNI twice", "Two segments have the same VNI.")
        case .macTwice: ("MAC twice", "Two ports of a segment have the same MAC.")
        case .addressTwice: ("address twice", "Two ports of a segment have the same address.")
        case .deviceTwice: ("device twice", "Two objects on a host would have the same device or the same socket.")
        case .vlanTwice: ("VLAN twice", "A trunk maps one VLAN to two segments.")
        case .underlayTwice: ("underlay address twice", "Two hosts have the same underlay address.")
        case .subnetsOverlap: ("overlapping subnets", "Two subnets of one tenant have addresses in common.")
        case .segmentBesideTrunk: ("segment beside trunk", "A port has either `segment` or `trunk`, not both.")
        case .keyOfAnotherKind: ("key of another kind", "The key has a meaning only for another kind of host, port or check.")
        case .udpPortTwice: ("UDP port twice", "A host's VXLAN and gossip ports have to differ.")
        case .mtuAboveUnderlay:
            (
                "MTU above the underlay's",
                "The explicit MTU and the overhead, 50 bytes over IPv4 or 70 over IPv6, exceed the underlay MTU."
            )
        case .laterValue: ("value not in this version", "The format has this value, but this version can't do it yet.")
        case .laterKey: ("key not in this version", "The format has this key, but this version can't do it yet.")
        case .noCommonFamily:
            ("no common family", "Two hosts have no underlay address family in common, so no tunnel can join them.")
        case .kindImpossible: ("kind not possible here", "This host's kernel can't make ports of that kind.")
        case .unquotedMAC:
            ("MAC without quotes", "YAML 1.1 reads some MACs as numbers in base 60; quotes keep every tool from that.")
        case .emptySegment: ("segment without ports", "Nothing is attached to the segment.")
        case .idleHost: ("host without ports", "Nothing is attached on the host.")
        case .possibleLoop:
            (
                "possible loop",
                "Two ports of the kinds `nic` and `bridge` join a segment to wires of one host with the same tag; if the wires meet, frames go round, and the agents, which find that by probes, block one of the two."
            )
        }
    }
}
