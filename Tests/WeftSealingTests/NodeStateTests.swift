import Glibc
import Testing
import WeftLinux
import WeftTypes

@testable import WeftSealing

/// A node stays the same node, and counts its starts.
@Suite struct NodeStateTests {
    @Test func keepsItsIdentityAndCounts() throws {
        try withFolder { folder in
            let first = try NodeState.start(in: folder + "/state")
            #expect(first.epoch == 1 && first.problems.isEmpty)
            for epoch in 2...5 as ClosedRange<UInt32> {
                let state = try NodeState.start(in: folder + "/state")
                #expect(state.key == first.key && state.epoch == epoch && state.problems.isEmpty)
            }
            for name in ["node.key", "node.epoch"] { #expect(try mode("\(folder)/state/\(name)") == 0o600) }
            #expect(try SmallFile.names(in: folder + "/state") == ["node.epoch", "node.key"])
        }
    }

    /// NodeID = the first 16 bytes of SHA-256 of the public key.
    @Test func isNamedByItsPublicKey() {
        let key = NodeKey()
        let digest = WeftTypes.SHA256.digest(of: key.publicKey)
        #expect(key.publicKey.count == 32)
        #expect(key.nodeID.rawValue == digest.prefix(16).reduce(0) { $0 << 8 | UInt128($1) })
        #expect(NodeKey(parsing: Array(key.text.utf8)) == key)
        #expect("\(key)" == key.nodeID.description && !String(reflecting: key).contains("private"))
        #expect(NodeKey() != key)
    }

    @Test func passesAnEpochThatOthersRemember() throws {
        try withFolder { folder in
            _ = try NodeState.start(in: folder)
            unsafe unlink(folder + "/node.epoch")
            var state = try NodeState.start(in: folder)
            #expect(state.epoch == 1 && state.problems.isEmpty)
            try state.raiseEpoch(to: 42)
            try state.raiseEpoch(to: 7)
            #expect(state.epoch == 42)
            #expect(try NodeState.start(in: folder).epoch == 43)
        }
    }

    @Test func quarantinesADamagedKey() throws {
        try withFolder { folder in
            let first = try NodeState.start(in: folder)
            let path = folder + "/node.key"
            let content = try #require(try SmallFile.read(path))
            // Half the file is lost; a digit of either half is wrong; the file is empty.
            let digit = try #require(content.lastIndex { $0 == UInt8(ascii: "1") || $0 == UInt8(ascii: "2") })
            var altered = content
            altered[digit] = altered[digit] == UInt8(ascii: "1") ? UInt8(ascii: "2") : UInt8(ascii: "1")
            var last = first.key
            for damaged in [Array(content.prefix(content.count / 2)), altered, []] {
                try SmallFile.write(damaged, to: path, mode: 0o600)
                let state = try NodeState.start(in: folder)
                #expect(state.key != first.key && state.key != last)
                #expect(state.epoch == 1, "another node's count is not its own")
                #expect(state.problems.count == 1 && state.problems[0].cause == "it is damaged")
                #expect(try SmallFile.read(path + ".corrupt") == damaged)
                #expect(try NodeState.start(in: folder).key == state.key)
                last = state.key
            }
        }
    }

    @Test(arguments: ["", "epoch x\n", "epoch 3\n", "epoch 99999999999\nnode 00\n", "\u{0}\u{0}"])
    func quarantinesADamagedCount(text: String) throws {
        try withFolder { folder in
            let first = try NodeState.start(in: folder)
            try SmallFile.write(Array(text.utf8), to: folder + "/node.epoch", mode: 0o600)
            let state = try NodeState.start(in: folder)
            #expect(state.key == first.key && state.epoch == 1)
            #expect(state.problems.count == 1 && state.problems[0].operation == .readEpoch)
            #expect(try SmallFile.read(folder + "/node.epoch.corrupt") == Array(text.utf8))
            #expect(try NodeState.start(in: folder).epoch == 2)
        }
    }

    @Test func refusesAKeyThatOthersCanRead() throws {
        try withFolder { folder in
            _ = try NodeState.start(in: folder)
            let result = unsafe chmod(folder + "/node.key", 0o644)
            #expect(result == 0)
            let error = #expect(throws: SealingError.self) { try NodeState.start(in: folder) }
            #expect(error?.kind == .notPermitted && error?.remedy.contains("chmod 600") == true)
        }
    }

    /// Without a folder to write to it runs from memory and says so.
    @Test func startsWithoutADisk() throws {
        let state = try NodeState.start(in: "/proc/weft-nowhere")
        #expect(state.epoch == 1 && state.problems.count == 1 && state.problems[0].operation == .writeNodeKey)
    }
}
