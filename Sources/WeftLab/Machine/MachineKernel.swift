import Glibc
import WeftLinux

/// The kernel that virtual machines run: Debian's, unpacked once into a cache folder by `Scripts/vm-kernel`.
struct MachineKernel: Hashable, Sendable {
    /// The folder.
    let folder: String
    /// The kernel's release, such as `6.1.0-40-amd64`.
    let release: String

    /// The uncompressed kernel.
    var image: String { "\(folder)/vmlinux" }
    /// The folder of its modules.
    var modules: String { "\(folder)/lib/modules/\(release)" }

    /// The variable that names the folder.
    static var variable: String { "WEFT_VM_KERNEL" }

    /// Looks in `folder`, else where the variable says, else in the user's cache.
    static func find(_ folder: String?) throws(LabError) -> MachineKernel {
        let attempt = "start virtual machines"
        let home = environment("HOME") ?? "/root"
        let cache = environment("XDG_CACHE_HOME") ?? "\(home)/.cache"
        let given = folder ?? environment(variable)
        let candidates = given.map { [$0] } ?? ["\(cache)/weft/vm-kernel", "/var/cache/weft/vm-kernel"]
        for folder in candidates {
            guard let version = try Files.read("\(folder)/version", attempt: attempt) else { continue }
            let release = String(decoding: version, as: UTF8.self).filter { !$0.isWhitespace }
            if Files.isAccessible("\(folder)/vmlinux", R_OK), Files.isAccessible("\(folder)/lib/modules/\(release)", R_OK) {
                return MachineKernel(folder: folder, release: release)
            }
        }
        throw LabError(
            .failed, cannot: attempt, cause: "there is no kernel for them in \(candidates.joined(separator: " or "))",
            remedy: "prepare one with Scripts/vm-kernel, or name the folder it prints by --kernel-folder or \(variable)")
    }

    /// The modules a guest needs, with their dependencies, in the order in which they are inserted.
    func moduleFiles(_ names: [String]) throws(LabError) -> [(name: String, content: [UInt8])] {
        let attempt = "make the virtual machines' first file system"
        let listPath = "\(modules)/modules.dep"
        guard let list = try Files.read(listPath, attempt: attempt) else {
            throw LabError(.failed, cannot: attempt, cause: "\(listPath) is missing", remedy: "run Scripts/vm-kernel again")
        }
        let order = ModuleDependencies(parsing: String(decoding: list, as: UTF8.self)).loadOrder(of: names)
        // What is missing is compiled into the kernel, or the guest says on its console what it lacks.
        var files: [(name: String, content: [UInt8])] = []
        for path in order.paths {
            guard let content = try Files.read("\(modules)/\(path)", attempt: attempt) else { continue }
            files.append((path.split(separator: "/").last.map(String.init) ?? path, content))
        }
        return files
    }

    /// A variable of this process's environment; nil when it is not set or empty.
    static func environment(_ name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        // Sound: the environment is not changed while the lab runs.
        let text = unsafe String(cString: value)
        return text.isEmpty ? nil : text
    }
}
