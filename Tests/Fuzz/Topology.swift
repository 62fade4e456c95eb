import WeftTopology
import WeftTopologyFile

/// The bytes of a topology file: whatever they are, the result has a topology or says why not, in printable words.
func testOneInput(_ bytes: RawSpan) {
    let content = (0..<bytes.byteCount).map { unsafe bytes.unsafeLoadUnaligned(fromByteOffset: $0, as: UInt8.self) }
    let result = TopologyFile.load(bytes: content, file: "fuzz.weft.yaml")
    precondition(result.topology != nil || !result.diagnostics.isEmpty, "neither a topology nor a reason")
    _ = result.text()
}
