import Testing
import WeftAPI
import WeftNetlink
import WeftTopology

@testable import WeftCLI

/// How the helper reads what QEMU tells it, and finds a port's device.
@Suite struct QEMUHelperTests {
    @Test(arguments: [
        // -netdev bridge,br=vm1,helper=/path
        (words: ["--use-vnet", "--fd=5", "--br=vm1"], port: "vm1", fd: Int32(5), header: true),
        // -netdev tap,helper="/path --port acme/vm1": QEMU adds a bridge of its own
        (words: ["--port", "acme/vm1", "--use-vnet", "--fd=23", "--br=br0"], port: "acme/vm1", fd: 23, header: true),
        (words: ["--port=vm1", "--fd", "7"], port: "vm1", fd: 7, header: false),
    ])
    func reads(words: [String], port: String, fd: Int32, header: Bool) throws {
        let request = try QEMUHelper.Request(words)
        #expect(request.port.text == port)
        #expect(request.descriptor == fd)
        #expect(request.hasVirtioNetHeader == header)
    }

    @Test(arguments: [
        [], ["--fd=5"], ["--br=vm1"], ["--fd=-1", "--br=vm1"], ["--fd=x", "--br=vm1"], ["--fd=5", "--br=../vm1"], ["--fd"],
        ["--fd=5", "--br=vm1", "--more"], ["vm1"],
    ])
    func refuses(words: [String]) {
        let error = #expect(throws: APIError.self) { try QEMUHelper.Request(words) }
        #expect(error?.code == .usage && error?.help?.hasPrefix("QEMU starts it: ") == true)
    }

    @Test func findsTheDeviceByItsMark() throws {
        func link(_ index: Int32, _ name: String, _ alias: String?) -> Link {
            var link = Link(index: index, name: name)
            link.alias = alias
            return link
        }
        let links = [
            link(1, "lo", nil), link(2, "tap7", "weft:office/tap/acme/vm1"), link(3, "wfb-blue", "weft:office/bridge/vm2"),
            link(4, "wft-vm3", "weft:office/tap/vm3"), link(5, "wft-old", "weft:old/tap/vm3"), link(6, "wft-vm4", "mine"),
        ]
        func device(_ name: String) throws -> String {
            try QEMUHelper.device(of: try #require(TopologyName(name)), among: links).name
        }
        #expect(try device("acme/vm1") == "tap7")
        let near = #expect(throws: APIError.self) { try device("acme/vm2") }
        #expect(near?.help == "did you mean 'acme/vm1'?")
        #expect(throws: APIError.self) { try device("vm2") }
        #expect(throws: APIError.self) { try device("vm4") }
        let twice = #expect(throws: APIError.self) { try device("vm3") }
        #expect(twice?.cause == "the fabrics office and old have one each")
    }
}
