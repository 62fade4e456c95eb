import Glibc
import Testing
import WeftLinux

extension System {
    /// A real libvirtd, which sees its own `/etc/libvirt`, `/run` and `/var` and the network of one host of the test.
    @Suite("libvirt") struct LibvirtTests {
        @Test(
            "a domain with the printed interface pings across hosts; the hook refuses what can't work, with libvirt telling why",
            .needs("libvirtd", "virsh", "nsenter", "unshare", "qemu-system-x86_64", "busybox", "cpio"), .needsGuestKernel)
        func domain() async throws {
            let hyper = try await HypervisorSite()
            let machine = try TestMachine(in: hyper.site.directory)
            let daemon = try LibvirtDaemon(on: "alpha", of: hyper)
            let before = try hyper.devices(of: "alpha")
            let interface = try hyper.snippet("vm1", as: "libvirt").text
            func domain(_ name: String, _ interface: String) throws -> String {
                let text = Self.domain(name, machine, console: hyper.site.path("\(name).console"), interface: interface)
                try SmallFile.write(Array(text.utf8), to: hyper.site.path("\(name).xml"))
                return hyper.site.path("\(name).xml")
            }
            do {
                // Checked against libvirt's schema, too.
                try daemon.virsh("define", "--validate", domain("vm1", interface))
                try daemon.virsh("start", "vm1")
                try TestMachine.waitUntilReady(console: hyper.site.path("vm1.console"))
                try hyper.ping("10.1.0.11", from: "far")
            } catch {
                throw Failure("\(error)\n\(daemon.said)")
            }
            // A second machine on the port, and one that has it wrong.
            let second = try daemon.attempt("create", domain("second", interface))
            #expect(second.standardError.contains("port vm1 (wft-vm1) is in use"), "\(second.standardError)")
            try daemon.virsh("destroy", "vm1")
            try await hyper.alpha.wait("the domain is gone") { try await hyper.alpha.client.ports().first?.state == .down }
            let lines = interface.split(separator: "\n").map(String.init)
            for (wrong, sentence) in [
                (lines.map { $0.contains("<mac") ? "<mac address='52:54:00:00:00:01'/>" : $0 }, "write <mac address='"),
                (
                    lines.map { $0.contains("<target") ? "<target dev='wft-vm1'/>" : $0 },
                    "write <target dev='wft-vm1' managed='no'/>"
                ),
                (lines.map { $0.contains("<target") ? "<target dev='wft-vm9' managed='no'/>" : $0 }, "is the device of no port"),
                (lines.map { $0.contains("<model") ? $0 + "<driver queues='2'/>" : $0 }, "leave <driver queues=…/> out"),
            ] {
                let outcome = try daemon.attempt("create", domain("wrong", wrong.joined(separator: "\n")))
                #expect(!outcome.isSuccess)
                #expect(
                    outcome.standardError.contains("cannot start domain wrong: ") && outcome.standardError.contains(sentence),
                    "\(outcome.standardError)")
            }
            try daemon.virsh("undefine", "vm1")
            // What is refused is not touched, and what ran leaves the port as it was.
            #expect(try hyper.devices(of: "alpha") == before)
            // Without an agent the devices are still there, and so is what starts on them.
            _ = try hyper.alpha.stop()
            try daemon.virsh("create", domain("orphan", interface))
            try daemon.virsh("destroy", "orphan")
            try daemon.stop()
        }

        private static func domain(_ name: String, _ machine: TestMachine, console: String, interface: String) -> String {
            """
            <domain type='qemu'>
              <name>\(name)</name>
              <memory unit='MiB'>128</memory>
              <vcpu>1</vcpu>
              <os>
                <type arch='x86_64' machine='q35'>hvm</type>
                <kernel>\(machine.kernel)</kernel>
                <initrd>\(machine.initramfs)</initrd>
                <cmdline>\(TestMachine.commandLine(["eth0,10.1.0.11/24"]))</cmdline>
              </os>
              <cpu mode='maximum'/>
              <devices>
                <emulator>/usr/bin/qemu-system-x86_64</emulator>
                <controller type='usb' model='none'/>
                <memballoon model='none'/>
                <serial type='file'><source path='\(console)'/></serial>
                \(interface)
              </devices>
            </domain>
            """
        }
    }
}

