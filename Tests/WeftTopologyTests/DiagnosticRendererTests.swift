import Testing

@testable import WeftTopology

@Suite struct DiagnosticRendererTests {
    private func render(_ line: String, column: Int, length: Int = 1, usesColor: Bool = false) -> [String] {
        let diagnostic = Diagnostic(.vniRange, "m", file: "f", at: SourceSpan(line: 1, column: column, length: length))
        return DiagnosticRenderer(usesColor: usesColor).render(diagnostic, source: SourceText(line))
            .split(separator: "\n").map(String.init)
    }

    @Test func underlinesNoFurtherThanTheLine() {
        #expect(render("vni: 0", column: 6, length: 9) == ["f:1:6: error[E301]: m", "1 | vni: 0", "  |      ^"])
    }

    @Test func tabsAndControlsTakeOneColumn() {
        #expect(render("\ta\u{7}b", column: 4) == ["f:1:4: error[E301]: m", "1 |  a b", "  |    ^"])
    }

    @Test func longLinesAreCutAroundThePlace() {
        let line = String(repeating: "a", count: 500) + "!" + String(repeating: "b", count: 500)
        let lines = render(line, column: 501)
        #expect(lines[1] == "1 | …" + String(repeating: "a", count: 79) + "!" + String(repeating: "b", count: 80) + "…")
        #expect(lines[2].count == lines[1].prefix { $0 != "!" }.count + 1)
    }

    @Test func coloursWhenAsked() {
        #expect(
            render("vni: 0", column: 6, usesColor: true)
                == [
                    "\u{1B}[1mf:1:6:\u{1B}[0m \u{1B}[1;31merror[E301]\u{1B}[0m: \u{1B}[1mm\u{1B}[0m", "1 | vni: 0",
                    "  |      \u{1B}[1;31m^\u{1B}[0m",
                ])
    }

    @Test func messagesCannotReachTheTerminal() {
        let diagnostic = Diagnostic(
            .unknownKey, "unknown key '\u{1B}[2J'", file: "a\nb", at: SourceSpan(line: 12, column: 3), help: "x\u{202E}y")
        let text = DiagnosticRenderer().render(diagnostic, source: SourceText("k"))
        #expect(text == "a\\u{a}b:12:3: error[E101]: unknown key '\\u{1b}[2J'\n   = help: x\\u{202e}y\n")
    }

    @Test(arguments: [
        (1, [DiagnosticCode](), "1 file checked, no problems\n"),
        (2, [.vniRange, .vniTwice], "2 files checked, 2 errors\n"),
        (1, [.vniRange, .idleHost, .idleHost], "1 file checked, 1 error, 2 warnings\n"),
        (3, [.idleHost], "3 files checked, 1 warning\n"),
    ])
    func summarises(fileCount: Int, codes: [DiagnosticCode], text: String) {
        let diagnostics = codes.map { Diagnostic($0, "m", file: "f", at: nil) }
        #expect(DiagnosticRenderer().summary(fileCount: fileCount, diagnostics: diagnostics) == text)
    }
}
