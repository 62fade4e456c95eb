import Glibc
import Testing
import WeftLinux

/// What a virtual machine of these tests runs: Debian's kernel with a first file system in memory that only sets up interfaces.
///
/// The kernel is the one that `Scripts/vm-kernel` keeps for the lab's own machines. A guest is told its interfaces on the kernel's command line and
/// answers pings about three seconds after it was started.
struct TestMachine {
    /// The uncompressed kernel and the first file system, both to be read by anybody.
    let kernel: String
    let initramfs: String

    /// Where the kernel is kept; nil where it never was unpacked.
    static let folder: String? = {
        let home = Environment["HOME"] ?? "/root"
        let cache = "\(Environment["XDG_CACHE_HOME"] ?? "\(home)/.cache")/weft/vm-kernel"
        let candidates = Environment["WEFT_VM_KERNEL"].map { [$0] } ?? [cache, "/var/cache/weft/vm-kernel"]
        return candidates.first { unsafe access("\($0)/vmlinux", R_OK) == 0 && access("\($0)/version", R_OK) == 0 }
    }()

    /// What the guest says when its interfaces are up.
    static let greeting = "weft-guest-ready"

    /// In the order in which they are inserted.
    private static let modules = [
        "drivers/virtio/virtio_ring", "drivers/virtio/virtio", "drivers/virtio/virtio_pci_legacy_dev",
        "drivers/virtio/virtio_pci_modern_dev", "drivers/virtio/virtio_pci", "net/core/failover", "drivers/net/net_failover",
        "drivers/net/virtio_net",
    ]

    /// Puts both files into `folder`.
    init(in folder: String) throws {
        let cache = try #require(Self.folder)
        let version = String(decoding: try SmallFile.read("\(cache)/version") ?? [], as: UTF8.self).filter { !$0.isWhitespace }
        (kernel, initramfs) = ("\(folder)/vmlinux", "\(folder)/initramfs")
        let root = "\(folder)/machine"
        let modules = Self.modules.map { "'\(cache)/lib/modules/\(version)/kernel/\($0).ko'" }.joined(separator: " ")
        try Self.shell(
            """
            cp '\(cache)/vmlinux' '\(kernel)'
            mkdir -p '\(root)/bin' '\(root)/proc' '\(root)/modules'
            cp "$(command -v busybox)" '\(root)/bin/busybox'
            for file in \(modules); do [ ! -e $file ] || cp $file '\(root)/modules'; done
            """)
        try SmallFile.write(Array(Self.script.utf8), to: "\(root)/init", mode: 0o755)
        try Self.shell("cd '\(root)' && find . | cpio -o -H newc --quiet >'\(initramfs)'")
    }

    /// Process 1 of the guest: `net=eth0,10.1.0.11/24` on the command line sets up an interface.
    private static let script = """
        #!/bin/busybox sh
        b=/bin/busybox
        $b mount -t proc proc /proc
        for module in \(modules.map { $0.split(separator: "/").last ?? "" }.joined(separator: " ")); do
            [ ! -e /modules/$module.ko ] || $b insmod /modules/$module.ko
        done
        for word in $($b cat /proc/cmdline); do
            case $word in
            net=*)
                word=${word#net=}
                $b ip link set ${word%%,*} up
                $b ip address add ${word#*,} dev ${word%%,*}
                $b ip link show ${word%%,*}
                ;;
            esac
        done
        echo \(greeting)
        while :; do $b sleep 1000; done
        """ + "\n"

    /// The kernel's command line for interfaces with their addresses.
    static func commandLine(_ interfaces: [String]) -> String {
        let words = [
            "console=ttyS0", "quiet", "panic=-1", "mitigations=off", "audit=0", "nokaslr", "tsc=reliable", "no_timer_check",
            "cryptomgr.notests", "net.ifnames=0",
        ]
        return (words + interfaces.map { "net=\($0)" }).joined(separator: " ")
    }

    /// The words that start QEMU, without a network.
    func qemu(console: String, interfaces: [String]) -> [String] {
        [
            "qemu-system-x86_64", "-accel", "tcg", "-machine", "q35", "-cpu", "max", "-m", "128", "-nodefaults",
            "-no-user-config",
            "-display", "none", "-no-reboot", "-kernel", kernel, "-initrd", initramfs, "-append", Self.commandLine(interfaces),
            "-serial", "file:\(console)",
        ]
    }

    /// Waits until the guest's interfaces are up, by what it says on its console.
    static func waitUntilReady(console: String, seconds: Int = 60) throws {
        try poll("a guest that writes \(console) is ready", seconds: seconds) {
            let said = try SmallFile.read(console).map { String(decoding: $0, as: UTF8.self) } ?? ""
            return said.contains(greeting)
        }
    }

    private static func shell(_ script: String) throws {
        let outcome = try Command("sh", ["-euc", script]).run(timeout: .seconds(60))
        guard outcome.isSuccess else { throw Failure("\(script): \(outcome.standardError)") }
    }
}

extension Trait where Self == ConditionTrait {
    /// Skips what it is put on where there is no kernel for virtual machines.
    static var needsGuestKernel: Self {
        .enabled(
            if: TestMachine.folder != nil,
            "needs the kernel of virtual machines; prepare it with Scripts/vm-kernel, or name its folder in WEFT_VM_KERNEL")
    }
}
