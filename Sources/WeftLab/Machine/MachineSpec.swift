import WeftTopology
import WeftTypes

/// A guest that is a virtual machine, as QEMU is told it.
struct MachineSpec: Hashable, Sendable {
    /// The port's name; the machine's host name is its last part.
    var port: String
    /// The TAP in the host's namespace.
    var device: String
    /// The guest's hardware address.
    var mac: MACAddress
    /// The guest's addresses, each with its length.
    var addresses: [IPPrefix]
    /// The guest's MTU, bytes.
    var mtuByteCount: Int
    /// Pairs of queues of the TAP and so of the guest's interface.
    var queueCount: Int
    /// The socket that it is at; nil where it opens the TAP.
    var socket: SocketOptions?

    /// Commands that can run at the same time.
    static var commandChannelCount: Int { 8 }
    /// The name of a channel as the guest finds it under `/sys/class/virtio-ports`.
    static func channelName(_ channel: Int) -> String { "weft.exec.\(channel)" }
    /// Memory of the machine, MiB: the system comes from the host by 9p, only what is written stays in memory.
    static var memoryMiB: Int { 512 }

    /// The arguments of `qemu-system-x86_64`.
    ///
    /// The kernel is the uncompressed one, started directly (PVH): decompression alone would take many seconds without
    /// hardware virtualisation. One processor, since two are slower than one then.
    func arguments(kernel: String, layout: LabLayout, accelerator: String) -> [String] {
        var arguments = [
            "-name", "weft-\(layout.lab)-\(LabLayout.component(port))",
            "-accel", accelerator == "tcg" ? "tcg,thread=multi,tb-size=128" : accelerator,
            "-machine", "q35", "-cpu", "max", "-smp", "1", "-m", String(Self.memoryMiB),
            "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
            "-kernel", kernel, "-initrd", layout.initramfs(port), "-append", kernelCommandLine,
            "-chardev",
            "socket,id=console,path=\(layout.consoleSocket(port)),server=on,wait=off,logfile=\(layout.consoleLog(port))",
            "-serial", "chardev:console",
            "-device", "virtio-rng-pci",
            "-fsdev", "local,id=root,path=/,security_model=passthrough,readonly=on,multidevs=remap",
            "-device", "virtio-9p-pci,fsdev=root,mount_tag=root",
        ]
        arguments += networkArguments
        arguments += ["-device", "virtio-serial,max_ports=\(Self.commandChannelCount + 1)"]
        for channel in 0..<Self.commandChannelCount {
            let path = layout.commandSocket(port, channel: channel)
            arguments += [
                "-chardev", "socket,id=exec\(channel),path=\(path),server=on,wait=off",
                "-device", "virtserialport,chardev=exec\(channel),name=\(Self.channelName(channel))",
            ]
        }
        return arguments
    }

    /// The interface on the TAP. A multi-queue TAP can only be opened with `queues=`, a single-queue one only without.
    private var networkArguments: [String] {
        let multiQueue = queueCount > 1
        let tap = "tap,id=n0,ifname=\(device),script=no,downscript=no,vhost=off" + (multiQueue ? ",queues=\(queueCount)" : "")
        return [
            "-netdev", socket?.qemuBackend(id: "n0") ?? tap,
            "-device",
            "virtio-net-pci,netdev=n0,mac=\(mac),host_mtu=\(mtuByteCount),romfile="
                + (multiQueue ? ",mq=on,vectors=\(2 * queueCount + 2)" : ""),
        ]
    }

    private var kernelCommandLine: String {
        [
            "console=ttyS0", "quiet", "panic=-1", "reboot=t", "mitigations=off", "audit=0", "apparmor=0", "nokaslr",
            "tsc=reliable", "no_timer_check", "cryptomgr.notests", "random.trust_cpu=on", "net.ifnames=0",
        ].joined(separator: " ")
    }
}
