import Testing
import WeftAPI
import WeftTypes

@testable import WeftCLI

/// What the hook reads of a domain, and which domains it refuses.
@Suite struct LibvirtHookTests {
    /// As libvirt 9.0 hands it to a hook.
    private static let domain = """
        <?xml version='1.0'?>
        <!-- <interface type='ethernet'> in a comment -->
        <domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
          <name>vm1</name>
          <description><![CDATA[ <devices><interface type='ethernet'/></devices> ]]></description>
          <devices>
            <interface type='ethernet'>
              <mac address='52:54:00:00:01:01'/>
              <target dev='wft-vm1' managed='no'/>
              <model type='virtio'/>
              <driver name='qemu' queues='4'>
                <host csum='off'/>
              </driver>
              <alias name="net'0"/>
            </interface>
            <interface type='bridge'><source bridge='br0'/><target dev='vnet0'/></interface>
            <disk><target dev='vda'/></disk>
          </devices>
        </domain>
        """

    @Test func readsInterfaces() {
        let interfaces = DomainInterface.all(inDomain: Self.domain)
        #expect(interfaces.count == 2)
        #expect(
            interfaces.first
                == DomainInterface(
                    type: "ethernet", mac: "52:54:00:00:01:01", device: "wft-vm1", isManaged: false, queueCount: 4))
        #expect(interfaces.last == DomainInterface(type: "bridge", mac: nil, device: "vnet0"))
    }

    /// Cut anywhere, or with a byte changed, the text is read to an end.
    @Test(arguments: UInt64(0)..<32)
    func readsWhatIsBroken(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<50 {
            var bytes = Array(Self.domain.utf8.prefix(Int.random(in: 0...Self.domain.utf8.count, using: &random)))
            for _ in 0..<Int.random(in: 0...4, using: &random) where !bytes.isEmpty {
                bytes[Int.random(in: bytes.indices, using: &random)] = "<>/'= !?-".utf8.randomElement(using: &random) ?? 0
            }
            #expect(DomainInterface.all(inDomain: String(decoding: bytes, as: UTF8.self)).count <= 4)
        }
        let deep = String(repeating: "<a>", count: 1_000_000)
        #expect(DomainInterface.all(inDomain: deep).isEmpty)
    }

    private func complaint(
        _ interface: DomainInterface, down: Set<String> = [], _ change: (inout PortReport) -> Void = { _ in }
    ) -> String? {
        var port = Sample.ports[0]
        port.state = .down
        change(&port)
        return LibvirtHook.complaint(interface, ports: [port], down: down)
    }

    @Test func refusesWhatCannotWork() {
        let good = DomainInterface(type: "ethernet", mac: "52:54:00:00:01:01", device: "wft-vm1", isManaged: false)
        #expect(complaint(good) == nil)
        #expect(complaint(good) { $0.mac = nil } == nil)
        var other = good
        other.device = "wft-vm2"
        #expect(complaint(other) == "wft-vm2 is the device of no port of this host; did you mean 'wft-vm1'?")
        #expect(
            complaint(good) { ($0.state, $0.detail) = (.error, "bridge wfb-blue is foreign") }
                == "port vm1 (wft-vm1) is not ready: bridge wfb-blue is foreign")
        #expect(complaint(good) { $0.state = .up } == "port vm1 (wft-vm1) is in use; another virtual machine has it open")
        #expect(
            complaint(good, down: ["wft-vm1"]) { $0.detail = "it is switched off" }
                == "port vm1 (wft-vm1) is switched off: it is switched off")
        #expect(complaint(good) { $0.kind = "veth" }?.hasSuffix("is of kind veth; a domain takes a port of kind tap") == true)
        other = good
        other.isManaged = true
        #expect(complaint(other)?.hasSuffix("write <target dev='wft-vm1' managed='no'/>") == true)
        other = good
        other.mac = "52:54:00:00:01:02"
        #expect(complaint(other)?.hasSuffix("write <mac address='52:54:00:00:01:01'/>") == true)
        other.mac = "52:54:00:00:01:01".uppercased()
        #expect(complaint(other) == nil)
        other = good
        other.queueCount = 2
        #expect(complaint(other)?.hasSuffix("leave <driver queues=…/> out") == true)
        #expect(complaint(other) { $0.queueCount = 4 }?.hasSuffix("write <driver queues='4'/>") == true)
    }

    @Test func looksAtPortsOnly() {
        let interface = DomainInterface(type: "ethernet", mac: nil, device: "tap0")
        #expect(!LibvirtHook.isOurs(interface, marked: ["wft-vm1"]))
        #expect(LibvirtHook.isOurs(interface, marked: ["tap0"]))
        #expect(LibvirtHook.isOurs(DomainInterface(type: "ethernet", mac: nil, device: "wft-gone"), marked: []))
    }
}
