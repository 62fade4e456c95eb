import Glibc
import Testing
import WeftLinux

extension System {
    /// Containers and namespaces, by the lines and commands that `weft port show` prints.
    @Suite("Containers") struct ContainerTests {
        @Test(
            "LXC: a container in the segment's bridge and one in a port's namespace ping each other across hosts",
            .needs("lxc-start", "lxc-attach", "lxc-stop", "busybox"))
        func lxc() async throws {
            let hyper = try await HypervisorSite()
            let (site, script) = (hyper.site, "\(WeftBinary.checkout)/Scripts/hypervisors/lxc-weft")
            let before = try hyper.devices(of: "alpha")
            let lines = try hyper.snippet("vm1", as: "lxc").text
            #expect(lines.contains("lxc.net.0.script.up = /usr/local/share/weft/lxc-weft vm1\n"))
            // The hook of the checkout instead of an installed one; that is all that differs from what is printed.
            let parts = lines.split(separator: "\n").map { line in
                line.hasPrefix("lxc.net.0.script.up") ? "lxc.net.0.script.up = \(script) vm1" : String(line)
            }
            let first = try Container("c1", parts.joined(separator: "\n"), on: "alpha", hyper)
            let second = try Container("c2", try hyper.snippet("box", as: "lxc", on: hyper.bravo).text, on: "bravo", hyper)
            do {
                try first.start()
                try second.start()
                for (container, address) in [(first, "10.1.0.13"), (second, "10.1.0.11")] {
                    let said = try container.run("ping -c 3 -W 5 \(address)")
                    #expect(said.contains(" 0% packet loss"), "\(said)")
                }
                let address = try first.run("ip address show dev eth0")
                #expect(address.contains("mtu 1450") && address.contains("inet 10.1.0.11/24 brd 10.1.0.255"), "\(address)")
                // LXC's own device on the host is in the bridge, and has no address of the host's.
                let devices = Set(try hyper.devices(of: "alpha")).subtracting(before)
                #expect(devices.count == 1 && devices.first?.hasSuffix(" in wfb-blue") == true, "\(devices)")
                let device = try #require(devices.first?.split(separator: " ").first)
                #expect(try site["alpha"].run("ip -6 address show dev \(device)").isEmpty)
            } catch {
                throw Failure("\(error)\n\(first.log)\n\(second.log)")
            }
            try first.stop()
            try second.stop()
            #expect(try hyper.devices(of: "alpha") == before)
            try hyper.ping("10.1.0.13", from: "far")  // The port's own namespace outlives the container.
        }

        @Test("LXC's hook stops a container whose port is not there, and says why", .needs("lxc-start", "busybox"))
        func lxcRefusal() async throws {
            let hyper = try await HypervisorSite()
            let before = try hyper.devices(of: "alpha")
            let container = try Container(
                "c3",
                """
                lxc.net.0.type = veth
                lxc.net.0.script.up = \(WeftBinary.checkout)/Scripts/hypervisors/lxc-weft vm9
                """, on: "alpha", hyper)
            #expect(throws: Failure.self) { try container.start() }
            #expect(
                container.log.contains("cannot put container c3 on port vm9: weft: cannot find port 'vm9'"), "\(container.log)")
            #expect(try hyper.devices(of: "alpha") == before)
        }

        @Test("a network namespace, by the commands printed, and gone by the one", .needs("ping", "ip"))
        func namespace() async throws {
            let hyper = try await HypervisorSite()
            let before = try hyper.devices(of: "alpha")
            let name = hyper.site.name + "-guest"
            // The name of the namespace is this test's own: tests of another run may be on this machine.
            let text = try hyper.snippet("vm1", as: "netns").text
            let script = text.split(separator: "\n").map { line in
                line.split(separator: " ").map { $0 == "vm1" ? name : String($0) }.joined(separator: " ")
            }
            defer { try? NetworkNamespace.delete(name) }
            for line in script { try hyper.site["alpha"].run(line) }
            try hyper.ping("10.1.0.11", from: "far")
            try NetworkNamespace.delete(name)
            try poll("the pair is gone") { try hyper.devices(of: "alpha") == before }
        }

