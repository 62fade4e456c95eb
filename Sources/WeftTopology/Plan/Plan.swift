import WeftTypes

/// What must be done to make a host what it should be, and what stands in the way.
public struct Plan: Hashable, Sendable {
    /// The steps in the order they are applied. After any number of them a new plan leads to the same end.
    public var steps: [PlanStep]
    /// What can't be done now, sorted by object. Everything else is planned regardless.
    public var problems: [PlanProblem]

    /// A plan of `steps`.
    public init(steps: [PlanStep] = [], problems: [PlanProblem] = []) {
        self.steps = steps
        self.problems = problems
    }

    /// Whether nothing is left to do. There may still be problems.
    public var isEmpty: Bool { steps.isEmpty }
    /// Whether a step changes a kernel object; opening the queues of a TAP that exists does not.
    public var changesHost: Bool { steps.contains { $0.action.changesHost } }
}

/// One step of a plan: a single change of a single device, so that stopping between two leaves nothing half-made that the
/// next plan would not recognise.
public struct PlanStep: Hashable, Sendable, CustomStringConvertible {
    /// What is done.
    public let action: Action
    /// For what.
    public let object: HostObject
    /// Why, in words.
    public let reason: String
    /// What somebody notices of it.
    public let impact: Impact

    /// Describes a step.
    public init(_ action: Action, for object: HostObject, reason: String, impact: Impact = .none) {
        self.action = action
        self.object = object
        self.reason = reason
        self.impact = impact
    }

    /// What a guest or its operator notices.
    public enum Impact: Hashable, Sendable, CustomStringConvertible {
        case none
        /// The object's guests lose their link, for good or until it is made again.
        case losesLink
        /// Guests must be told the new MTU.
        case newMTU

        public var description: String {
            switch self {
            case .none: "none"
            case .losesLink: "loses its link"
            case .newMTU: "guests need the new MTU"
            }
        }
    }

    public var description: String { "\(object): \(action) (\(reason))" }
}

extension PlanStep {
    /// What a step does; each names its device.
    public enum Action: Hashable, Sendable {
        /// Makes the bridge, in our group and with ``BridgeOptions/ours``. It has no alias yet and is down.
        case createBridge(String, mac: MACAddress)
        /// Opens a TAP that does not exist. It goes away with its descriptors until `.makePersistent`.
        case createTap(String, HostDevice.Tap)
        /// Makes the pair in our group, the guest's end in its namespace with its name, MAC and MTU. It is down.
        case createVeth(String, mac: MACAddress, guest: GuestEnd)
        /// Makes a VLAN device on a device that is there, in our group. It is down.
        case createVLAN(String, mac: MACAddress, VLANDevice)
        /// Opens queues of a TAP that exists until the agent holds `count`.
        case holdQueues(String, count: Int)
        /// Gives a device of others an alternative name that says that it is in a bridge of ours, and has it join that.
        case enslave(String, to: String, noting: String)
        /// Has it leave the bridge if it is still in there, and takes that name from it.
        case release(String, noted: String, isTakenOut: Bool)
        /// Brings up a device of others, and gives it an alternative name that says so.
        case bringUp(String, noting: String)
        /// Takes that name from it, and lets it down unless another port has it too.
        case giveBack(String, noted: String, isLetDown: Bool)
        case rename(String, to: String)
        case delete(String)
        case configure(String, LinkSetting)
        /// Changes the other end of the veth pair `host`.
        case configureGuest(host: String, namespace: String, device: String, GuestSetting)

        /// Whether it changes a kernel object.
        public var changesHost: Bool {
            if case .holdQueues = self { false } else { true }
        }

        /// The device of the host that it is about.
        public var device: String {
            switch self {
            case .createVLAN(let name, _, _), .createBridge(let name, _), .createTap(let name, _), .createVeth(let name, _, _),
                .holdQueues(let name, _),
                .bringUp(let name, _), .enslave(let name, _, _), .release(let name, _, _), .giveBack(let name, _, _),
                .rename(let name, _), .delete(let name),
                .configure(let name, _), .configureGuest(let name, _, _, _):
                name
            }
        }
    }

    /// One thing the agent sets on a device of the host.
    public enum LinkSetting: Hashable, Sendable {
        /// Our group and this alias.
        case mark(alias: String)
        case mac(MACAddress)
        /// The most the device permits.
        case mtu(Int)
        /// The bridge it joins, nil to leave any.
        case master(String?)
        case bridge(BridgeOptions)
        /// Whether what it receives is dropped before the host's stack: clsact, and an ingress filter that drops all.
        case isDeaf(Bool)
        /// Which frames of a trunk pass, nil for all: clsact, and an ingress filter.
        case vlanFilter(VLANFilter?)
        /// As a port of its bridge it learns and floods, and neither isolates, locks nor turns frames around.
        case plainPort
        /// IPv4 `rp_filter=1`, `arp_ignore=8`, `forwarding=0`.
        case quietIPv4
        /// `addrgenmode none`, IPv6 `disable_ipv6=1`, `accept_ra=0`.
        case quietIPv6
        case removeAddress(IPPrefix)
        /// The user who may open the TAP, 0 for root alone.
        case owner(UInt32)
        case isUp(Bool)
        /// The TAP outlives its descriptors from here on.
        case makePersistent
    }

