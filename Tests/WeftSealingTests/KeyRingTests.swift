import Glibc
import Testing
import WeftLinux
import WeftTypes

@testable import WeftSealing

@Suite struct KeyRingTests {
    @Test func addsUsesAndRemoves() throws {
        let (one, two) = (Sample.key(1), Sample.key(2))
        var ring = KeyRing(one)
        #expect(throws: KeyRing.Problem.present(one.id)) { try ring.add(one) }
        try ring.add(two)
        #expect(ring.primary == one && ring.keys == [one, two])
        #expect(throws: KeyRing.Problem.primary(one.id)) { try ring.remove(one.id) }
        try ring.use(two.id)
        try ring.remove(one.id)
        #expect(ring.primary == two && ring.keys == [two])
        #expect(throws: KeyRing.Problem.absent(one.id)) { try ring.use(one.id) }
        #expect(throws: KeyRing.Problem.absent(one.id)) { try ring.remove(one.id) }
        for seed in 3...9 as ClosedRange<UInt64> { try ring.add(Sample.key(seed)) }
        #expect(throws: KeyRing.Problem.full) { try ring.add(Sample.key(10)) }
    }

    @Test func neverPrintsAKey() {
        let key = Sample.key(1)
        for text in ["\(key)", String(reflecting: key)] { #expect(text == key.id.description) }
        #expect(RingKey(text: key.secretText) == key)
        #expect(RingKey(bytes: [1, 2, 3]) == nil && RingKey(text: "xy") == nil)
    }

    @Test(arguments: 0..<32 as Range<UInt64>) func textReadsBack(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var ring = KeyRing(RingKey(using: &random))
        for _ in 0..<Int.random(in: 0...7, using: &random) { try ring.add(RingKey(using: &random)) }
        if let primary = ring.keys.randomElement(using: &random) { try ring.use(primary.id) }
        let read = try KeyRing(parsing: Array(ring.text.utf8))
        #expect(read.primary == ring.primary)
        #expect(read.keys.map(\.id).sorted() == ring.keys.map(\.id).sorted())
    }

    @Test(
        arguments: [
            ("", nil, "no primary key"),
            ("# nothing\n\n", nil, "no primary key"),
            ("key \(one)\n", nil, "no primary key"),
            ("primary \(one)\nprimary \(two)\n", 2, "a primary key already"),
            ("primary \(one)\n# x\nkey \(one)\n", 3, "has key"),
            ("primary \(one.dropLast())\n", 1, "64 hexadecimal digits"),
            ("primary \(one) \(two)\n", 1, "64 hexadecimal digits"),
            ("primary\n", 1, "64 hexadecimal digits"),
            ("\n\n\(one)\n", 3, "neither 'primary' nor 'key'"),
            ("primary \(one)\nkey \(one.replacing("a", with: "g"))\n", 2, "64 hexadecimal digits"),
        ] as [(String, Int?, String)]) func saysWhichLineIsWrong(text: String, line: Int?, cause: String)
    {
        let error = #expect(throws: KeyRing.LineProblem.self) { try KeyRing(parsing: Array(text.utf8)) }
        #expect(error?.line == line && error?.cause.contains(cause) == true, "\(String(describing: error))")
        // Never a part of a key.
        #expect(error?.cause.contains(Self.one.prefix(8)) == false)
    }

    private static let one = "a" + Sample.key(1).secretText.dropFirst()
    private static let two = Sample.key(2).secretText

    // MARK: - Files

    @Test func makesAndChangesAFile() throws {
        try withFolder { folder in
            let path = KeyRing.path(fabric: "office", folder: folder + "/state")
            #expect(throws: SealingError.self) { try KeyRing.load(path) }
            let ring = KeyRing(Sample.key(1))
            try ring.create(path)
            #expect(try KeyRing.load(path) == ring)
            #expect(try mode(path) == 0o600)
            #expect(try mode(folder + "/state") == 0o700)
            let twice = #expect(throws: SealingError.self) { try KeyRing(Sample.key(2)).create(path) }
            #expect(twice?.kind == .invalid && twice?.cause == "the file is there already")
            try KeyRing.update(path) { ring throws(KeyRing.Problem) in try ring.add(Sample.key(2)) }
            try KeyRing.update(path) { ring throws(KeyRing.Problem) in try ring.use(Sample.key(2).id) }
            #expect(try KeyRing.load(path).primary == Sample.key(2))
            let refused = #expect(throws: SealingError.self) {
                try KeyRing.update(path) { ring throws(KeyRing.Problem) in try ring.remove(Sample.key(2).id) }
            }
            #expect(refused?.cause == "key \(Sample.key(2).id) is the one that seals")
            #expect(try KeyRing.load(path).keys.count == 2)
            #expect(try mode(path) == 0o600)
            #expect(try SmallFile.names(in: folder + "/state") == ["office.keys"])
        }
    }

