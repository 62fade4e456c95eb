import Glibc
import Testing
import WeftLinux
import WeftTypes

extension System {
    /// Ports of kind `socket`: the agent itself is at the TAP, and the guest's program at a unix socket.
    @Suite("socket ports") struct SocketPortTests {
        /// Words before a program that give up all privileges.
        private static let unprivileged = [
            "setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--no-new-privs",
        ]

        @Test(
            "a user without privileges runs a machine on all four sorts of socket; it outlives the agent, and nothing outlives the ports",
            .needs("qemu-system-x86_64", "setpriv", "busybox", "cpio"), .needsGuestKernel)
        func machine() async throws {
            let sockets = try await SocketSite()
            let (site, hyper) = (sockets.site, sockets.hyper)
            let machine = try TestMachine(in: site.directory)
            let before = try hyper.devices(of: "alpha")
            #expect(sockets.files == ["answering", "calling.weft", "listening"])
            #expect(sockets.permissions == ["65534 600"])
            let console = site.path("console")
            try SmallFile.write([], to: console, mode: 0o666)
            try check(unsafe chmod(console, 0o666), "open \(console) to all")
            let interfaces = SocketSite.ports.enumerated().map { "eth\($0),\($1.address)/24" }
            let command = machine.qemu(console: console, interfaces: interfaces)
            let qemu = try site["alpha"].start(Self.unprivileged + command + sockets.options())
            do {
                try TestMachine.waitUntilReady(console: console)
                for port in SocketSite.ports {
                    try hyper.ping(port.address, from: port.far)
                    try await sockets.wait(port.name, is: "up")
                }
            } catch {
                throw Failure(
                    "\(error)\n\(qemu.said())\n\(hyper.alpha.log.split(separator: "\n").suffix(15).joined(separator: "\n"))")
            }
            // Another program gets nothing while this one lives.
            let newcomer = try FrameSocket.connect(to: "\(sockets.folder)/listening")
            var bytes = [UInt8](repeating: 0, count: 100)
            try poll("the second program is let go") { newcomer.read(into: &bytes, in: 0..<100) == .transferred(0) }
            try hyper.ping("10.1.0.11", from: "far1")

            // The agent's end is the end of what was connected to it, and of nothing else.
            #expect(try hyper.alpha.stop()?.isSuccess == true)
            #expect(sockets.files == ["answering.guest", "calling", "connecting"])
            let alpha = try site.start("alpha")
            try await alpha.isReady()
            for port in SocketSite.ports.dropFirst() {
                try await sockets.wait(port.name, is: "up", on: alpha)
                try hyper.ping(port.address, from: port.far)
            }
            try await sockets.wait("listening", is: "down", on: alpha)

            try qemu.stop(SIGKILL)
            for port in SocketSite.ports { try await sockets.wait(port.name, is: "down", on: alpha) }
            #expect(try hyper.devices(of: "alpha") == before)
        }

        @Test(
            "what is printed is what QEMU takes; the next one gets in when the one before is gone; the port leaves nothing",
            .needs("qemu-system-x86_64", "setpriv"))
        func comings() async throws {
            let sockets = try await SocketSite()
            let (site, hyper) = (sockets.site, sockets.hyper)
            // Without a machine: the options, and what is opened by them.
            let idle = ["qemu-system-x86_64", "-M", "q35", "-nodefaults", "-display", "none", "-S"]
            for _ in 0..<2 {
                let qemu = try site["alpha"].start(Self.unprivileged + idle + sockets.options())
                for port in SocketSite.ports { try await sockets.wait(port.name, is: "up") }
                try qemu.stop(SIGKILL)
                for port in SocketSite.ports { try await sockets.wait(port.name, is: "down") }
            }
            // Somebody removes the file: it is made again.
            try check(unsafe unlink("\(sockets.folder)/listening"), "remove a socket")
            try poll("the socket is there again") { sockets.files.contains("listening") }
            // One that speaks another language is let go, and told of.
            let stranger = try FrameSocket.connect(to: "\(sockets.folder)/listening")
            let words = Array("GET / HTTP/1.1\r\n\r\n".utf8)
            #expect(stranger.send(words, in: 0..<words.count) == .transferred(words.count))
            try await hyper.alpha.wait("it is told") {
                let port = try await hyper.alpha.client.ports().first { $0.name == "listening" }
                return port?.detail?.contains("announced a frame of 1195725856 bytes") == true
                    && port?.drops["socket-invalid"] == 1
            }
            // A port that is removed takes its socket and device with it.
            try await sockets.remove(["listening", "calling"])
            try await hyper.alpha.wait("the ports are gone") { try await hyper.alpha.client.ports().count == 2 }
            try poll("the devices are gone") {
                try !hyper.devices(of: "alpha").contains { $0.contains("listening") || $0.contains("calling") }
            }
            #expect(!sockets.files.contains("listening") && !sockets.files.contains("calling.weft"))
        }

