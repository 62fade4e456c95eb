import Glibc
import Testing
import WeftLinux

@Suite struct IPv6SettingTests {
    @Test(arguments: ["all", "default", "..", ".", "", "a/b", "../all", "lo/../all", "eth0\n", "with space", "name-too-long-16"])
    func touchesOneDeviceOnly(name: String) {
        for setting in IPv6Setting.allCases {
            #expect(throws: LinuxError.self) { try setting.write(1, of: name) }
            #expect(throws: LinuxError.self) { try setting.read(of: name) }
        }
    }

    @Test(.needsPrivileges, .enabled(if: IPv6Setting.isAvailable, "this kernel has no IPv6"))
    func writesInTheNamespaceOfTheThread() throws {
        let sandbox = Sandbox()
        let (first, _) = try sandbox.makePair()
        try first.run {
            #expect(try IPv6Setting.isDisabled.read(of: "eth0") == 0)
            try IPv6Setting.isDisabled.write(1, of: "eth0")
            try IPv6Setting.acceptsRouterAdvertisements.write(0, of: "eth0")
            #expect(try IPv6Setting.isDisabled.read(of: "eth0") == 1)
            #expect(try IPv6Setting.acceptsRouterAdvertisements.read(of: "eth0") == 0)
            #expect(try IPv6Setting.isDisabled.read(of: "lo") == 0)
            #expect(throws: LinuxError(.changeSetting, "disable_ipv6 of eth9", errno: ENOENT)) {
                try IPv6Setting.isDisabled.write(1, of: "eth9")
            }
            #expect(try IPv6Setting.isDisabled.read(of: "eth9") == nil)
        }
        #expect(try !ip("-n \(sandbox.name("a")) -6 addr show dev eth0").contains("fd09"))
        #expect(try ip("-n \(sandbox.name("b")) -6 addr show dev eth0").contains("fd09"))
    }
}
