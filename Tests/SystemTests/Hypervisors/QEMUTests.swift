import Glibc
import Testing
import WeftLinux

extension System {
    /// Real virtual machines, on the words that `weft port show --as qemu` prints.
    @Suite("QEMU") struct QEMUTests {
        /// Words before a program that give up all privileges; before that `/dev/net/tun` is made what udev makes it, open to all, in
        /// a mount namespace that goes with the program.
        private static func unprivileged(_ user: String) -> [String] {
            let script = """
                mount --make-rprivate /
                mount -t tmpfs tmpfs /dev/net
                mknod -m 666 /dev/net/tun c 10 200
                exec setpriv --reuid \(user) --regid \(user) --clear-groups --no-new-privs "$@"
                """
            return ["unshare", "--mount", "sh", "-euc", script, "sh"]
        }

        @Test(
            "a user without privileges runs a machine on his ports: by the helper, and on a port with several queues by name",
            .needs("qemu-system-x86_64", "setpriv", "unshare", "busybox", "cpio"), .needsGuestKernel)
        func rootless() async throws {
            let hyper = try await HypervisorSite()
            let site = hyper.site
            let machine = try TestMachine(in: site.directory)
            let before = try hyper.devices(of: "alpha")
            let console = site.path("console")
            // An empty file of the user's, for QEMU to write.
            try SmallFile.write([], to: console, mode: 0o666)
            try check(unsafe chmod(console, 0o666), "open \(console) to all")
            let byHelper = [
                "-netdev", "tap,id=vm1,helper=\(site.path("weft-qemu-helper")) --port vm1", "-device",
                try #require(hyper.snippet("vm1", as: "qemu").arguments?.last),
            ]
            let byName = try #require(hyper.snippet("vm2", as: "qemu").arguments)
            #expect(byName[1].hasSuffix(",queues=2") && byName[3].hasSuffix(",mq=on,vectors=6"))
            let command = machine.qemu(console: console, interfaces: ["eth0,10.1.0.11/24", "eth1,10.2.0.11/24"])
            let qemu = try site["alpha"].start(Self.unprivileged("65534") + command + byHelper + byName)
            do {
                try TestMachine.waitUntilReady(console: console)
                try hyper.ping("10.1.0.11", from: "far")
                try hyper.ping("10.2.0.11", from: "far2")
            } catch {
                throw Failure("\(error)\n\(qemu.said())\n\(hyper.alpha.log.split(separator: "\n").suffix(5))")
            }
            let said = String(decoding: try SmallFile.read(console) ?? [], as: UTF8.self)
            // The segment's MTU, told by host_mtu.
            #expect(said.contains("mtu 1450"))
            try await hyper.alpha.wait("both ports are up") {
                try await hyper.alpha.client.ports().allSatisfy { $0.state == .up }
            }
            try qemu.stop()
            try await hyper.alpha.wait("nobody uses the ports") {
                try await hyper.alpha.client.ports().allSatisfy { $0.state == .down }
            }
            #expect(try hyper.devices(of: "alpha") == before)
        }

        @Test(
            "the helper says why it can't: another's port, no such port, a port in use",
            .needs("qemu-system-x86_64", "setpriv", "unshare"))
        func refusals() async throws {
            let hyper = try await HypervisorSite()
            let place = hyper.site["alpha"]
            func qemu(_ user: String, _ netdev: String) -> [String] {
                Self.unprivileged(user) + [
                    "qemu-system-x86_64", "-M", "none", "-nodefaults", "-display", "none", "-S", "-netdev", netdev,
                ]
            }
            let helper = hyper.site.path("weft-qemu-helper")
            let stranger = try place.attempt(qemu("1", "tap,id=a,helper=\(helper) --port vm1"))
            #expect(!stranger.isSuccess)
            #expect(
                stranger.standardError.contains(
                    "weft-qemu-helper: cannot open port vm1: its owner is user 65534, and this is user 1; give the port owner: NAME"
                ),
                "\(stranger.standardError)")
            let typo = try place.attempt(qemu("65534", "bridge,id=a,br=vm11,helper=\(helper)"))
            #expect(typo.standardError.contains("did you mean 'vm1'?"), "\(typo.standardError)")
            // The port's name in the place of the bridge's.
            let first = try place.start(qemu("65534", "bridge,id=a,br=vm1,helper=\(helper)"))
            try await hyper.alpha.wait("the port is up") { try await hyper.alpha.client.ports().first?.state == .up }
            let second = try place.attempt(qemu("65534", "bridge,id=a,br=vm1,helper=\(helper)"))
            #expect(second.standardError.contains("another program has wft-vm1 open"), "\(second.standardError)")
            try first.stop()
        }

        /// QEMU ends at once, and with 0, when it understands all of its options and could open what they name.
        @Test("QEMU takes what is printed, for every number of queues", .needs("qemu-system-x86_64")) func options() async throws
        {
            let hyper = try await HypervisorSite()
            for port in ["vm1", "vm2"] {
                let words = try #require(hyper.snippet(port, as: "qemu").arguments)
                let line = words.map { "'\($0)'" }.joined(separator: " ")
                let outcome = try hyper.site["alpha"].attempt([
                    "sh", "-c", "echo quit | qemu-system-x86_64 -machine q35 -nodefaults -display none -S -monitor stdio \(line)",
                ])
                #expect(outcome.isSuccess, "\(line): \(outcome.standardError)")
            }
        }
    }
}
