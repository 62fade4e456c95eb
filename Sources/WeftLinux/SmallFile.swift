import CWeftLinux
import Glibc

/// Whole small files: read with a limit, written so that a reader or a crash sees the old content or the new.
public enum SmallFile {
    /// Reads the file at `path`, or nil when there is none.
    ///
    /// - Throws: ``LinuxError`` `.read`, with `EFBIG` above `limit` bytes.
    public static func read(_ path: String, limit: Int = 1 << 20) throws(LinuxError) -> [UInt8]? {
        let number = retrying { unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC) }
        if number < 0 {
            let error = errno
            if error == ENOENT { return nil }
            throw LinuxError(.read, path, errno: error)
        }
        return try Descriptor(owning: number).readToEnd(limit: limit, name: path)
    }

    /// Writes the file at `path` in one step: a new file beside it, flushed, then renamed over it.
    public static func write(_ bytes: [UInt8], to path: String, mode: mode_t = 0o644) throws(LinuxError) {
        let directory = path.lastIndex(of: "/").map { path[..<$0] } ?? "."
        let draft = "\(path).new-\(getpid())"
        do throws(LinuxError) {
            let file = unsafe Descriptor(
                owning: try check(Glibc.open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode), .write, path))
            try file.writeAll(bytes, name: path)
            try check(fsync(file.rawValue), .write, path)
            try unsafe check(rename(draft, path), .write, path)
        } catch {
            unsafe unlink(draft)
            throw error
        }
        let folder = try Descriptor.open(directory.isEmpty ? "/" : String(directory), flags: O_RDONLY | O_DIRECTORY)
        try check(fsync(folder.rawValue), .write, path)
    }

    /// Makes a folder, and the one above it; one that is there stays as it is.
    ///
    /// - Throws: ``LinuxError`` `.write`.
    public static func makeFolder(_ path: String, mode: mode_t = 0o755) throws(LinuxError) {
        if let slash = path.lastIndex(of: "/"), slash > path.startIndex { unsafe _ = mkdir(String(path[..<slash]), mode) }
        guard unsafe mkdir(path, mode) != 0 else { return }
        let error = errno
        guard error != EEXIST else { return }
        throw LinuxError(.write, path, errno: error)
    }

    /// Removes a file; one that is not there is fine, and so is one that can't be removed.
    public static func remove(_ path: String) { unsafe _ = unlink(path) }

    /// The names in a directory, sorted, or nil when there is no such directory.
    public static func names(in directory: String) throws(LinuxError) -> [String]? {
        try names(in: directory, operation: .read)
    }

    static func names(in directory: String, operation: LinuxError.Operation) throws(LinuxError) -> [String]? {
        guard let stream = unsafe opendir(directory) else {
            let error = errno
            if error == ENOENT { return nil }
            throw LinuxError(operation, directory, errno: error)
        }
        defer { unsafe _ = closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
                unsafe name.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}

extension Descriptor {
    /// Reads from the present position to the end.
    ///
    /// - Throws: ``LinuxError`` `.read`, with `EFBIG` above `limit` bytes.
    public borrowing func readToEnd(limit: Int = 1 << 20, name: String) throws(LinuxError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16384)
        while true {
            let number = rawValue
            let count = unsafe chunk.withUnsafeMutableBytes { chunk in
                retrying { unsafe Glibc.read(number, chunk.baseAddress, chunk.count) }
            }
            if count < 0 {
                let error = errno
                throw LinuxError(.read, name, errno: error)
            }
            if count == 0 { return bytes }
            guard bytes.count + count <= limit else {
                throw LinuxError(.read, name, errno: EFBIG, detail: "more than \(limit) bytes")
            }
            bytes += chunk.prefix(count)
        }
    }

    /// Writes all bytes at the present position.
    public borrowing func writeAll(_ bytes: [UInt8], name: String) throws(LinuxError) {
        var done = 0
        while done < bytes.count {
            let (number, start) = (rawValue, done)
            let count = unsafe bytes.withUnsafeBytes { bytes in
                retrying { unsafe Glibc.write(number, bytes.baseAddress?.advanced(by: start), bytes.count - start) }
            }
            if count < 0 {
                let error = errno
                throw LinuxError(.write, name, errno: error)
            }
            done += count
        }
    }
}
