import Glibc

/// How many descriptors this process may have open (`RLIMIT_NOFILE`).
public enum DescriptorLimit {
    /// Raises it as far as the process may without privileges, and returns what it then is.
    ///
    /// A login shell's default of 1024 is less than an agent with a hundred ports needs.
    @discardableResult
    public static func raise() -> Int {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 0 }
        if limit.rlim_cur < limit.rlim_max {
            limit.rlim_cur = limit.rlim_max
            _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            _ = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        }
        return Int(clamping: limit.rlim_cur)
    }
}
