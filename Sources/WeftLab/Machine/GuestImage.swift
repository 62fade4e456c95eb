/// What a virtual machine starts from: busybox, the modules it cannot do without, and a script that takes the machine's
/// own root file system, read-only by 9p with a memory file system on top, as the guest's.
///
/// So every program of the machine is there in the guest, nothing the guest writes ever leaves it, and no image has to be
/// built or kept.
struct GuestImage {
    /// The modules in the order in which they are inserted.
    static let modules = ["virtio_pci", "virtio_console", "virtio_net", "9pnet_virtio", "9p", "overlay", "virtio_rng"]

    /// The guest.
    var machine: MachineSpec
    /// A statically linked busybox.
    var busybox: [UInt8]
    /// The modules' files with their names, in the order in which they are inserted.
    var moduleFiles: [(name: String, content: [UInt8])]
    /// The path of the program that serves the command channels, on the machine's root file system.
    var executable: String

    /// The initramfs.
    var archive: [UInt8] {
        var archive = CPIOArchive()
        for folder in ["bin", "dev", "modules", "weft"] { archive.addFolder(folder) }
        archive.addCharacterDevice("dev/console", major: 5, minor: 1)
        archive.addFile("bin/busybox", content: busybox, isExecutable: true)
        for (name, content) in moduleFiles { archive.addFile("modules/\(name)", content: content) }
        archive.addFile("init", content: Array(initScript.utf8), isExecutable: true)
        archive.addFile("weft/run", content: Array(runScript.utf8), isExecutable: true)
        return archive.finished()
    }

    /// Runs first, from memory: finds the devices, mounts the root and goes there.
    private var initScript: String {
        """
        #!/bin/busybox sh
        b=/bin/busybox
        give_up() { echo "weft: $*"; $b sleep 1; $b reboot -f; }
        $b mkdir -p /proc /lower /upper /root
        $b mount -t proc proc /proc
        for module in \(moduleFiles.map(\.name).joined(separator: " ")); do
            $b insmod /modules/$module || echo "weft: cannot insert $module"
        done
        $b mount -t 9p -o trans=virtio,version=9p2000.L,msize=1048576,ro,cache=loose root /lower || give_up "no root file system"
        $b mount -t tmpfs tmpfs /upper
        $b mkdir /upper/changes /upper/work
        $b mount -t overlay -o lowerdir=/lower,upperdir=/upper/changes,workdir=/upper/work overlay /root || give_up "no overlay"
        cd /root
        $b mount -t proc proc proc
        $b mount -t sysfs sys sys
        $b mount -t devtmpfs dev dev
        $b mkdir -p dev/pts dev/shm
        $b mount -t devpts devpts dev/pts
        $b mount -t tmpfs tmpfs dev/shm
        $b mount -t tmpfs -o mode=755 tmpfs run
        $b mkdir run/weft run/lock
        $b cp /bin/busybox /weft/run run/weft/
        exec $b switch_root /root /run/weft/busybox sh /run/weft/run
        """ + "\n"
    }

    /// Runs then, as process 1: the interface, the command channels, a shell on the console.
    private var runScript: String {
        let name = machine.port.split(separator: "/").last.map(String.init) ?? machine.port
        let addresses = machine.addresses.map { "$b ip address add \($0) dev eth0" }.joined(separator: "\n")
        return """
            b=/run/weft/busybox
            export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=vt100 LANG=C.UTF-8
            $b hostname \(name)
            $b ip link set lo up
            $b ip link set eth0 mtu \(machine.mtuByteCount)
            $b ip link set eth0 up
            \(addresses)
            while :; do
                \(Self.quoted(executable)) lab guest </dev/null >/dev/console 2>&1
                $b sleep 1
            done &
            shell=/bin/bash
            [ -x $shell ] || shell="$b sh"
            while :; do
                $b setsid $b cttyhack $shell </dev/ttyS0 >/dev/ttyS0 2>&1
                $b sleep 1
            done
            """ + "\n"
    }

    /// `text` as one word of a shell.
    private static func quoted(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
