import Glibc
import WeftTopology

/// Reads a file whole, up to a limit, without being held up by what is no ordinary file; `-` is the standard input.
enum FileBytes {
    static func read(path: String, maximumByteCount: Int) throws(Diagnostic) -> [UInt8] {
        if path == "-" { return try read(STDIN_FILENO, path: "standard input", maximumByteCount: maximumByteCount) }
        // Without O_NONBLOCK opening a named pipe waits for its writer.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw unreadable(path, errno) }
        defer { close(descriptor) }

        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw unreadable(path, errno) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            let kind = status.st_mode & S_IFMT == S_IFDIR ? "it is a directory" : "it is not a regular file"
            let help = status.st_mode & S_IFMT == S_IFDIR ? "name the file in it, such as \(path)/lab.weft.yaml" : nil
            throw Diagnostic(.unreadable, "cannot read \(path): \(kind)", file: path, at: nil, help: help)
        }

        return try read(descriptor, path: path, maximumByteCount: maximumByteCount)
    }

    private static func read(_ descriptor: Int32, path: String, maximumByteCount: Int) throws(Diagnostic) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count <= maximumByteCount {
            // `read` writes at most the number of bytes it is given, which is the chunk's own.
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw unreadable(path, errno) }
            guard count > 0 else { return bytes }
            bytes += chunk[..<count]
        }
        throw tooLarge(path, maximumByteCount: maximumByteCount)
    }

    static func tooLarge(_ path: String, maximumByteCount: Int) -> Diagnostic {
        Diagnostic(
            .tooLarge, "cannot read \(path): it is larger than \(maximumByteCount >> 20) MiB", file: path, at: nil,
            help: "a topology file has at most \(maximumByteCount) bytes")
    }

    private static func unreadable(_ path: String, _ code: Int32) -> Diagnostic {
        let help: String? =
            switch code {
            case ENOENT: "check the path; a topology file is usually called NAME.weft.yaml"
            case EACCES: "its owner may read it, or root"
            default: nil
            }
        let cause = unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
        return Diagnostic(.unreadable, "cannot read \(path): \(cause)", file: path, at: nil, help: help)
    }
}