    /// One thing the agent sets on a guest's end.
    public enum GuestSetting: Hashable, Sendable {
        case name(String)
        case mac(MACAddress)
        case mtu(Int)
        case addAddress(IPPrefix)
        case removeAddress(IPPrefix)
        case isUp(Bool)
    }
}

/// Why an object can't be made as the topology wants it, though the file is valid.
public struct PlanProblem: Error, Hashable, CustomStringConvertible {
    /// What can't be made.
    public let object: HostObject
    /// The device it should have had.
    public let device: String
    /// Why.
    public let cause: Cause

    /// Describes a problem.
    public init(_ object: HostObject, device: String, cause: Cause) {
        self.object = object
        self.device = device
        self.cause = cause
    }

    /// What stands in the way.
    public enum Cause: Hashable, Sendable {
        /// Something without this fabric's mark has the device's name; in words, what.
        case nameTaken(by: String)
        /// The guest's namespace has another device of that name.
        case guestNameTaken(namespace: String, device: String)
        /// There is no such network namespace (yet).
        case namespaceMissing(String)
        /// The network namespace exists but can't be looked into; why.
        case namespaceUnreadable(String, cause: String)
        /// The topology does not say which network namespace.
        case namespaceUnnamed
        /// The bridge it joins can't be made.
        case bridgeMissing(String)
        /// There is no such user on this host.
        case ownerUnknown(String)
        /// The device that the port stands for is not there (yet).
        case deviceMissing(String)
        /// The port is to stand for a device that Weft has made itself.
        case deviceIsWefts(String)
        /// The device that the port stands for is in a bridge, or something like it, that is not ours.
        case deviceInUse(String, master: String)
        /// The device that is to join a bridge has an address of the host's own.
        case deviceHasAddress(String, IPPrefix)
        /// The VLANs of the trunk have too many gaps for a filter; how many ranges there are.
        case tooManyRanges(Int)
        /// The device that is to have VLAN devices is not there.
        case parentMissing(String)
        /// The port is to join something that is no bridge; what it is.
        case notABridge(String, kind: String)
    }

    /// Whether it passes by itself when the missing thing appears, without anyone changing the topology or the host's
    /// other devices.
    public var isWaiting: Bool {
        switch cause {
        case .namespaceMissing, .bridgeMissing, .deviceMissing, .parentMissing: true
        case .nameTaken, .guestNameTaken, .ownerUnknown, .namespaceUnreadable, .namespaceUnnamed, .deviceIsWefts, .notABridge,
            .deviceInUse, .deviceHasAddress, .tooManyRanges:
            false
        }
    }

    /// What is wrong and what to do, without the object.
    public var explanation: String {
        switch cause {
        case .nameTaken(let other):
            "the name \(device) is taken by \(other); rename or remove that device" + alternative
        case .guestNameTaken(let namespace, let name):
            "namespace \(namespace) has another device called \(name); rename or remove that device"
        case .namespaceMissing(let namespace):
            "network namespace \(namespace) does not exist; it is waited for: create it with 'ip netns add \(namespace)'"
        case .namespaceUnreadable(let namespace, let cause): "network namespace \(namespace) can't be looked into: \(cause)"
        case .namespaceUnnamed: "the port has no 'netns'; say which network namespace gets the guest's end"
        case .bridgeMissing(let bridge): "its bridge \(bridge) is not there"
        case .deviceMissing(let name): "device \(name) is not there; it is waited for: create it, or correct 'device'"
        case .deviceIsWefts(let name): "device \(name) is one that Weft makes itself; name a device of the host's own"
        case .deviceInUse(let name, let master):
            "device \(name) is in \(master), which is not Weft's; take it out (ip link set \(name) nomaster), or name another"
        case .deviceHasAddress(let name, let prefix):
            "device \(name) has the address \(prefix), which nobody could reach once it is in a bridge; remove the address, or use attach: direct"
        case .tooManyRanges(let count):
            "its VLANs are \(count) ranges with gaps between, and a filter takes \(VLANFilter.rangeLimit); fill gaps, or use attach: direct"
        case .parentMissing(let name): "its device \(name) is not there"
        case .notABridge(let name, let kind): "\(name) is a \(kind) device and no bridge; name a bridge, or use kind: nic"
        case .ownerUnknown(let user): "there is no user \(user) on this host; create it or change 'owner'"
        }
    }

    /// Only a port's device can be given another name.
    private var alternative: String {
        if case .port = object { ", or give the port another 'device'" } else { "" }
    }

    public var description: String { "cannot make \(object) on \(device): \(explanation)" }
}
