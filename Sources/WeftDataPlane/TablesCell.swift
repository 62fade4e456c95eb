import Glibc
import Synchronization
import WeftForwarding

/// Where the control side leaves new tables for one worker, and takes back the old ones.
///
/// The worker looks at one flag per batch. When there is something it swaps: what it had goes back here, so that it never
/// frees anything, and should the control side be at the cell at that very moment, it goes on with what it has until its next
/// batch, so that it never waits. Old tables, thousands of blocks of memory, are freed by the control side.
///
/// Not a `Mutex`: to try one that is taken is a system call.
package final class TablesCell: @unchecked Sendable {  // `new` and `old` are touched only between `enter` and `leave`
    private var new: ForwardingTables?
    private var old: ForwardingTables?
    private let isOccupied = Atomic<Bool>(false)
    private let hasNews = Atomic<Bool>(false)

    package init() {}

    /// Leaves new tables, and frees what the worker has given back.
    package func publish(_ tables: ForwardingTables) {
        enter()
        let former = (new, old)
        (new, old) = (tables, nil)
        hasNews.store(true, ordering: .releasing)
        leave()
        withExtendedLifetime(former) {}  // freed here, when the worker may come in again
    }

    /// Frees what the worker has given back.
    package func collect() {
        enter()
        let former = old
        old = nil
        leave()
        withExtendedLifetime(former) {}
    }

    /// Puts new tables, if there are any, in the place of `tables`; whether the fabric in them is another. The worker's.
    package func take(_ tables: inout ForwardingTables) -> Bool {
        guard hasNews.load(ordering: .acquiring), tryToEnter() else { return false }
        defer { leave() }
        guard let next = new else { return false }
        let isOther = next.fabric !== tables.fabric
        old = tables
        tables = next
        new = nil
        hasNews.store(false, ordering: .relaxed)
        return isOther
    }

    private func tryToEnter() -> Bool { !isOccupied.exchange(true, ordering: .acquiring) }

    /// The control side's; whoever is inside stays for a few instructions.
    private func enter() {
        while !tryToEnter() { sched_yield() }
    }

    private func leave() { isOccupied.store(false, ordering: .releasing) }
}
