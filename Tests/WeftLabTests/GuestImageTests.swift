import Testing
import WeftTopology
import WeftTypes

@testable import WeftLab

@Suite struct CPIOArchiveTests {
    @Test func writesAMemberFieldByField() {
        var archive = CPIOArchive()
        archive.addFile("ab", content: [1, 2, 3], isExecutable: true)
        let bytes = archive.finished()
        let header =
            "070701" + "00000001" + "000081ED"  // magic, inode, regular file 0755
            + "00000000" + "00000000" + "00000001" + "00000000" + "00000003"  // uid, gid, links, time, size
            + "00000000" + "00000000" + "00000000" + "00000000"  // devices
            + "00000003" + "00000000"  // the name with its zero, checksum
        #expect(String(decoding: bytes.prefix(110), as: UTF8.self) == header)
        #expect(Array(bytes[110..<120]) == [0x61, 0x62, 0, 0, 0, 0, 1, 2, 3, 0])
        #expect(bytes.count.isMultiple(of: 4))
    }
}

@Suite struct ModuleDependenciesTests {
    let dependencies = ModuleDependencies(
        parsing: """
            kernel/drivers/net/virtio_net.ko: kernel/net/core/failover.ko kernel/drivers/virtio/virtio.ko
            kernel/net/core/failover.ko:
            kernel/drivers/virtio/virtio.ko:
            kernel/net/9p/9pnet.ko.xz: kernel/drivers/virtio/virtio.ko
            nonsense
            """)

    @Test func insertsWhatAModuleNeedsBeforeIt() {
        let order = dependencies.loadOrder(of: ["virtio-net", "9pnet"])
        #expect(
            order.paths == [
                "kernel/drivers/virtio/virtio.ko", "kernel/net/core/failover.ko", "kernel/drivers/net/virtio_net.ko",
                "kernel/net/9p/9pnet.ko.xz",
            ])
        #expect(order.missing.isEmpty)
    }

    @Test func tellsWhatTheKernelHasNoModuleFor() {
        #expect(dependencies.loadOrder(of: ["overlay"]).missing == ["overlay"])
    }
}

@Suite struct MachineHostTests {
    @Test func tellsAProgramThatNeedsLibrariesFromOneThatDoesNot() throws {
        #expect(!MachineHost.isStatic(try #require(try Files.read("/bin/sh", attempt: "test"))))
        #expect(MachineHost.isStatic([0x7F] + Array("ELF".utf8)))
    }
}

@Suite struct MachineSpecTests {
    let layout = LabLayout(lab: .fallback)

    func machine(queueCount: Int) throws -> MachineSpec {
        MachineSpec(
            port: "vm1", device: "wft-vm1", mac: try #require(MACAddress("52:54:00:00:01:01")),
            addresses: [try #require(IPPrefix("10.1.0.11/24"))], mtuByteCount: 1450, queueCount: queueCount)
    }

    @Test func opensASingleQueueTAPWithoutQueues() throws {
        let arguments = try machine(queueCount: 1).arguments(kernel: "/k/vmlinux", layout: layout, accelerator: "tcg")
        #expect(arguments.contains("tap,id=n0,ifname=wft-vm1,script=no,downscript=no,vhost=off"))
        #expect(arguments.contains("virtio-net-pci,netdev=n0,mac=52:54:00:00:01:01,host_mtu=1450,romfile="))
    }

    @Test func isAtASocketInThePlaceOfTheTAP() throws {
        var machine = try machine(queueCount: 1)
        machine.socket = SocketOptions(path: "/run/vm1", mode: .dgram, listens: false)
        let arguments = machine.arguments(kernel: "/k/vmlinux", layout: layout, accelerator: "tcg")
        #expect(arguments.contains("dgram,id=n0,local.type=unix,local.path=/run/vm1,remote.type=unix,remote.path=/run/vm1.weft"))
        #expect(!arguments.contains { $0.hasPrefix("tap,") })
    }

    @Test func givesAMultiQueueTAPItsQueues() throws {
        let arguments = try machine(queueCount: 2).arguments(kernel: "/k/vmlinux", layout: layout, accelerator: "tcg")
        #expect(arguments.contains("tap,id=n0,ifname=wft-vm1,script=no,downscript=no,vhost=off,queues=2"))
        #expect(arguments.contains("virtio-net-pci,netdev=n0,mac=52:54:00:00:01:01,host_mtu=1450,romfile=,mq=on,vectors=6"))
    }
}
