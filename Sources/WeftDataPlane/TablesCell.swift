import Synchronization
import WeftForwarding

/// Where the control side leaves the newest tables and the workers find them.
///
/// A worker looks at one number per batch; only when it has changed does it take the lock, for as long as it takes to copy
/// a reference. Old tables are freed by whoever lets go of them last.
final class TablesCell: Sendable {
    private let tables = Mutex(ForwardingTables())
    private let generation = Atomic<UInt64>(0)

    /// Replaces the tables.
    func publish(_ new: ForwardingTables) {
        let old = tables.withLock { current -> ForwardingTables in
            let old = current
            current = new
            return old
        }
        generation.wrappingAdd(1, ordering: .releasing)
        _ = consume old  // freed here, outside the lock, unless a worker still reads it
    }

    /// The number of the newest tables.
    var newest: UInt64 { generation.load(ordering: .acquiring) }

    /// The newest tables.
    func current() -> ForwardingTables { tables.withLock { $0 } }
}
