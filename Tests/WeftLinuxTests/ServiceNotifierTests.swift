import Glibc
import Testing
import WeftLinux

@Suite struct ServiceNotifierTests {
    @Test(arguments: ["/tmp/weft-notify-test-\(getpid())", "@weft-notify-test-\(getpid())"])
    func reachesTheManager(address: String) throws {
        defer { if address.hasPrefix("/") { unsafe _ = unlink(address) } }
        let manager = try UnixAddress.open(.datagram, for: address)
        let number = manager.rawValue
        #expect(unsafe UnixAddress.with(address) { target, length in unsafe bind(number, target, length) } == 0)
        try ServiceNotifier(address: address).notify(.ready, .status("2 ports,\n1 segment"))
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = unsafe recv(number, &bytes, bytes.count, Int32(MSG_DONTWAIT))
        #expect(String(decoding: bytes.prefix(max(0, count)), as: UTF8.self) == "READY=1\nSTATUS=2 ports, 1 segment")
    }

    @Test func isSilentWithoutAManager() throws {
        try ServiceNotifier(address: nil).notify(.ready)
        try ServiceNotifier(address: "").notify(.stopping)
    }

    @Test func saysWhyItCannotNotify() {
        #expect(throws: LinuxError(.notify, "/nonexistent/socket", errno: ENOENT)) {
            try ServiceNotifier(address: "/nonexistent/socket").notify(.reloading)
        }
        #expect(throws: LinuxError.self) {
            try ServiceNotifier(address: String(repeating: "x", count: 108)).notify(.watchdog)
        }
    }
}
