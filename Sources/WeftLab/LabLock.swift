import Glibc
import WeftLinux

/// Keeps two commands from changing one lab at the same time: an advisory lock on the lab's own folder, so that nothing
/// extra is left behind.
struct LabLock: ~Copyable {
    private let folder: Descriptor

    /// Makes the lab's folder if there is none and locks it, waiting for whoever has it now.
    ///
    /// - Throws: ``LabError`` `.timedOut` after `patience`; `.interrupted`.
    init(_ layout: LabLayout, patience: Duration, interruption: Interruption) throws(LabError) {
        let attempt = "lock lab '\(layout.lab)'"
        let deadline = MonotonicClock.now().advanced(by: patience)
        while true {
            try Files.makeFolder(layout.directory, attempt: attempt)
            let descriptor: Descriptor
            do {
                descriptor = try Descriptor.open(layout.directory, flags: O_RDONLY | O_DIRECTORY)
            } catch {
                if error.errno == ENOENT { continue }
                throw LabError(.failed, cannot: attempt, cause: "\(error)")
            }
            if flock(descriptor.rawValue, LOCK_EX | LOCK_NB) == 0 {
                // The holder before us may have removed the folder: then the lock is on nothing.
                if Self.isSame(descriptor.rawValue, layout.directory) {
                    folder = descriptor
                    return
                }
                continue
            }
            guard errno == EWOULDBLOCK || errno == EINTR else {
                throw LabError(.failed, cannot: attempt, cause: LinuxError.text(of: errno))
            }
            guard MonotonicClock.now() < deadline else {
                throw LabError(
                    .timedOut, cannot: attempt, cause: "another weft lab command works on it",
                    remedy: "try again when it has ended")
            }
            try interruption.check(attempt)
            usleep(50_000)
        }
    }

    private static func isSame(_ descriptor: Int32, _ path: String) -> Bool {
        var (ours, theirs) = (stat(), stat())
        guard unsafe fstat(descriptor, &ours) == 0, unsafe stat(path, &theirs) == 0 else { return false }
        return ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev
    }
}
