import Glibc

/// Queues of one TAP, in order; those that are not taken out are closed with the value.
///
/// A queue goes on working when its device is moved to another network namespace, and may still be configured; only further
/// queues must be opened where the device is then, by the name it has there.
public struct TapQueues: ~Copyable, Sendable {
    /// The device's name when the first queue was opened.
    public let name: String
    /// Whether each frame is preceded by a virtio-net header of 10 bytes, both ways.
    public let hasVirtioNetHeader: Bool
    /// Descriptors that this value owns.
    private var numbers: [Int32]

    /// Begins with one queue.
    public init(_ first: consuming TapQueue) {
        name = first.name
        hasVirtioNetHeader = first.hasVirtioNetHeader
        numbers = [first.release().release()]
    }

    deinit { for number in numbers { close(number) } }

    /// Opens `count` queues of the TAP `name` in `namespace`; more than one make it multi-queue.
    ///
    /// - Throws: what ``TapDevice/open(name:options:existence:)`` throws, and ``LinuxError`` `.enterNamespace`.
    public static func open(
        name: String, count: Int, in namespace: NetworkNamespace = .current, options: TapOptions = TapOptions(),
        existence: TapDevice.Existence = .createOrAdopt
    ) throws(LinuxError) -> TapQueues {
        var options = options
        options.isMultiQueue = options.isMultiQueue || count > 1
        let chosen = options
        return try namespace.result { () throws(LinuxError) -> TapQueues in
            var queues = TapQueues(try TapDevice.open(name: name, options: chosen, existence: existence))
            try queues.open(name: name, upTo: count)
            return queues
        }.get()
    }

    /// Opens further queues of a multi-queue TAP until there are `count`, by its present name, in the network namespace of the
    /// calling thread.
    public mutating func open(name: String, upTo count: Int) throws(LinuxError) {
        let options = TapOptions(isMultiQueue: true, hasVirtioNetHeader: hasVirtioNetHeader)
        while numbers.count < count {
            numbers.append(try TapDevice.open(name: name, options: options, existence: .adopt).release().release())
        }
    }

    /// How many there are.
    public var count: Int { numbers.count }

    /// Takes out the first; nil when there is none left.
    public mutating func removeFirst() -> TapQueue? {
        guard let number = numbers.first else { return nil }
        numbers.removeFirst()
        return TapQueue(owning: Descriptor(owning: number), name: name, hasVirtioNetHeader: hasVirtioNetHeader)
    }
}
