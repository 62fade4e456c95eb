/// What ``Endpoints`` did and refused, by reason.
public struct EndpointCounters: Hashable, Sendable {
    /// Stations that moved here or away.
    public var moves: UInt64 = 0
    public var publications: UInt64 = 0
    public var withdrawals: UInt64 = 0
    /// Publications that had to wait because the record changed too often.
    public var delayedPublications: UInt64 = 0
    /// Sightings that were older than the record that places the station elsewhere.
    public var staleSightings: UInt64 = 0
    /// Sightings of what is no station's address, multicast or zero.
    public var invalidSightings: UInt64 = 0
    /// Sightings of a station that is sticky elsewhere, or at another port here.
    public var refusedSticky: UInt64 = 0
    /// Sightings of a duplicate that belongs to another.
    public var refusedDuplicate: UInt64 = 0
    /// New stations beyond what a port may have.
    public var refusedByPort: UInt64 = 0
    /// New stations of a port that invents them too fast.
    public var refusedByRate: UInt64 = 0
    /// Local or remote stations, or bindings, beyond what is kept at all.
    public var refusedByTable: UInt64 = 0
    /// IP addresses snooped that are not the station's by declaration, or not a station's at all.
    public var refusedAddresses: UInt64 = 0
    /// Records that could not be read.
    public var malformedRecords: UInt64 = 0
}
