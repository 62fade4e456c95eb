import CWeftLinux
import Glibc

extension Command {
    /// Starts the command and returns the number of its process.
    func spawn() throws(LinuxError) -> Int32 {
        // A thread of its own where something per thread changes, so that it does not change here.
        let place = remountsSysfs && namespace == .current ? .path(namespace.path) : namespace
        return try place.result { () throws(LinuxError) in try spawnHere() }.get()
    }

    /// Starts the command from this thread, whose namespaces it inherits.
    private func spawnHere() throws(LinuxError) -> Int32 {
        if remountsSysfs { try check(weft_remount_sysfs(), .spawn, executable) }
        var preparation = SpawnPreparation()
        try preparation.configure(for: self)
        var process: pid_t = 0
        let error = unsafe withVectors { words, variables in
            unsafe posix_spawnp(&process, executable, &preparation.actions, &preparation.attributes, words, variables)
        }
        guard error == 0 else { throw LinuxError(.spawn, executable, errno: error) }
        return process
    }
}

/// What the child does between its birth and its program: descriptors, directory, session, signals.
///
/// Safe: the two C structures are this value's own, initialised by `init` and destroyed with it.
@safe private struct SpawnPreparation: ~Copyable {
    var actions = unsafe posix_spawn_file_actions_t()
    var attributes = posix_spawnattr_t()
    /// Copies of the descriptors to pass on, numbered above all targets, so that no target is overwritten before it is read.
    private var copies: [Int32] = []

    init() {
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawnattr_init(&attributes)
    }

    deinit {
        for copy in copies { close(copy) }
        var (actions, attributes) = unsafe (actions, attributes)
        unsafe posix_spawn_file_actions_destroy(&actions)
        unsafe posix_spawnattr_destroy(&attributes)
    }

    mutating func configure(for command: Command) throws(LinuxError) {
        var (none, all) = (sigset_t(), sigset_t())
        unsafe sigemptyset(&none)
        unsafe sigfillset(&all)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setsigdefault(&attributes, &all)
        unsafe posix_spawnattr_setflags(&attributes, weft_spawn_flags(command.isSessionLeader))
        try place(descriptorsOf: command)
        if let directory = command.workingDirectory {
            try require(unsafe weft_spawn_add_chdir(&actions, directory), command)
        }
    }

    private mutating func place(descriptorsOf command: Command) throws(LinuxError) {
        var sources = command.descriptors
        for (number, stream) in [command.standardInput, command.standardOutput, command.standardError].enumerated() {
            switch stream {
            case .null: break
            case .inherited: if fcntl(Int32(number), F_GETFD) >= 0 { sources[Int32(number)] = Int32(number) }
            case .descriptor(let source): sources[Int32(number)] = source
            }
        }
        let last = max(2, sources.keys.max() ?? 2)
        for target in 0...last {
            if let source = sources[target] {
                let copy = try check(fcntl(source, F_DUPFD_CLOEXEC, last + 1), .spawn, command.executable)
                copies.append(copy)
                try require(unsafe posix_spawn_file_actions_adddup2(&actions, copy, target), command)
            } else if target <= 2 {
                try require(unsafe posix_spawn_file_actions_addopen(&actions, target, "/dev/null", O_RDWR, 0), command)
            } else {
                try require(unsafe posix_spawn_file_actions_addclose(&actions, target), command)
            }
        }
        try require(unsafe weft_spawn_add_closefrom(&actions, last + 1), command)
    }

    private func require(_ error: Int32, _ command: Command) throws(LinuxError) {
        if error != 0 { throw LinuxError(.spawn, command.executable, errno: error) }
    }
}
