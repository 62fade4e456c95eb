import CWeftLinux
import Glibc

/// Opens a queue of a TAP for another program, which configures it itself.
public enum TapHandover {
    /// Opens a queue of the TAP `name`, which must exist, and sends the descriptor over a unix socket, beside one byte.
    ///
    /// The device stays as it is: nothing but `TUNSETIFF` is done, which its owner may do without privileges.
    ///
    /// - Parameters:
    ///   - isMultiQueue: whether the device is; `TUNSETIFF` takes no other answer.
    ///   - hasVirtioNetHeader: whether each frame is preceded by a virtio-net header.
    ///   - socket: a descriptor of this process, which stays open.
    /// - Throws: ``LinuxError`` `.adoptTAP` with `ENODEV` when there is no such device, `EPERM` when it has another owner, `EBUSY` when
    ///   all its queues are taken; `.handOver` when nobody is at the other end of `socket`.
    public static func send(
        _ name: String, isMultiQueue: Bool, hasVirtioNetHeader: Bool, over socket: Int32
    ) throws(LinuxError) {
        guard InterfaceName.isValid(name), unsafe if_nametoindex(name) != 0 else {
            throw LinuxError(.adoptTAP, name, errno: ENODEV)
        }
        let tap = try Descriptor.open("/dev/net/tun", flags: O_RDWR)
        try check(
            unsafe weft_tap_attach(tap.rawValue, name, isMultiQueue, hasVirtioNetHeader, false), .adoptTAP, name)
        try check(weft_send_descriptor(socket, tap.rawValue), .handOver, name)
    }
}
