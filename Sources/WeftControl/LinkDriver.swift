import WeftTopology

/// The host as the reconciler sees it: netlink and TUN in production, a dictionary in tests.
public protocol LinkDriver: Sendable {
    /// Why it could not be done, in words that name the object and the remedy.
    associatedtype Failure: Error, CustomStringConvertible

    /// Reads what the host has, and the guests' ends in those of `guestNamespaces` that exist. Writes nothing.
    func observe(guestNamespaces: [String]) async throws(Failure) -> ObservedHost

    /// Does one thing. What is the case already is not an error.
    func apply(_ action: PlanStep.Action) async throws(Failure)
}
