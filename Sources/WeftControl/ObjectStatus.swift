import WeftTopology

/// How far an object of the topology is on this host.
public enum ObjectStatus: Hashable, Sendable {
    /// As it should be, with something at the other end.
    case up
    /// As it should be, but nothing is at the other end; what is missing.
    case down(String)
    /// Something has to appear by itself first; what.
    case waiting(String)
    /// It can't be made or kept; why, and what to do.
    case error(String)

    /// The word in `weft ports`.
    public var word: String {
        switch self {
        case .up: "up"
        case .down: "down"
        case .waiting: "waiting"
        case .error: "error"
        }
    }

    /// What keeps it from being up, nil when it is.
    public var cause: String? {
        switch self {
        case .up: nil
        case .down(let cause), .waiting(let cause), .error(let cause): cause
        }
    }
}

/// The outcome of making a host what it should be.
public struct HostReport: Hashable, Sendable {
    /// Each object of the desired state, sorted.
    public let objects: [Entry]
    /// Whether the underlay addresses can be used.
    public let underlay: UnderlayState
    /// The state that was aimed at.
    public let desired: HostState
    /// The host as it was seen last.
    public let host: ObservedHost
    /// Whether nothing is left to do that can be done.
    public let isSettled: Bool
    /// Steps that changed kernel objects.
    public let changeCount: Int
    /// Why the host could not be looked at, nil when it could.
    public let failure: String?

    /// One object and how far it is.
    public struct Entry: Hashable, Sendable {
        public let object: HostObject
        /// Its device on the host.
        public let device: String
        public let status: ObjectStatus

        /// Whether it is as it should be, though perhaps nothing is at its other end.
        var isMade: Bool {
            switch status {
            case .up, .down: true
            case .waiting, .error: false
            }
        }
    }

    /// How far one object is; nil when the topology has no such object on this host.
    public func status(of object: HostObject) -> ObjectStatus? {
        objects.first { $0.object == object }?.status
    }

    /// Whether every object is made and the underlay usable; guests may still be missing.
    public var isReady: Bool {
        guard isSettled, failure == nil, case .ready = underlay else { return false }
        return objects.allSatisfy { entry in
            switch entry.status {
            case .up, .down: true
            case .waiting, .error: false
            }
        }
    }

    /// Whether something is missing that no notification announces, so that looking again is the only way.
    var needsAnotherLook: Bool {
        guard isSettled, failure == nil, case .ready = underlay else { return true }
        return objects.contains { entry in
            switch entry.status {
            case .up, .down: false
            case .waiting, .error: true
            }
        }
    }
}

extension ObservedHost {
    /// How far a device of others is that a port stands for.
    func status(of device: ForeignDevice) -> ObjectStatus {
        guard let link = links[device.name] else { return .waiting("\(device.name) is not there yet") }
        guard link.isUp else { return .down("\(device.name) is down") }
        return link.hasCarrier ? .up : .down("\(device.name) has no carrier; connect it, or bring its other end up")
    }

    /// How far a device is that nothing stands in the way of.
    func status(of device: HostDevice) -> ObjectStatus {
        guard let link = links[device.name] else { return .waiting("\(device.name) is not there yet") }
        guard device.isUp else { return .down("it is switched off; switch it on with weft port up") }
        guard link.isUp else { return .down("\(device.name) is down") }
        switch device.kind {
        case .bridge: return .up
        case .tap(let tap):
            guard !link.hasCarrier, !tap.isHeldByAgent else { return .up }
            return .down("no process has opened \(device.name); start the virtual machine on it")
        case .vlan: return link.hasCarrier ? .up : .down("\(device.name) has no carrier")
        case .veth(let guest):
            guard !link.hasCarrier else { return .up }
            return .down("\(guest.device) in namespace \(guest.namespace) is down")
        }
    }
}
