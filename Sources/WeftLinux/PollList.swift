import CWeftLinux
import Glibc
import WeftTypes

/// A few descriptors that are waited for once (`ppoll`): said anew before each wait, so that nothing has to be taken out again.
package struct PollList {
    private var entries: [pollfd] = []

    /// Creates a list without descriptors.
    package init() {}

    /// The place of a descriptor in the list.
    package struct Place: Sendable { fileprivate let index: Int }

    /// Forgets all descriptors.
    package mutating func removeAll() { entries.removeAll(keepingCapacity: true) }

    /// Adds a descriptor. With nothing to be ready for, only its failure and its other end's going are told.
    package mutating func add(_ descriptor: Int32, for readiness: Readiness = .readable) -> Place {
        entries.append(pollfd(fd: descriptor, events: Int16(truncatingIfNeeded: readiness.rawValue), revents: 0))
        return Place(index: entries.count - 1)
    }

    /// Waits until one of them is ready or the time is over; a signal ends the wait, too.
    ///
    /// - Parameter timeout: nil waits without end.
    package mutating func wait(timeout: Duration?) {
        // Sound: the kernel writes to as many entries as there are.
        let result = unsafe weft_poll(&entries, nfds_t(entries.count), timeout.map { max(0, $0.wholeNanoseconds) } ?? -1)
        if result < 0 { for index in entries.indices { entries[index].revents = 0 } }
    }

    /// What a descriptor was found ready for by the last wait. The bits are those of epoll.
    package subscript(place: Place?) -> Readiness {
        guard let place, place.index < entries.count else { return [] }
        return Readiness(rawValue: UInt32(UInt16(bitPattern: entries[place.index].revents)))
    }
}
