import WeftLinux
import WeftTypes

/// The side of a relay that leads to the guest's program. All its functions return at once.
protocol GuestWire {
    /// Prepares it; nothing is opened yet.
    init(_ port: SocketPort, state: RelayState)

    /// Whether a guest's program is at the other end.
    var isLinked: Bool { get }
    /// What keeps the socket from being made or used.
    var problem: String? { get }
    /// What is waited for while no guest is there.
    var sentence: String { get }
    /// Whether it takes frames for the guest now; else it waits until the guest has read what it was sent.
    var takesFrames: Bool { get }

    /// Does what is due: makes the socket, connects it, sees whether the guest is still there.
    mutating func advance(_ now: Instant)
    /// When ``advance(_:)`` has something to do without being asked; nil for never.
    var deadline: Instant? { get }
    /// Says what it waits for.
    mutating func watch(_ list: inout PollList)
    /// Looks after what has become ready, and gives the guest's frames to the device.
    mutating func handle(_ list: PollList, _ device: RelayDevice, _ now: Instant)
    /// Sends frames of the device to the guest, some.
    mutating func sendFrames(of device: RelayDevice, _ now: Instant)
    /// Ends it, and removes what it has made.
    mutating func close()
}
