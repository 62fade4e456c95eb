import Glibc

/// Who is at the other end of a unix stream socket, as the kernel noted it when that process connected (`unix(7)`).
public struct PeerCredentials: Hashable, Sendable {
    /// The effective user.
    public var userID: UInt32
    /// The effective group and the supplementary groups.
    public var groupIDs: Set<UInt32>

    /// Creates credentials, for checks of what they allow.
    public init(userID: UInt32, groupIDs: Set<UInt32>) { (self.userID, self.groupIDs) = (userID, groupIDs) }

    /// Asks the kernel (`SO_PEERCRED`, `SO_PEERGROUPS`).
    ///
    /// - Parameter descriptor: a connected unix socket; it must stay open meanwhile.
    /// - Throws: ``LinuxError`` `.configureSocket`.
    public init(ofPeerAt descriptor: Int32) throws(LinuxError) {
        // The kernel's `struct ucred`: process, user and group, 4 bytes each.
        var peer: [UInt32] = [0, 0, 0]
        var length = socklen_t(peer.count * MemoryLayout<UInt32>.stride)
        // Sound: the length is that of the array which the kernel fills.
        try check(unsafe getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &length), .identifyPeer, "its socket")
        userID = peer[1]
        groupIDs = Set(try Self.supplementaryGroups(at: descriptor)).union([peer[2]])
    }

    /// The kernel's limit for a process (`NGROUPS_MAX`).
    private static let groupLimit = 65_536

    private static func supplementaryGroups(at descriptor: Int32) throws(LinuxError) -> [UInt32] {
        var groups = [gid_t](repeating: 0, count: 64)
        while true {
            var length = socklen_t(groups.count * MemoryLayout<gid_t>.stride)
            // Sound: the length is that of the array; the kernel writes no more and says how much it wrote or needs.
            let result = unsafe getsockopt(descriptor, SOL_SOCKET, SO_PEERGROUPS, &groups, &length)
            let count = Int(length) / MemoryLayout<gid_t>.stride
            if result == 0 { return Array(groups.prefix(count)) }
            let error = errno
            guard error == ERANGE, count > groups.count, count <= groupLimit else {
                throw LinuxError(.identifyPeer, "its socket", errno: error)
            }
            groups = [gid_t](repeating: 0, count: count)
        }
    }
}
