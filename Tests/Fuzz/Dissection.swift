import WeftWire

/// One line about anything: it is never empty, and always one line.
func testOneInput(_ bytes: RawSpan) {
    for showsEthernet in [false, true] {
        let line = Dissection.oneLine(bytes, showsEthernet: showsEthernet)
        precondition(!line.isEmpty && !line.contains("\n") && line.utf8.count < 2000, line)
    }
}