    @Test(arguments: [0o640, 0o604, 0o620, 0o666] as [mode_t]) func refusesWhatOthersCanRead(bits: mode_t) throws {
        try withFolder { folder in
            let path = folder + "/office.keys"
            try KeyRing(Sample.key(1)).create(path)
            let result = unsafe chmod(path, bits)
            #expect(result == 0)
            let error = #expect(throws: SealingError.self) { try KeyRing.load(path) }
            #expect(error?.kind == .notPermitted && error?.remedy.hasPrefix("chmod 600 \(path)") == true)
        }
    }

    @Test func refusesWhatIsNoFile() throws {
        try withFolder { folder in
            let path = folder + "/office.keys"
            let result = unsafe mkfifo(path, 0o600)
            #expect(result == 0)
            let error = #expect(throws: SealingError.self) { try KeyRing.load(path) }
            #expect(error?.cause == "it is not a regular file")
            unsafe unlink(path)
            try SmallFile.write([UInt8](repeating: 10, count: 70_000), to: path, mode: 0o600)
            #expect(throws: SealingError.self) { try KeyRing.load(path) }
        }
    }

    @Test func namesFileAndLine() throws {
        try withFolder { folder in
            let path = folder + "/office.keys"
            try SmallFile.write(Array("# x\nkay\n".utf8), to: path, mode: 0o600)
            let error = #expect(throws: SealingError.self) { try KeyRing.load(path) }
            #expect(error?.description.hasPrefix("cannot read the key ring \(path):2: the line starts with neither") == true)
        }
    }
}

/// A folder that is gone afterwards.
func withFolder(_ body: (String) throws -> Void) throws {
    let folder = "/tmp/weft-sealing-\(getpid())-\(UInt32.random(in: 0 ... .max))"
    let result = unsafe mkdir(folder, 0o700)
    try #require(result == 0)
    defer {
        _ = try? Command("rm", ["-rf", folder]).run(timeout: .seconds(20))
    }
    try body(folder)
}

/// The permissions of a file.
func mode(_ path: String) throws -> mode_t {
    var state = stat()
    let result = unsafe stat(path, &state)
    try #require(result == 0)
    return state.st_mode & 0o777
}

@Suite struct LoopSealTests {
    @Test("every key of the ring opens, the primary seals, and another message or fabric does not fit") func seals() throws {
        var ring = KeyRing(Sample.key(1))
        let (message, other) = (Array("probe".utf8), Array("prove".utf8))
        let seal = ring.loopSeal(of: message)
        #expect(ring.accepts(loopSeal: seal, of: message))
        #expect(!ring.accepts(loopSeal: seal, of: other) && !ring.accepts(loopSeal: 0, of: message))
        #expect(!KeyRing(Sample.key(2)).accepts(loopSeal: seal, of: message))
        try ring.add(Sample.key(2))
        try ring.use(Sample.key(2).id)
        #expect(ring.loopSeal(of: message) != seal && ring.accepts(loopSeal: seal, of: message))
    }
}
