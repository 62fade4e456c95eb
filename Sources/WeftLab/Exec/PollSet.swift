import Glibc

/// Waiting for several descriptors at once.
struct PollSet {
    private var entries: [pollfd] = []

    /// Adds a descriptor; nil is left out. Returns its place for ``events(_:)``.
    mutating func add(_ descriptor: Int32?, _ events: Int32 = POLLIN) -> Int {
        entries.append(pollfd(fd: descriptor ?? -1, events: Int16(events), revents: 0))
        return entries.count - 1
    }

    /// Waits until one is ready, a signal comes or the time is over; whether one is ready.
    @discardableResult
    mutating func wait(milliseconds: Int32) -> Bool {
        let count = nfds_t(entries.count)
        let ready = unsafe entries.withUnsafeMutableBufferPointer { unsafe poll($0.baseAddress, count, milliseconds) }
        if ready <= 0 { for index in entries.indices { entries[index].revents = 0 } }
        return ready > 0
    }

    /// What a descriptor is ready for: `POLLIN`, `POLLHUP` and the like.
    func events(_ place: Int) -> Int32 { Int32(entries[place].revents) }
}