        @Test("what is in the way of a socket is left there, and told", .needs("setpriv")) func obstacles() async throws {
            let sockets = try await SocketSite()
            let (site, hyper) = (sockets.site, sockets.hyper)
            try await sockets.remove(["listening", "calling"])
            // A file, and a socket on which somebody answers.
            try SmallFile.write(Array("mine".utf8), to: "\(sockets.folder)/listening")
            let other = try FrameSocket.bind(.datagram, to: "\(sockets.folder)/calling.weft", replacing: [])
            try await sockets.remove([])
            try await sockets.wait("listening", is: "error")
            try await sockets.wait("calling", is: "error")
            let details = try await hyper.alpha.client.ports().compactMap(\.detail)
            #expect(details.contains { $0.contains("a file that is no socket is in its place") }, "\(details)")
            #expect(details.contains { $0.contains("another program answers there") }, "\(details)")
            #expect(try SmallFile.read("\(sockets.folder)/listening") == Array("mine".utf8))
            // What a program left that is gone is replaced; the file has to go by hand.
            withExtendedLifetime(other) {}
            try check(unsafe unlink("\(sockets.folder)/listening"), "remove a file")
            try await sockets.wait("listening", is: "down")
            try hyper.alpha.kill()
            let alpha = try site.start("alpha")
            try await sockets.wait("listening", is: "down", on: alpha)
            #expect(sockets.files.contains("listening"))
        }

        @Test(
            "a program that does not read keeps nobody else waiting, and no link leads the agent to what is not the owner's",
            .needs()) func hostility()
            async throws
        {
            let sockets = try await SocketSite()
            let (site, hyper) = (sockets.site, sockets.hyper)
            // One takes its place and reads nothing: what is for it is lost in the device, and counted there.
            let deaf = try FrameSocket.connect(to: "\(sockets.folder)/listening")
            try await sockets.wait("listening", is: "up")
            let mac = try #require(try await hyper.alpha.client.ports().first { $0.name == "listening" }?.mac)
            try site["far1"].run("ip neighbour replace 10.1.0.11 lladdr \(mac) dev eth0")
            let sender = try GuestSocket(.udp, .v4, in: site["far1"])
            try sender.connect(to: VTEP(address: .v4(IPv4Address(rawValue: 0x0A01_000B)), udpPort: 9))
            let packet = [UInt8](repeating: 0, count: 1400)
            try await hyper.alpha.wait("frames are dropped") {
                for _ in 0..<500 { try sender.send(packet) }
                return try await hyper.alpha.client.ports().first { $0.name == "listening" }?.drops["device-transmit"] ?? 0 > 0
            }
            // One that answers where the guest's socket is expected.
            let peer = try FrameSocket.bind(.datagram, to: "\(sockets.folder)/answering.guest", replacing: [])
            try check(unsafe chmod("\(sockets.folder)/answering.guest", 0o666), "open a socket to all")
            try await sockets.wait("answering", is: "up")
            // A link to a socket that the port's owner may not use.
            let root = try FrameSocket.bind(.datagram, to: site.path("root.sock"), replacing: [])
            try check(unsafe symlink(site.path("root.sock"), "\(sockets.folder)/calling"), "make a link")
            try await sockets.wait("calling", is: "error")
            let detail = try await hyper.alpha.client.ports().first { $0.name == "calling" }?.detail
            #expect(detail?.contains("Permission denied") == true, "\(detail ?? "")")

            let used = hyper.alpha.processorTime
            try await Task.sleep(for: .seconds(1))
            #expect(hyper.alpha.processorTime - used < .milliseconds(400))
            withExtendedLifetime((deaf, root)) {}
            // The port that is not concerned is as it was.
            try await sockets.wait("answering", is: "up")
            peer.removeFile()
        }

        @Test(
            "a guest at a socket gets frames that fit and have their checksums, whatever the sender's card leaves to others",
            .needs("ethtool"))
        func offloads() async throws {
            let sockets = try await SocketSite()
            let (site, hyper) = (sockets.site, sockets.hyper)
            let report = try #require(try await hyper.alpha.client.ports().first { $0.name == "listening" })
            let guest = try SocketGuest(
                in: site["box"], path: "\(sockets.folder)/listening", mac: try #require(report.mac).description,
                address: "10.1.0.11/24", mtu: report.mtu)
            defer { guest.leave() }
            try await sockets.wait("listening", is: "up")
            try site["far1"].setOffloads(true, ["tx", "tso", "gso"])
            let far = Guest(place: site["far1"], addresses: [.v4(IPv4Address(rawValue: 0x0A01_000C))])
            let near = Guest(place: site["box"], addresses: [.v4(IPv4Address(rawValue: 0x0A01_000B))])
            try Traffic(source: far, target: near).ping(count: 3)
            try Traffic(source: far, target: near).tcp()
            try Traffic(source: near, target: far).tcp()
            let tally = guest.tally
            #expect(tally.frameCount > 700 && tally.tooLongCount == 0 && tally.wrongCount == 0, "\(tally)")
        }
    }
}
