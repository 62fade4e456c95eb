import FoundationEssentials
import Glibc
import WeftLinux

/// The few things a lab does with files, with errors that name the file.
enum Files {
    /// The most bytes of a file that a lab reads: a kernel module or a topology.
    private static var limit: Int { 64 << 20 }

    /// The whole of a file; nil when there is none.
    static func read(_ path: String, attempt: String) throws(LabError) -> [UInt8]? {
        try LabError.wrapping(attempt) { try SmallFile.read(path, limit: limit) }
    }

    /// Puts a file in the place of another, or of none, at once: nobody sees half of it.
    static func replace(_ path: String, with content: [UInt8], attempt: String) throws(LabError) {
        try LabError.wrapping(attempt) { try SmallFile.write(content, to: path) }
    }

    /// Makes a folder and those above it; one that is there is fine.
    static func makeFolder(_ path: String, attempt: String) throws(LabError) {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw LabError(.failed, cannot: attempt, cause: "making the folder \(path): \(error)")
        }
    }

    /// Removes a file or a folder with all that is in it; nothing there is fine.
    static func remove(_ path: String, attempt: String) throws(LabError) {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { return }
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            throw LabError(.failed, cannot: attempt, cause: "removing \(path): \(error)")
        }
    }

    /// Whether a path may be used so: `R_OK`, `X_OK`, or `F_OK` for whether it is there.
    static func isAccessible(_ path: String, _ mode: Int32) -> Bool { unsafe access(path, mode) == 0 }

    /// Removes a folder if it is there and empty.
    static func removeIfEmpty(_ path: String) {
        _ = unsafe rmdir(path)
    }

    /// The names in a folder, sorted; none when there is no such folder.
    static func names(in path: String) -> [String] {
        ((try? SmallFile.names(in: path)) ?? nil) ?? []
    }

    /// The last lines of a text file, at most `count` and from its last 16 KiB; none when it cannot be read.
    static func lastLines(of path: String, count: Int) -> [String] {
        guard let descriptor = try? Descriptor.open(path, flags: O_RDONLY) else { return [] }
        let end = lseek(descriptor.rawValue, 0, SEEK_END)
        lseek(descriptor.rawValue, max(0, end - (16 << 10)), SEEK_SET)
        guard let tail = try? BlockingIO.read(descriptor.rawValue, atMost: 16 << 10, attempt: "read") else { return [] }
        return String(decoding: tail, as: UTF8.self).split(whereSeparator: \.isNewline).suffix(count).map(String.init)
    }
}

/// Reading and writing descriptors that block, whole and restarted after signals.
enum BlockingIO {
    /// What is there, up to `limit` bytes; empty at the end.
    static func read(_ descriptor: Int32, atMost limit: Int, attempt: String) throws(LabError) -> [UInt8] {
        var failure: Int32 = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            var received = 0
            repeat {
                // Sound: the buffer has room for `limit` bytes and the kernel writes no more.
                received = unsafe Glibc.read(descriptor, buffer.baseAddress, limit)
            } while received < 0 && errno == EINTR
            if received < 0 { failure = errno }
            count = max(0, received)
        }
        guard failure == 0 else { throw LabError(.failed, cannot: attempt, cause: LinuxError.text(of: failure)) }
        return bytes
    }

    /// Writes all of `bytes`.
    static func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32, attempt: String) throws(LabError) {
        var rest = bytes
        while !rest.isEmpty {
            // Sound: the pointer covers `count` bytes and is used within the closure only.
            let written = unsafe rest.withUnsafeBytes { buffer in unsafe Glibc.write(descriptor, buffer.baseAddress, buffer.count)
            }
            if written < 0 {
                if errno == EINTR { continue }
                throw LabError(.failed, cannot: attempt, cause: LinuxError.text(of: errno))
            }
            rest = rest.dropFirst(written)
        }
    }
}
