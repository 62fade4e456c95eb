import Testing
import WeftAPI

@testable import WeftCLI

/// What each program is told, and which ports it can't use.
@Suite struct PortSnippetTests {
    private func snippet(
        _ target: PortSnippet.Target, kind: String = "tap", queueCount: Int = 1, name: String = "vm1", owner: String? = nil
    ) throws -> PortSnippet {
        var port = Sample.ports[0]
        (port.kind, port.queueCount, port.name, port.owner) = (kind, queueCount, name, owner)
        if kind == "veth" { (port.device, port.namespace) = ("wfv-vm1", "web") }
        if kind == "bridge" { (port.device, port.bridge) = ("wfn-vm1", "br0") }
        return try PortSnippet(port, segment: Sample.segments[0], as: target)
    }

    @Test func qemu() throws {
        let single = try snippet(.qemu)
        #expect(
            single.text == """
                -netdev tap,id=vm1,ifname=wft-vm1,script=no,downscript=no \
                -device virtio-net-pci,netdev=vm1,mac=52:54:00:00:01:01,host_mtu=1450

                """)
        #expect(
            single.arguments == [
                "-netdev", "tap,id=vm1,ifname=wft-vm1,script=no,downscript=no", "-device",
                "virtio-net-pci,netdev=vm1,mac=52:54:00:00:01:01,host_mtu=1450",
            ])
        #expect(single.notes.contains { $0.contains("owner: NAME") })
        let multi = try snippet(.qemu, queueCount: 4, name: "acme/1", owner: "ann")
        #expect(
            multi.text == """
                -netdev tap,id=acme-1,ifname=wft-vm1,script=no,downscript=no,queues=4 \
                -device virtio-net-pci,netdev=acme-1,mac=52:54:00:00:01:01,host_mtu=1450,mq=on,vectors=10

                """)
        #expect(multi.notes.contains("user ann may run it"))
        // The helper hands over one descriptor, which is one queue.
        #expect(!multi.notes.contains { $0.contains("helper") })
        #expect(try snippet(.qemu, owner: "ann").notes.contains { $0.contains("-netdev 'tap,id=vm1,helper=") })
    }

    @Test(arguments: [
        (
            mode: "stream", listens: true, path: "/run/vm1.sock",
            text: "stream,id=vm1,server=off,addr.type=unix,addr.path=/run/vm1.sock"
        ),
        (mode: "stream", listens: false, path: "/run/a,b", text: "stream,id=vm1,server=on,addr.type=unix,addr.path=/run/a,,b"),
        (
            mode: "dgram", listens: true, path: "/run/a b",
            text: "dgram,id=vm1,local.type=unix,local.path=/run/a b.guest,remote.type=unix,remote.path=/run/a b"
        ),
        (
            mode: "dgram", listens: false, path: "/run/a",
            text: "dgram,id=vm1,local.type=unix,local.path=/run/a,remote.type=unix,remote.path=/run/a.weft"
        ),
    ])
    func qemuSocket(mode: String, listens: Bool, path: String, text: String) throws {
        var port = Sample.ports[0]
        (port.kind, port.device) = ("socket", nil)
        port.socket = PortReport.Socket(path: path, mode: mode, isListening: listens)
        let snippet = try PortSnippet(port, segment: Sample.segments[0], as: .qemu)
        #expect(snippet.arguments?[1] == text)
        let word = path.contains(" ") ? "'\(text)'" : text
        #expect(snippet.text.hasPrefix("-netdev \(word) -device virtio-net-pci,"))
    }

    @Test func libvirt() throws {
        #expect(
            try snippet(.libvirt, queueCount: 2).text == """
                <interface type='ethernet'>
                  <mac address='52:54:00:00:01:01'/>
                  <target dev='wft-vm1' managed='no'/>
                  <model type='virtio'/>
                  <driver queues='2'/>
                  <mtu size='1450'/>
                </interface>

                """)
        #expect(try snippet(.libvirt, kind: "bridge").text.contains("<source bridge='br0'/>\n"))
    }

    @Test func others() throws {
        #expect(
            try snippet(.cloudHypervisor, queueCount: 2).text
                == "--net tap=wft-vm1,mac=52:54:00:00:01:01,mtu=1450,num_queues=4\n")
        #expect(try snippet(.xl).text == "vif = [ 'mac=52:54:00:00:01:01,bridge=wfb-blue,mtu=1450,script=vif-weft' ]\n")
        #expect(try snippet(.xl, kind: "bridge").text == "vif = [ 'bridge=br0,mtu=1450' ]\n")
        #expect(
            try snippet(.virtualbox).text
                == "VBoxManage modifyvm VM --nic1 bridged --bridgeadapter1 wfb-blue --nictype1 virtio --macaddress1 525400000101\n"
        )
        let lines = try snippet(.lxc).text.split(separator: "\n")
        #expect(lines.contains("lxc.net.0.ipv4.address = 10.1.0.11/24 10.1.0.255"))
        #expect(lines.contains("lxc.net.0.script.up = /usr/local/share/weft/lxc-weft vm1"))
        #expect(try snippet(.lxc, kind: "veth").text == "lxc.namespace.share.net = /run/netns/web\n")
        #expect(try snippet(.netns).text.contains("ip link set vvm1 addrgenmode none master wfb-blue up\n"))
        #expect(try snippet(.netns, kind: "veth").text == "ip netns add web\n")
    }

    @Test func firecracker() throws {
        struct File: Decodable {
            struct Interface: Decodable {
                var iface_id: String
                var host_dev_name: String
                var guest_mac: String
            }
            var interfaces: [Interface]
            enum CodingKeys: String, CodingKey { case interfaces = "network-interfaces" }
        }
        let text = try snippet(.firecracker, name: "acme/1-a").text
        let interface = try #require(try JSON.decode(File.self, from: .init(text.utf8)).interfaces.first)
        // Letters, digits and underscores are all that its names may have.
        #expect(interface.iface_id == "acme_1_a")
        #expect(interface.host_dev_name == "wft-vm1")
        #expect(interface.guest_mac == "52:54:00:00:01:01")
        #expect(throws: APIError.self) { try snippet(.firecracker, queueCount: 2) }
    }

    @Test func refusesWhatDoesNotGoTogether() {
        var port = Sample.ports[0]
        (port.kind, port.namespace) = ("veth", "web")
        let veth = #expect(throws: APIError.self) { try PortSnippet(port, segment: Sample.segments[0], as: .qemu) }
        #expect(
            veth?.description
                == "cannot show port as qemu on vm1: QEMU takes a port of kind tap, socket or bridge, and it is of kind veth; "
                + "give it such a kind in the topology, or use --as lxc, netns")
        port = Sample.ports[0]
        port.attach = "direct"
        let direct = #expect(throws: APIError.self) { try PortSnippet(port, segment: Sample.segments[0], as: .lxc) }
        #expect(direct?.cause.hasSuffix("and it is of kind tap with attach: direct") == true)
        #expect(direct?.help?.hasSuffix("use --as qemu, libvirt, firecracker, cloud-hypervisor") == true)
        let elsewhere = #expect(throws: APIError.self) {
            try PortSnippet(Sample.ports[1], segment: Sample.segments[0], as: .qemu)
        }
        #expect(elsewhere?.help == "ask there; in a lab with --host bravo")
    }

    /// Every kind of port, either way, with every program: a snippet, or an error that names only programs that give one.
    @Test(arguments: ["tap", "veth", "nic", "bridge", "socket"], ["bridge", "direct"])
    func isAnsweredForEveryPort(kind: String, attach: String) throws {
        for queueCount in [1, 2, 256] {
            for segment in [Sample.segments[0], nil] {
                for target in PortSnippet.Target.allCases {
                    var port = Sample.ports[0]
                    (port.kind, port.attach, port.queueCount) = (kind, attach, queueCount)
                    (port.device, port.namespace) = (kind == "socket" ? nil : "dev0", kind == "veth" ? "web" : nil)
                    if kind == "socket" { port.socket = .init(path: "/run/a", mode: "stream", isListening: true) }
                    if kind == "bridge" { port.bridge = "br0" }
                    if segment == nil { port.segment = nil }
                    do {
                        let snippet = try PortSnippet(port, segment: segment, as: target)
                        #expect(snippet.text.hasSuffix("\n") && !snippet.place.isEmpty)
                        #expect(kind != "nic")
                    } catch {
                        let choice =
                            error.help?.split(separator: "--as ").dropFirst().first.map { $0.split(separator: ", ") } ?? []
                        #expect((choice.isEmpty) == (kind == "nic"), "\(error)")
                        for word in choice {
                            let other = try #require(PortSnippet.Target(rawValue: String(word)))
                            #expect(other != target)
                            #expect(throws: Never.self) { try PortSnippet(port, segment: segment, as: other) }
                        }
                    }
                }
            }
        }
    }

    @Test func isAnObjectInJSON() throws {
        #expect(
            String(decoding: try JSON.encode(try snippet(.cloudHypervisor)), as: UTF8.self) == """
                {"arguments":["--net","tap=wft-vm1,mac=52:54:00:00:01:01,mtu=1450,num_queues=2"],"notes":[],\
                "place":"arguments of cloud-hypervisor","port":"vm1","program":"cloud-hypervisor",\
                "text":"--net tap=wft-vm1,mac=52:54:00:00:01:01,mtu=1450,num_queues=2\\n"}
                """)
    }
}
