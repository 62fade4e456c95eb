import Testing
import WeftTopology
import WeftTypes

@testable import WeftTopologyFile

@Suite struct TopologyFileTests {
    /// The first example of the format's description, with two mistakes.
    static let mistaken = """
        # yaml-language-server: $schema=weft.schema.json
        weft: 1
        name: first
        hosts:
          alpha: { underlay: 192.0.2.11 }
          bravo: { underlay: 192.0.2.12 }
        segments:
          blue: { vni: 100, subnet: 10.1.0.0/24 }                     # mtu: auto
        ports:
          vm1: { host: alpha, segment: blue, address: 10.1.0.11 }     # kind: tap; MAC derived from fabric and port name
          vm2: { host: bravo, segment: bleu, address: 10.1.0.12 }
        checks:
          - { from: vm1, to: vm2, prot: icmp, expect: allow }

        """

    @Test func rendersAsTheFormatIsDescribed() {
        let second = Self.mistaken.replacing("bleu", with: "blue").replacing("prot:", with: "proto:")
        let report = ValidationReport(files: [
            TopologyFile.load(bytes: Array(Self.mistaken.utf8), file: "first.weft.yaml"),
            TopologyFile.load(bytes: Array(second.utf8), file: "second.weft.yaml"),
        ])
        #expect(
            report.text() == """
                first.weft.yaml:11:32: error[E201]: unknown segment 'bleu'
                11 |   vm2: { host: bravo, segment: bleu, address: 10.1.0.12 }
                   |                                ^^^^
                   = help: did you mean 'blue'? It is defined at first.weft.yaml:8:3
                first.weft.yaml:13:27: error[E101]: unknown key 'prot'
                   = help: did you mean 'proto'? Keys here: from, to, proto, port, expect
                2 files checked, 2 errors

                """)
        #expect(report.hasErrors)
    }
}
