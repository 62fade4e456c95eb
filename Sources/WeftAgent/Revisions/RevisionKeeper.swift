import WeftAPI
import WeftControl
import WeftTopology
import WeftTypes

/// What the agent keeps of the fabric's revisions.
struct RevisionKeeper {
    let store: RevisionStore
    /// nil until the agent has started.
    var commit: RevisionCommit?
    var shelf = PlanShelf()
    /// Requests that wait for what comes of a proposal.
    var waiting: [UInt64: CheckedContinuation<RevisionCommit.Outcome, Never>] = [:]
    /// Counts the moments that were asked to be woken at; only the last counts.
    var wakeCount = 0
    /// Contents that are being fetched.
    var fetching: [RevisionID: RevisionStamp] = [:]
    /// Why the state can't be kept on disk; what depends on it is not told to anybody then.
    var failure: String?

    init(folder: String) { store = RevisionStore(folder: folder) }

    /// What is on disk as far as the agent knows.
    var saved: SavedRevisions { commit?.saved ?? SavedRevisions() }
}
