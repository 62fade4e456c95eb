import Glibc

/// The two settings of a device that netlink can't write, in `/proc/sys/net/ipv6/conf/<device>` of the calling thread's
/// network namespace. The only sysctl paths Weft writes; nothing that is global.
public enum IPv6Setting: String, Hashable, Sendable, CaseIterable {
    /// 1: the device has no IPv6 at all, not even a link-local address.
    case isDisabled = "disable_ipv6"
    /// 0: router advertisements are ignored.
    case acceptsRouterAdvertisements = "accept_ra"

    /// Sets the value for one device.
    ///
    /// - Throws: ``LinuxError`` `.changeSetting`: `EINVAL` for a name that is no device's or stands for all devices, `ENOENT`
    ///   when there is no such device or no IPv6.
    public func write(_ value: Int, of device: String) throws(LinuxError) {
        let path = try path(of: device, .changeSetting)
        let object = "\(rawValue) of \(device)"
        let file = Descriptor(
            owning: try check(unsafe Glibc.open(path, O_WRONLY | O_CLOEXEC), .changeSetting, object))
        let bytes = Array(String(value).utf8)
        let number = file.rawValue
        let count = unsafe bytes.withUnsafeBytes { bytes in
            retrying { unsafe Glibc.write(number, bytes.baseAddress, bytes.count) }
        }
        try check(count, .changeSetting, object)
    }

    /// The value for one device, or nil when there is no such device or no IPv6.
    public func read(of device: String) throws(LinuxError) -> Int? {
        guard let bytes = try SmallFile.read(path(of: device, .readSetting), limit: 64) else { return nil }
        return Int(String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }

    /// Whether this kernel has IPv6.
    public static var isAvailable: Bool { unsafe access("/proc/sys/net/ipv6/conf", F_OK) == 0 }

    private func path(of device: String, _ operation: LinuxError.Operation) throws(LinuxError) -> String {
        // `all` and `default` are no devices: they would change every other one.
        guard InterfaceName.isValid(device), device != "all", device != "default" else {
            throw LinuxError(operation, "\(rawValue) of '\(device)'", errno: EINVAL, detail: "not the name of one device")
        }
        return "/proc/sys/net/ipv6/conf/\(device)/\(rawValue)"
    }
}
