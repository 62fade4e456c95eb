import WeftTypes

extension SavedRevisions {
    /// What is written to disk: a line for each part that there is.
    ///
    ///     weft-revisions 1
    ///     current: 42 <id> <bytes>
    ///     unconfirmed: yes
    ///     fallback: 41 <id> <bytes>
    ///     override: 1 <id> <bytes>
    ///     promise: 43 <id> <bytes> alpha 7
    ///     proposal: 42 <id> <bytes> 6 committed 60
    public var text: String {
        var lines = ["weft-revisions 1"]
        func add(_ key: String, _ stamp: RevisionStamp?, _ rest: [String] = []) {
            guard let stamp else { return }
            lines.append(([key + ":", "\(stamp.number)", "\(stamp.id)", "\(stamp.byteCount)"] + rest).joined(separator: " "))
        }
        add("current", current)
        if !isConfirmed { lines.append("unconfirmed: yes") }
        add("fallback", fallback)
        add("override", override)
        if let promise { add("promise", promise.stamp, [promise.proposer.text, "\(promise.serial)"]) }
        if let proposal {
            add("proposal", proposal.stamp, ["\(proposal.serial)", proposal.phase.word, "\(proposal.confirmSeconds)"])
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Reads what ``text`` wrote; nil for anything else.
    public init?(text: String) {
        self.init()
        let lines = text.split(separator: "\n", omittingEmptySubsequences: true)
        guard lines.first == "weft-revisions 1" else { return nil }
        for line in lines.dropFirst() {
            let words = line.split(separator: " ").map(String.init)
            if line == "unconfirmed: yes" {
                isConfirmed = false
                continue
            }
            guard words.count >= 4, let stamp = RevisionStamp(words: words[1...3]) else { return nil }
            let rest = Array(words[4...])
            switch (words[0], rest.count) {
            case ("current:", 0): current = stamp
            case ("fallback:", 0): fallback = stamp
            case ("override:", 0): override = stamp
            case ("promise:", 2):
                guard let proposer = TopologyName(rest[0]), let serial = UInt64(rest[1]) else { return nil }
                promise = Promise(stamp: stamp, proposer: proposer, serial: serial)
            case ("proposal:", 3):
                guard let serial = UInt64(rest[0]), let phase = RevisionNews.Phase(word: rest[1]), let seconds = UInt32(rest[2])
                else { return nil }
                proposal = RevisionNews.Proposal(serial: serial, stamp: stamp, phase: phase, confirmSeconds: seconds)
            default: return nil
            }
        }
    }

    /// Every revision that is mentioned: the contents that must be kept.
    public var mentioned: Set<RevisionID> {
        Set([current, fallback, override, promise?.stamp, proposal?.stamp].compactMap { $0?.id })
    }
}

extension RevisionStamp {
    fileprivate init?(words: ArraySlice<String>) {
        let words = Array(words)
        guard words.count == 3, let number = UInt64(words[0]), let id = RevisionID(words[1]), let byteCount = Int(words[2]),
            (0...Revision.maximumByteCount).contains(byteCount)
        else { return nil }
        self.init(number: number, id: id, byteCount: byteCount)
    }
}

extension RevisionNews.Phase {
    /// The phase in a word, for people and for disk.
    public var word: String { "\(self)" }

    fileprivate init?(word: String) {
        guard let phase = Self.allCases.first(where: { $0.word == word }) else { return nil }
        self = phase
    }
}
