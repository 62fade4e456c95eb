import Testing
import WeftTypes

@testable import WeftTopology

@Suite struct NamingTests {
    @Test(arguments: ["a", "vm1", "0", "a-b", "acme/web1", String(repeating: "a", count: 32)])
    func acceptsNames(text: String) { #expect(TopologyName(text)?.text == text) }

    @Test(arguments: [
        "", "-a", "a-", "A", "a_b", "a.b", "/a", "a/", "a/b/c", "a/-", "ä", " a", "a\n", String(repeating: "a", count: 33),
    ])
    func rejectsNames(text: String) { #expect(TopologyName(text) == nil) }

    @Test func tenantIsInFrontOfTheSlash() {
        #expect(name("acme/web1").tenant == "acme")
        #expect(name("web1").tenant == nil)
    }

    @Test(arguments: ["eth0", "eno2.100", "A", "br_0-x", "abcdefghijklmno"])
    func acceptsDeviceNames(text: String) { #expect(DeviceName(text)?.text == text) }

    @Test(arguments: ["", ".", "..", ".a", "-a", "all", "default", "a/b", "a b", "abcdefghijklmnop", "é", "a:1"])
    func rejectsDeviceNames(text: String) { #expect(DeviceName(text) == nil) }

    @Test(arguments: [
        (kind: Mark.Kind.tap, name: "vm1", device: "wft-vm1"),
        (kind: .bridge, name: "blue", device: "wfb-blue"),
        (kind: .uplink, name: "blue", device: "wfu-blue"),
        (kind: .veth, name: "abcdefghijk", device: "wfv-abcdefghijk"),
        // sha256("lab/veth/abcdefghijkl") and sha256("lab/tap/acme/web1"), first four bytes
        (kind: .veth, name: "abcdefghijkl", device: "wfv-aa71824e"),
        (kind: .tap, name: "acme/web1", device: "wft-97832668"),
    ])
    func derivesDeviceNames(kind: Mark.Kind, name text: String, device: String) {
        #expect(DeviceName(kind, fabric: name("lab"), name: name(text)).text == device)
    }

    @Test(arguments: UInt64(0)..<64)
    func derivedDeviceNamesAreValid(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789")
        func part(_ longest: Int) -> String {
            String((0..<Int.random(in: 1...longest, using: &random)).compactMap { _ in letters.randomElement(using: &random) })
        }
        let text = Bool.random(using: &random) ? part(32) : part(15) + "/" + part(16)
        for kind in Mark.Kind.allCases {
            let device = DeviceName(kind, fabric: name("lab"), name: name(text)).text
            #expect(DeviceName(device)?.text == device, "\(text) gives \(device)")
        }
    }

    @Test func aVLANDeviceIsNamedByPortAndVLAN() throws {
        let vlan = try #require(VLANID(4094))
        let mark = Mark(fabric: name("lab"), port: name("acme/web1"), vlan: vlan)
        #expect(mark.alias == "weft:lab/vlan.4094/acme/web1" && Mark(alias: mark.alias) == mark)
        #expect(DeviceName(.vlan, fabric: name("lab"), name: name("vm1"), vlan: vlan).text == "wfn-vm1.4094")
        #expect(
            mark.deviceName.text.utf8.count == 12
                && mark.deviceName != DeviceName(.vlan, fabric: name("lab"), name: name("acme/web1")))
        for alias in [
            "weft:lab/vlan/vm1", "weft:lab/vlan.0/vm1", "weft:lab/vlan.4095/vm1", "weft:lab/vlan.010/vm1", "weft:lab/tap.10/vm1",
        ] {
            #expect(Mark(alias: alias) == nil, "\(alias)")
        }
    }

    @Test func marksAreReadBack() {
        let mark = Mark(fabric: name("lab"), kind: .tap, name: name("acme/web1"))
        #expect(mark.alias == "weft:lab/tap/acme/web1")
        #expect(Mark(alias: mark.alias) == mark)
        #expect(Mark.group == 0x7765_6674)
    }

    @Test(arguments: [
        "", "weft:", "weft:lab", "weft:lab/tap", "weft:lab/tap/", "weft:lab/disk/vm1", "Weft:lab/tap/vm1", "lab/tap/vm1",
    ])
    func foreignAliasesAreNoMarks(alias: String) { #expect(Mark(alias: alias) == nil) }

    // sha256("first/vm1") begins 62 d8 7f 7f c4 4d
    @Test func derivesMACs() {
        let mac = MACAddress.derived(fabric: name("first"), port: name("vm1"))
        #expect(mac.description == "62:d8:7f:7f:c4:4d")
        #expect(!mac.isMulticast)
    }
}