        /// There is no Xen here: the script runs with a xenstore that is two files, on a veth device with a vif's name.
        @Test("Xen's script keeps the contract of hotplug scripts", .needs("ip")) func xen() async throws {
            let hyper = try await HypervisorSite()
            let site = hyper.site
            let store = site.path("store")
            try check(unsafe mkdir(store, 0o755), "make \(store)")
            func put(_ key: String, _ value: String) throws { try SmallFile.write(Array(value.utf8), to: "\(store)/\(key)") }
            func get(_ key: String) throws -> String? {
                try SmallFile.read("\(store)/\(key)").map { String(decoding: $0, as: UTF8.self).filter { $0 != "\n" } }
            }
            try SmallFile.write(
                Array("#!/bin/sh\nexec cat \"\(store)/${1##*/}\"\n".utf8), to: site.path("xenstore-read"), mode: 0o755)
            try SmallFile.write(
                Array("#!/bin/sh\nwhile [ $# -ge 2 ]; do echo \"$2\" >\"\(store)/${1##*/}\"; shift 2; done\n".utf8),
                to: site.path("xenstore-write"), mode: 0o755)
            let place = site["alpha"]
            try place.run("ip link add vif1.0 type veth peer name guest")
            try place.run("ip link add br0 type bridge")
            var environment = hyper.environment
            (environment["XENBUS_PATH"], environment["vif"]) = ("backend/vif/1/0", "vif1.0")
            func hotplug(_ action: String) throws -> String {
                let program = try place.start(
                    ["\(WeftBinary.checkout)/Scripts/hypervisors/vif-weft", action], environment: environment)
                try poll("vif-weft \(action) ends") { try program.status() != nil }
                return program.said()
            }
            let vif = try hyper.snippet("vm1", as: "xl").text
            #expect(vif.hasSuffix(",bridge=wfb-blue,mtu=1450,script=vif-weft' ]\n"))
            try put("bridge", "wfb-blue")
            try put("mtu", "1450")
            let said = try hotplug("online")
            #expect(try get("hotplug-status") == "connected", "\(said)")
            let link = try place.run("ip -d link show dev vif1.0")
            for part in ["mtu 1450", "master wfb-blue", "fe:ff:ff:ff:ff:ff", "addrgenmode none"] {
                #expect(link.contains(part), "\(part) is not in \(link)")
            }
            _ = try hotplug("offline")
            #expect(try !place.run("ip link show dev vif1.0").contains("wfb-blue"))
            try put("bridge", "br0")
            _ = try hotplug("online")
            #expect(try get("hotplug-status") == "error")
            #expect(try get("hotplug-error") == "br0 is no bridge of Weft's; use script=vif-bridge for it")
        }
    }
}

/// A container of LXC's with nothing but busybox in it.
private final class Container {
    let name: String
    /// Words before a program of LXC's: it looks for bridges in `/sys`, which has to be that of the host's namespace.
    private let enter: [String]
    private let folder: String
    /// Outlives the container, which has its files there.
    private let hyper: HypervisorSite
    private var isRunning = false

    init(_ name: String, _ network: String, on host: String, _ hyper: HypervisorSite) throws {
        self.name = name
        (folder, self.hyper) = (hyper.site.path(name), hyper)
        enter = ["netns", "exec", hyper.site.namespace(host)]
        let outcome = try Command(
            "sh",
            [
                "-euc",
                """
                mkdir -p '\(folder)/path' '\(folder)/root/bin' '\(folder)/root/dev' '\(folder)/root/proc' '\(folder)/root/sys'
                cp "$(command -v busybox)" '\(folder)/root/bin/busybox'
                """,
            ]
        ).run()
        guard outcome.isSuccess else { throw Failure(outcome.standardError) }
        let text = """
            lxc.uts.name = \(name)
            lxc.rootfs.path = dir:\(folder)/root
            lxc.init.cmd = /bin/busybox sleep 600
            lxc.mount.auto = proc:rw sys:ro
            \(network)
            """
        try SmallFile.write(Array((text + "\n").utf8), to: "\(folder)/config")
    }

    deinit { try? stop() }

    /// Starts it; returns when its first process runs.
    func start() throws {
        isRunning = true
        try call("lxc-start", "-f", "\(folder)/config", "-l", "DEBUG", "-o", "\(folder)/log")
    }

    /// Runs a command of busybox's in it.
    func run(_ line: String) throws -> String {
        try call("lxc-attach", ["--", "/bin/busybox"] + line.split(separator: " ").map(String.init))
    }

    func stop() throws {
        guard isRunning else { return }
        isRunning = false
        try call("lxc-stop", "-k")
    }

    private func call(_ program: String, _ words: String...) throws { _ = try call(program, words) }

    private func call(_ program: String, _ words: [String]) throws -> String {
        var command = Command("ip", enter + [program, "-n", name, "-P", "\(folder)/path"] + words)
        command.environment = hyper.environment
        let outcome = try command.run(timeout: .seconds(30))
        guard outcome.isSuccess else { throw Failure("\(command): \(outcome.status)\n\(outcome.standardError)") }
        return outcome.standardOutput
    }

    var log: String { (try? SmallFile.read("\(folder)/log")).flatMap { $0 }.map { String(decoding: $0, as: UTF8.self) } ?? "" }
}
