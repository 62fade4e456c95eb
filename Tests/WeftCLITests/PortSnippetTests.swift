import Testing
import WeftAPI

@testable import WeftCLI

@Suite struct PortSnippetTests {
    private func snippet(_ target: PortSnippet.Target, queueCount: Int = 1, name: String = "vm1") throws -> String {
        var port = Sample.ports[0]
        (port.queueCount, port.name) = (queueCount, name)
        return try PortSnippet.text(port, segment: Sample.segments[0], as: target)
    }

    @Test func qemu() throws {
        #expect(
            try snippet(.qemu) == """
                -netdev tap,id=vm1,ifname=wft-vm1,script=no,downscript=no \\
                -device virtio-net-pci,netdev=vm1,mac=52:54:00:00:01:01,host_mtu=1450

                """)
        #expect(
            try snippet(.qemu, queueCount: 4, name: "acme/1") == """
                -netdev tap,id=acme-1,ifname=wft-vm1,script=no,downscript=no,queues=4 \\
                -device virtio-net-pci,netdev=acme-1,mac=52:54:00:00:01:01,host_mtu=1450,mq=on,vectors=10

                """)
    }

    @Test func libvirt() throws {
        #expect(
            try snippet(.libvirt, queueCount: 2) == """
                <interface type='ethernet'>
                  <mac address='52:54:00:00:01:01'/>
                  <target dev='wft-vm1' managed='no'/>
                  <model type='virtio'/>
                  <mtu size='1450'/>
                  <driver queues='2'/>
                </interface>

                """)
    }

    @Test func others() throws {
        #expect(try snippet(.cloudHypervisor) == "--net tap=wft-vm1,mac=52:54:00:00:01:01,mtu=1450,num_queues=2\n")
        #expect(try snippet(.xl) == "vif = [ 'mac=52:54:00:00:01:01,bridge=wfb-blue,mtu=1450' ]\n")
        #expect(try snippet(.virtualbox).contains("--bridgeadapter1 wfb-blue --nictype1 virtio --macaddress1 525400000101"))
        #expect(
            try snippet(.firecracker).contains(
                #"{ "iface_id": "vm1", "host_dev_name": "wft-vm1", "guest_mac": "52:54:00:00:01:01" }"#))
        #expect(try snippet(.lxc).contains("lxc.net.0.ipv4.address = 10.1.0.11/24\n"))
        #expect(try snippet(.netns).contains("ip link set vvm1 master wfb-blue up\n"))
    }

    @Test func refusesWhatDoesNotGoTogether() {
        let veth = #expect(throws: APIError.self) {
            try PortSnippet.text(Sample.ports[2], segment: Sample.segments[1], as: .qemu)
        }
        #expect(veth?.cause == "its kind is veth, and qemu needs a TAP")
        let noBridge = #expect(throws: APIError.self) {
            try PortSnippet.text(Sample.ports[0], segment: Sample.segments[1], as: .lxc)
        }
        #expect(noBridge?.code == .usage)
    }
}
