import Synchronization
import WeftForwarding

/// Where the control side leaves new tables for one worker, and takes back the old ones.
///
/// The worker looks at one flag per batch. When there is something it swaps: what it had goes back here, so that it never
/// frees anything, and should the control side be at the cell at that very moment, it goes on with what it has until its next
/// batch, so that it never waits. Old tables, thousands of blocks of memory, are freed by the control side.
package final class TablesCell: Sendable {
    private struct Content: Sendable {
        var new: ForwardingTables?
        var old: ForwardingTables?
    }

    private let content = Mutex(Content())
    private let hasNews = Atomic<Bool>(false)

    package init() {}

    /// Leaves new tables, and frees what the worker has given back.
    package func publish(_ tables: ForwardingTables) {
        let former = content.withLock { content -> Content in
            let former = content
            content = Content(new: tables)
            hasNews.store(true, ordering: .releasing)
            return former
        }
        _ = consume former  // freed here, outside the lock
    }

    /// Frees what the worker has given back.
    package func collect() {
        let old = content.withLock { content -> ForwardingTables? in
            defer { content.old = nil }
            return content.old
        }
        _ = consume old
    }

    /// Puts new tables, if there are any, in the place of `tables`; whether the fabric in them is another. The worker's.
    package func take(_ tables: inout ForwardingTables) -> Bool {
        guard hasNews.load(ordering: .acquiring) else { return false }
        return content.withLockIfAvailable { content -> Bool in
            guard let new = content.new else { return false }
            let isOther = new.fabric !== tables.fabric
            content.old = tables
            content.new = nil
            tables = new
            hasNews.store(false, ordering: .relaxed)
            return isOther
        } ?? false
    }
}
