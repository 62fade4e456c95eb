/// The times and bounds of ``Endpoints``.
public struct EndpointsConfiguration: Hashable, Sendable {
    // MARK: Moves

    /// So many moves within ``moveWindow`` make a duplicate (RFC 7432 §15.1, N); the same holds for IP addresses.
    public var duplicateMoveCount = 5
    /// RFC 7432 §15.1, M.
    public var moveWindow: Duration = .seconds(180)
    /// How long frames that were under way to the former place are forwarded to the new one.
    public var lateForwarding: Duration = .seconds(2)
    /// How late a notification of the bridge may be read: one that is read sooner after a station's record came says nothing new.
    public var bridgeLag: Duration = .milliseconds(10)

    // MARK: Silent guests

    /// How long a guest that came may be silent before it is announced.
    public var announceDelay: Duration = .milliseconds(200)
    /// How often it is announced until it speaks; the pauses between are 1 s, 2 s and so on.
    public var announceCount = 3

    // MARK: Bounds

    /// How long a station lives that only frames have shown, without another frame.
    public var frameAgeing: Duration = .seconds(300)
    /// How often is looked for what has had its time.
    public var sweepPeriod: Duration = .seconds(10)
    /// The most learnt stations behind a port; more are refused and counted.
    public var maximumLearntPerPort = 1024
    /// New stations behind a port beyond ``maximumLearntPerPort`` at once are learnt one in this time.
    public var learningInterval: Duration = .milliseconds(500)
    /// The most stations of this host, declared ones besides.
    public var maximumLocalStations = 32768
    /// The most stations of other hosts, and again as many behind plain VTEPs.
    public var maximumRemoteStations = 131_072
    /// The most IP addresses of a station with those snooped; declared ones always have room.
    public var maximumAddresses = 8
    /// The most IP addresses known of all hosts.
    public var maximumBindings = 262_144
    /// So many times a station's record is published at once…
    public var publicationBurst = 8
    /// …and then once in this time. Withdrawals don't wait.
    public var publicationInterval: Duration = .seconds(1)

    /// The configuration an agent has unless told otherwise.
    public init() {}
}
