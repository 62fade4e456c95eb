import CWeftLinux
import Glibc

/// As whom a thread touches files: a thread that follows paths of a user's choice does so as that user, so that it can be led to
/// nothing that he can't have himself (`setfsuid(2)`). What else it may do stays.
public struct FileIdentity: Hashable, Sendable {
    /// The user.
    public let userID: UInt32
    /// The user's own group; he has no other.
    public let groupID: UInt32

    /// Creates an identity.
    public init(userID: UInt32, groupID: UInt32) { (self.userID, self.groupID) = (userID, groupID) }

    /// Root's.
    public static var root: FileIdentity { FileIdentity(userID: 0, groupID: 0) }

    /// A user's, with the group that the system's list of users tells, or else that of nobody.
    public init(userID: UInt32) {
        self.init(userID: userID, groupID: HostFacts.groupID(ofUser: userID) ?? Self.nobody)
    }

    private static var nobody: UInt32 { 65534 }

    /// Has the calling thread, and no other, touch files as this identity from here on.
    ///
    /// - Throws: ``LinuxError`` `.actAs` without CAP_SETUID or CAP_SETGID.
    package func assume() throws(LinuxError) {
        guard weft_touch_files_as(userID, groupID) else { throw LinuxError(.actAs, "user \(userID)", errno: EPERM) }
    }

    /// Runs `body` as root, and is this identity again afterwards.
    package func asRoot<Value, Failure: Error>(_ body: () throws(Failure) -> Value) throws(Failure) -> Value {
        _ = weft_touch_files_as(0, 0)
        defer {
            let isBack = weft_touch_files_as(userID, groupID)
            precondition(isBack, "a thread can't touch files as user \(userID) any more")
        }
        return try body()
    }
}
