import Testing
import WeftTypes

@testable import WeftTopology

@Suite struct NearestNameTests {
    @Test(arguments: [
        ("bleu", ["blue", "green"], "blue"),  // neighbours swapped
        ("prot", ["from", "to", "proto", "port", "expect"], "proto"),  // the first of equals
        ("adress", ["host", "address"], "address"),
        ("alhpa", ["alpha", "bravo"], "alpha"),
        ("segmnets", ["segments"], "segments"),
    ])
    func finds(text: String, candidates: [String], nearest: String) {
        #expect(NearestName.nearest(to: text, in: candidates) == nearest)
    }

    @Test(arguments: [
        ("sctp", ["icmp", "tcp", "udp", "arp"].filter { $0 != "tcp" }), ("x", ["y"]), ("", ["a"]), ("abcdef", []),
        (String(repeating: "a", count: 65), [String(repeating: "a", count: 65)]),
    ])
    func findsNothing(text: String, candidates: [String]) {
        #expect(NearestName.nearest(to: text, in: candidates) == nil)
    }

    @Test(arguments: UInt64(0)..<32)
    func distanceIsSymmetricAndZeroForEquals(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        func word() -> [Unicode.Scalar] {
            (0..<Int.random(in: 0...8, using: &random)).compactMap { _ in "abc".unicodeScalars.randomElement(using: &random) }
        }
        let (left, right) = (word(), word())
        #expect(NearestName.distance(left, right) == NearestName.distance(right, left))
        #expect((NearestName.distance(left, right) == 0) == (left == right))
        #expect(NearestName.distance(left, right) <= max(left.count, right.count))
    }
}
