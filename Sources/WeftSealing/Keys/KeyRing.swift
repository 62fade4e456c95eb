import WeftTypes

/// The keys of a fabric: the primary seals, any opens.
///
/// A key is changed on a live fabric in three steps, each done on every host before the next: add, use, remove.
public struct KeyRing: Hashable, Sendable {
    /// The keys, as they stand in the file; 1 to ``maximumCount``.
    public private(set) var keys: [RingKey]
    /// The fingerprint of the key that seals.
    public private(set) var primaryID: KeyID

    /// How many keys a ring can have.
    public static var maximumCount: Int { 8 }

    /// A change that a ring can't have.
    public enum Problem: Error, Hashable, Sendable {
        /// The ring has a key with that fingerprint.
        case present(KeyID)
        /// It has ``KeyRing/maximumCount`` keys.
        case full
        /// It has no such key.
        case absent(KeyID)
        /// The key seals; another must first.
        case primary(KeyID)
    }

    /// A ring with one key.
    public init(_ key: RingKey) { (keys, primaryID) = ([key], key.id) }

    /// The key that seals.
    public var primary: RingKey {
        guard let key = self[primaryID] else { preconditionFailure("the ring has no key \(primaryID)") }
        return key
    }

    /// The key with that fingerprint.
    public subscript(id: KeyID) -> RingKey? { keys.first { $0.id == id } }

    /// Adds a key that opens and does not seal.
    public mutating func add(_ key: RingKey) throws(Problem) {
        guard self[key.id] == nil else { throw .present(key.id) }
        guard keys.count < Self.maximumCount else { throw .full }
        keys.append(key)
    }

    /// Seals with this key from now on.
    public mutating func use(_ id: KeyID) throws(Problem) {
        guard self[id] != nil else { throw .absent(id) }
        primaryID = id
    }

    /// Removes a key that does not seal.
    public mutating func remove(_ id: KeyID) throws(Problem) {
        guard self[id] != nil else { throw .absent(id) }
        guard id != primaryID else { throw .primary(id) }
        keys.removeAll { $0.id == id }
    }

    public static func == (left: KeyRing, right: KeyRing) -> Bool {
        left.primaryID == right.primaryID && left.keys == right.keys
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(primaryID)
        hasher.combine(keys.map(\.id))
    }
}

extension KeyRing.Problem: CustomStringConvertible {
    /// The cause, to follow "cannot change the key ring …".
    public var description: String {
        switch self {
        case .present(let id): "it has key \(id) already"
        case .full: "it has \(KeyRing.maximumCount) keys, the most there can be"
        case .absent(let id): "it has no key \(id)"
        case .primary(let id): "key \(id) is the one that seals"
        }
    }

    /// What to do about it.
    public var remedy: String {
        switch self {
        case .present: "nothing is to be done"
        case .full: "remove one that no host uses any more: weft key remove ID"
        case .absent: "weft key show lists those it has"
        case .primary: "let another key seal first, on every host: weft key use ID"
        }
    }
}
