/// An archive in the kernel's initramfs format, "newc" (`Documentation/driver-api/early-userspace/buffer-format.rst`).
///
/// Only what an initramfs needs: folders, regular files and device nodes, all owned by root, without times, so the same
/// content gives the same bytes.
struct CPIOArchive {
    private var bytes: [UInt8] = []
    private var nextInode: UInt32 = 1

    private enum FileType {
        static let folder: UInt32 = 0o040000
        static let regular: UInt32 = 0o100000
        static let characterDevice: UInt32 = 0o020000
    }

    /// Adds a folder; its parent must have been added before.
    mutating func addFolder(_ path: String) {
        append(path, mode: FileType.folder | 0o755, content: [])
    }

    /// Adds a regular file.
    mutating func addFile(_ path: String, content: [UInt8], isExecutable: Bool = false) {
        append(path, mode: FileType.regular | (isExecutable ? 0o755 : 0o644), content: content)
    }

    /// Adds a character device node.
    mutating func addCharacterDevice(_ path: String, major: UInt32, minor: UInt32) {
        append(path, mode: FileType.characterDevice | 0o600, content: [], device: (major, minor))
    }

    /// The archive with its trailer, ready to be written.
    consuming func finished() -> [UInt8] {
        append("TRAILER!!!", mode: 0, content: [])
        return bytes
    }

    /// A member: 6 bytes of magic, 13 numbers of 8 hexadecimal digits, the name with its zero, the content; the name and
    /// the content each padded to 4 bytes.
    private mutating func append(
        _ path: String, mode: UInt32, content: [UInt8], device: (major: UInt32, minor: UInt32) = (0, 0)
    ) {
        let numbers: [UInt32] = [
            nextInode, mode, 0, 0, 1, 0, UInt32(content.count),  // inode, mode, uid, gid, links, time, size
            0, 0, device.major, device.minor,  // the device it is on, the device it is
            UInt32(path.utf8.count + 1), 0,  // name with its zero, checksum
        ]
        nextInode += 1
        bytes += Array("070701".utf8)
        for number in numbers {
            for shift in stride(from: UInt32(28), through: 0, by: -4) {
                bytes.append(Array("0123456789ABCDEF".utf8)[Int(number >> shift & 0xF)])
            }
        }
        bytes += Array(path.utf8) + [0]
        pad()
        bytes += content
        pad()
    }

    private mutating func pad() {
        while !bytes.count.isMultiple(of: 4) { bytes.append(0) }
    }
}
