/// The kernel's rules for names of network devices.
public enum InterfaceName {
    /// The longest name in bytes.
    public static var maximumByteCount: Int { 15 }

    /// Whether the kernel takes `name` for a device, and takes it literally: 1…15 bytes, printable ASCII without space,
    /// `/`, `:` and the pattern sign `%`, neither `.` nor `..`.
    public static func isValid(_ name: String) -> Bool {
        guard (1...maximumByteCount).contains(name.utf8.count), name != ".", name != ".." else { return false }
        return name.utf8.allSatisfy { byte in
            (0x21...0x7E).contains(byte) && byte != UInt8(ascii: "/") && byte != UInt8(ascii: ":") && byte != UInt8(ascii: "%")
        }
    }
}
