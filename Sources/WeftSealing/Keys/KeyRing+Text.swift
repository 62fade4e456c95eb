import WeftTypes

/// The text of a key ring file, UTF-8:
///
///     # Keys of a Weft fabric. Whoever can read this file can join it.
///     primary 5f0c…  # the key that seals, 64 hexadecimal digits
///     key     91ab…  # more keys that open; 7 at most
///
/// A `#` starts a comment; empty lines mean nothing. `openssl rand -hex 32` makes a key too.
extension KeyRing {
    /// A line that makes no sense.
    struct LineProblem: Error, Hashable, Sendable {
        /// From 1; nil when the file as a whole is to blame.
        var line: Int?
        var cause: String
        var remedy: String
    }

    /// The most bytes a key ring file can have.
    static var fileByteCountLimit: Int { 65536 }

    /// Reads the text of a file; nothing that is wrong is quoted, since it may be half a key.
    init(parsing bytes: [UInt8]) throws(LineProblem) {
        var ring: KeyRing?
        var others: [(line: Int, key: RingKey)] = []
        // Bytes, not characters: a file with broken UTF-8 in a comment is as good as any.
        for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            let line = (number: index + 1, text: String(decoding: line.prefix { $0 != UInt8(ascii: "#") }, as: UTF8.self))
            let words = line.text.split { $0 == " " || $0 == "\t" || $0 == "\r" }
            guard let word = words.first else { continue }
            guard word == "primary" || word == "key" else {
                throw LineProblem(
                    line: line.number, cause: "the line starts with neither 'primary' nor 'key'",
                    remedy: "write 'primary' or 'key' and 64 hexadecimal digits, or start a comment with #")
            }
            guard words.count == 2, let key = RingKey(text: words[1]) else {
                throw LineProblem(
                    line: line.number, cause: "'\(word)' is not followed by 64 hexadecimal digits alone",
                    remedy: "copy the key again, or make one with: weft key add")
            }
            if word == "key" {
                others.append((line.number, key))
            } else if ring == nil {
                ring = KeyRing(key)
            } else {
                throw LineProblem(
                    line: line.number, cause: "there is a primary key already", remedy: "call all but one of them 'key'")
            }
        }
        guard var ring else {
            throw LineProblem(
                line: nil, cause: "it has no primary key", remedy: "call the key that is to seal 'primary'")
        }
        for other in others {
            do throws(Problem) {
                try ring.add(other.key)
            } catch {
                throw LineProblem(line: other.line, cause: "\(error)", remedy: "remove the line")
            }
        }
        self = ring
    }

    /// The text of a file that reads back as this ring, primary first.
    var text: String {
        let lines =
            [primary].map { "primary \($0.secretText)  # \($0.id)" }
            + keys.filter { $0.id != primaryID }.map { "key     \($0.secretText)  # \($0.id)" }
        return """
            # Keys of a Weft fabric. Whoever can read this file can join the fabric and open its gossip: keep its mode 0600,
            # and copy it to the fabric's hosts by a safe way only. The primary key seals, all keys open.
            # Change them with: weft key add, weft key use, weft key remove; each on every host before the next.

            """ + lines.map { $0 + "\n" }.joined()
    }
}
