import CWeftLinux
import Glibc

/// What a TAP is to be when it is created; an existing one must be the same.
public struct TapOptions: Hashable, Sendable {
    /// Whether it can have several queues. QEMU opens a multi-queue TAP only when told its number of queues.
    public var isMultiQueue: Bool
    /// Whether every frame is preceded by a virtio-net header of 10 bytes.
    public var hasVirtioNetHeader: Bool
    /// The user who may open it later without privileges; nil leaves it as it is.
    public var ownerUserID: UInt32?

    /// Creates options; the default is what a VM's TAP needs.
    public init(isMultiQueue: Bool = false, hasVirtioNetHeader: Bool = true, ownerUserID: UInt32? = nil) {
        self.isMultiQueue = isMultiQueue
        self.hasVirtioNetHeader = hasVirtioNetHeader
        self.ownerUserID = ownerUserID
    }
}

/// What the kernel says about the device behind a queue (`TUNGETIFF`).
public struct TapFacts: Hashable, Sendable {
    /// The present name; a device can be renamed.
    public let name: String
    public let isMultiQueue: Bool
    public let hasVirtioNetHeader: Bool
    /// Whether the device outlives its last queue.
    public let isPersistent: Bool
}

/// Creates and adopts TAP devices, in the network namespace of the calling thread.
///
/// Background: the kernel's `Documentation/networking/tuntap.rst`. A device lives as long as a queue of it is open, or,
/// once persistent, until it is deleted. The first queue creates it; further ones, if it is multi-queue, are opened by name.
public enum TapDevice {
    /// Bytes before each frame on a queue that has a virtio-net header.
    public static var virtioNetHeaderByteCount: Int { 10 }

    /// Whether a name must be free, taken, or may be either.
    public enum Existence: Hashable, Sendable {
        case create, adopt, createOrAdopt
    }

    /// Opens a queue of the TAP `name`, nonblocking; creates the device unless it exists or must exist.
    ///
    /// - Throws: ``LinuxError`` `.createTAP` or `.adoptTAP`, such as `EBUSY` when somebody holds the only queue or the
    ///   device must be new, `EINVAL` when it exists with other properties, `ENODEV` when it must exist and does not.
    public static func open(
        name: String, options: TapOptions = TapOptions(), existence: Existence = .createOrAdopt
    ) throws(LinuxError) -> TapQueue {
        let operation: LinuxError.Operation = existence == .adopt ? .adoptTAP : .createTAP
        guard InterfaceName.isValid(name) else {
            throw LinuxError(operation, "'\(name)'", errno: EINVAL, detail: "not a valid device name")
        }
        if existence == .adopt, unsafe if_nametoindex(name) == 0 { throw LinuxError(operation, name, errno: ENODEV) }
        let number = try unsafe check(Glibc.open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC), operation, name)
        let descriptor = Descriptor(owning: number)
        try check(
            unsafe weft_tap_attach(
                number, name, options.isMultiQueue, options.hasVirtioNetHeader, existence == .create),
            operation, name)
        let queue = TapQueue(owning: descriptor, name: name, hasVirtioNetHeader: options.hasVirtioNetHeader)
        try queue.setHeaderSize()
        if let owner = options.ownerUserID { try queue.setOwner(owner) }
        return queue
    }

    /// Takes over a queue that was opened elsewhere, after asking the kernel whether it is one of `name`.
    public static func adopt(_ descriptor: consuming Descriptor, name: String) throws(LinuxError) -> TapQueue {
        let facts = try facts(of: descriptor.rawValue, name: name)
        guard facts.name == name else {
            throw LinuxError(.adoptTAP, name, errno: EINVAL, detail: "the inherited descriptor belongs to \(facts.name)")
        }
        try descriptor.setNonblocking(true)
        try descriptor.setCloseOnExec(true)
        let queue = TapQueue(owning: descriptor, name: name, hasVirtioNetHeader: facts.hasVirtioNetHeader)
        try queue.setHeaderSize()
        return queue
    }

    static func facts(of descriptor: Int32, name: String) throws(LinuxError) -> TapFacts {
        var text = [CChar](repeating: 0, count: 17)
        var (isTap, isMultiQueue, hasHeader, isPersistent) = (false, false, false, false)
        let result = unsafe text.withUnsafeMutableBufferPointer { text in
            unsafe weft_tap_get(descriptor, text.baseAddress, &isTap, &isMultiQueue, &hasHeader, &isPersistent)
        }
        try check(result, .adoptTAP, name)
        guard isTap else { throw LinuxError(.adoptTAP, name, errno: EINVAL, detail: "it is a TUN, not a TAP") }
        let present = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return TapFacts(
            name: present, isMultiQueue: isMultiQueue, hasVirtioNetHeader: hasHeader, isPersistent: isPersistent)
    }
}