/// A libvirtd of the test's own, with Weft's hook where libvirt looks for hooks.
///
/// It runs in a host's network namespace and in a mount namespace in which `/etc/libvirt` is a folder of the test's, `/run`, `/var/lib`,
/// `/var/cache` and `/var/log` are empty, `/run/weft/agent.sock` is the agent of the host, and the user libvirt-qemu exists. Nothing
/// of it reaches the machine's own libvirt.
private final class LibvirtDaemon {
    private let program: RunningProgram
    /// Outlives the daemon, which has its files there.
    private let hyper: HypervisorSite

    init(on host: String, of hyper: HypervisorSite) throws {
        self.hyper = hyper
        let (folder, socket) = (hyper.site.path("libvirt"), hyper.alpha.client.socketPath)
        for path in [folder, "\(folder)/hooks", "\(folder)/hooks/qemu.d"] { try check(unsafe mkdir(path, 0o755), "make \(path)") }
        try check(
            unsafe symlink(WeftBinary.path ?? "weft", "\(folder)/hooks/qemu.d/weft-libvirt-hook"), "make a link in \(folder)")
        func write(_ name: String, _ text: String) throws {
            try SmallFile.write(Array((text + "\n").utf8), to: "\(folder)/\(name)")
        }
        try write(
            "qemu.conf",
            """
            user = "root"
            group = "root"
            dynamic_ownership = 0
            security_driver = "none"
            namespaces = [ ]
            cgroup_controllers = [ ]
            stdio_handler = "file"
            """)
        try write("libvirtd.conf", "auth_unix_rw = \"none\"\nlog_outputs = \"3:stderr\"")
        try write(
            "start",
            """
            mount --make-rprivate /
            { cat /etc/passwd; echo libvirt-qemu:x:64055:64055::/nonexistent:/usr/sbin/nologin; } >\(folder)/passwd
            { cat /etc/group; echo libvirt-qemu:x:64055:; echo kvm:x:64056:; } >\(folder)/group
            mount --bind \(folder)/passwd /etc/passwd
            mount --bind \(folder)/group /etc/group
            mount --bind \(folder) /etc/libvirt
            for path in /run /var/lib /var/cache /var/log; do mount -t tmpfs tmpfs $path; done
            mkdir /run/weft
            ln -s \(socket) /run/weft/agent.sock
            exec libvirtd --config /etc/libvirt/libvirtd.conf
            """)
        program = try hyper.site[host].start(["unshare", "--mount", "sh", "-eu", "\(folder)/start"])
        try poll("libvirtd answers", seconds: 20) {
            if let status = try program.status() { throw Failure("libvirtd: \(status)\n\(said)") }
            return try attempt("version").isSuccess
        }
    }

    deinit {
        // A machine outlives the daemon that has started it.
        for name in ["vm1", "second", "wrong", "orphan"] { _ = try? attempt("destroy", name) }
        _ = try? program.stop()
    }

    var said: String { program.said() }

    func attempt(_ words: String...) throws -> Command.Outcome { try attempt(words) }

    private func attempt(_ words: [String]) throws -> Command.Outcome {
        let enter = ["--target", "\(program.processID)", "--mount", "--net"]
        return try Command("nsenter", enter + ["virsh", "--quiet", "--connect", "qemu:///system"] + words).run(
            timeout: .seconds(60))
    }

    func virsh(_ words: String...) throws {
        let outcome = try attempt(words)
        guard outcome.isSuccess else { throw Failure("virsh \(words.joined(separator: " ")): \(outcome.standardError)\(said)") }
    }

    func stop() throws { try program.stop() }
}
