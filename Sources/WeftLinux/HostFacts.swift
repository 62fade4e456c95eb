import Glibc

/// What this host and this process are, for checks and messages.
public enum HostFacts {
    /// Privileges of a process (`capabilities(7)`), those that matter here.
    public struct Capabilities: OptionSet, Hashable, Sendable {
        /// The kernel's bits.
        public let rawValue: UInt64
        /// Creates a set from the kernel's bits.
        public init(rawValue: UInt64) { self.rawValue = rawValue }

        /// `CAP_NET_BIND_SERVICE`: UDP ports below 1024.
        public static var bindService: Capabilities { Capabilities(rawValue: 1 << 10) }
        /// `CAP_NET_ADMIN`: devices, addresses, TAPs.
        public static var networkAdministration: Capabilities { Capabilities(rawValue: 1 << 12) }
        /// `CAP_NET_RAW`: packet sockets.
        public static var rawSockets: Capabilities { Capabilities(rawValue: 1 << 13) }
        /// `CAP_NET_RAW`: packet sockets.
        public static var rawNetwork: Capabilities { Capabilities(rawValue: 1 << 13) }
        /// `CAP_SYS_ADMIN`: network namespaces.
        public static var systemAdministration: Capabilities { Capabilities(rawValue: 1 << 21) }
    }

    /// What the calling thread may do now.
    public static func effectiveCapabilities() -> Capabilities {
        let line = statusLine("CapEff:") ?? "0"
        return Capabilities(rawValue: UInt64(line, radix: 16) ?? 0)
    }

    /// The kernel's release, such as `6.1.0-18-amd64`; empty if it can't be told.
    public static var kernelRelease: String {
        var names = utsname()
        guard unsafe uname(&names) == 0 else { return "" }
        return unsafe withUnsafeBytes(of: &names.release) { unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    /// The first two numbers of the kernel's release.
    public static var kernelVersion: (major: Int, minor: Int) {
        let numbers = kernelRelease.split { !$0.isNumber }.prefix(2).map { Int($0) ?? 0 }
        return (numbers.first ?? 0, numbers.count > 1 ? numbers[1] : 0)
    }

    /// The host's name; empty if it can't be told.
    public static var hostName: String {
        var names = utsname()
        guard unsafe uname(&names) == 0 else { return "" }
        return unsafe withUnsafeBytes(of: &names.nodename) { unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    /// The number of the user with that name, or of that number in decimal.
    ///
    /// - Throws: ``LinuxError`` `.lookUpUser`, with `ENOENT` when there is none.
    public static func userID(of name: String) throws(LinuxError) -> UInt32 {
        if let number = UInt32(name) { return number }
        var entry = unsafe passwd()
        let found: (error: Int32, isThere: Bool) = unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 16384) { text in
            guard let base = text.baseAddress else { return (ENOMEM, false) }
            var result: UnsafeMutablePointer<passwd>?
            let error = unsafe getpwnam_r(name, &entry, base, text.count, &result)
            return (error, unsafe result != nil)
        }
        guard found.isThere else {
            throw LinuxError(.lookUpUser, "'\(name)'", errno: found.error == 0 ? ENOENT : found.error, detail: "no such user")
        }
        return unsafe entry.pw_uid
    }

    /// The group of the user with that number; nil when there is no such user.
    public static func groupID(ofUser number: UInt32) -> UInt32? {
        var entry = unsafe passwd()
        return unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 16384) { text in
            guard let base = text.baseAddress else { return nil }
            var result: UnsafeMutablePointer<passwd>?
            // Sound: the text is as long as is said, and what the entry points to is not used.
            let error = unsafe getpwuid_r(number, &entry, base, text.count, &result)
            return unsafe error == 0 && result != nil ? entry.pw_gid : nil
        }
    }

    /// Bytes of memory this process has resident.
    public static func residentByteCount() -> Int {
        let words = statusLine("VmRSS:")?.split(separator: " ")
        return (words?.first.flatMap { Int($0) } ?? 0) * 1024
    }

    private static func statusLine(_ key: String) -> String? {
        guard let bytes = try? SmallFile.read("/proc/thread-self/status") else { return nil }
        let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix(key) }
        return line.map { line in String(line.dropFirst(key.count).drop { $0 == "\t" || $0 == " " }) }
    }
}
