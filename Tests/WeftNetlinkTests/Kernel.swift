import Foundation
import Glibc
import Synchronization
import Testing
import WeftLinux
import WeftNetlink
import WeftTypes

/// A fresh network namespace with a socket in it; removed with the value, whatever happens.
final class Kernel: Sendable {
    private static let count = Atomic<Int>(0)
    let name: String
    let namespace: NetworkNamespace
    let netlink: RouteNetlink

    init() throws {
        name = "wft\(getpid())k\(Self.count.wrappingAdd(1, ordering: .relaxed).newValue)"
        namespace = try NetworkNamespace.create(name)
        do {
            netlink = try namespace.run { try RouteNetlink.open() }
        } catch {
            try? NetworkNamespace.delete(name)
            throw error
        }
    }

    deinit { try? NetworkNamespace.delete(name) }

    /// What `ip -d -j` prints for the words, inside.
    func ip(_ arguments: String) throws -> [[String: Any]] { try objects("ip", "-n \(name) -d -j \(arguments)") }

    /// What `bridge -d -j` prints for the words, inside.
    func bridge(_ arguments: String) throws -> [[String: Any]] { try objects("bridge", "-n \(name) -d -j \(arguments)") }

    /// What `tc -d -j` prints for the words, inside; an `@` stands for a space within a word.
    func tc(_ arguments: String) throws -> [[String: Any]] { try objects("tc", "-n \(name) -d -j \(arguments)") }

    /// Runs `ip` inside, for its effect.
    func runIP(_ arguments: String) throws { _ = try text("ip", "-n \(name) \(arguments)") }

    private func objects(_ tool: String, _ arguments: String) throws -> [[String: Any]] {
        let text = try text(tool, arguments)
        if text.allSatisfy(\.isWhitespace) { return [] }
        let objects = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]]
        // What ip leaves out it prints as an empty object.
        return try #require(objects).filter { !$0.isEmpty }
    }

    private func text(_ tool: String, _ arguments: String) throws -> String {
        let words = arguments.split(separator: " ").map { String($0.map { $0 == "@" ? " " : $0 }) }
        let outcome = try Command(tool, words).run(timeout: .seconds(60))
        guard outcome.isSuccess else { throw ToolFailure(text: "\(tool) \(arguments): \(outcome.standardError)") }
        return outcome.standardOutput
    }

    /// A veth pair `a`–`b`, both up, without IPv6 addresses of their own.
    func makePair(_ first: String = "a", _ second: String = "b") throws -> (Int32, Int32) {
        let index = try netlink.addLink(LinkSpec(name: first, kind: .veth(peer: VethPeer(name: second))))
        let peer = try #require(try netlink.link(index: index)?.peerIndex)
        for index in [index, peer] {
            try netlink.setLink(index, LinkChange(isUp: true, addressGeneration: IPv6AddressGeneration.none))
        }
        return (index, peer)
    }
}

struct ToolFailure: Error, CustomStringConvertible {
    let text: String
    var description: String { text }
}

extension Trait where Self == ConditionTrait {
    /// Runs the test only as root, for it makes network namespaces.
    static var needsRoot: ConditionTrait {
        .enabled(if: isPrivileged, "needs root for network namespaces")
    }

    /// Runs the test only on a kernel with 802.1Q, such as Debian's in `Scripts/test-vm`.
    static var needsVLANDevices: ConditionTrait {
        .enabled(if: hasVLANDevices, "this kernel has no VLAN devices (8021q); Scripts/test-vm runs the test on one that has")
    }

    /// Runs the test only on a kernel with VLAN-aware bridges.
    static var needsVLANFiltering: ConditionTrait {
        .enabled(if: hasVLANFiltering, "this kernel's bridges know no VLANs; Scripts/test-vm runs the test on one that does")
    }
}

/// Whether namespaces can be made.
let isPrivileged = geteuid() == 0 && ProcessInfo.processInfo.environment["WEFT_TESTS_UNPRIVILEGED"] == nil

private let hasVLANDevices = probe { kernel in
    let lower = try kernel.netlink.addLink(LinkSpec(name: "lower", kind: .veth(peer: VethPeer(name: "other"))))
    let vlan = VLANAttributes(id: try vlanID(2))
    try kernel.netlink.addLink(LinkSpec(name: "vlan", kind: .vlan(vlan, on: lower)))
    return true
}

private let hasVLANFiltering = probe { kernel in
    let index = try kernel.netlink.addLink(LinkSpec(name: "bridge", kind: .bridge(BridgeAttributes(isVLANFiltering: true))))
    guard case .bridge(let attributes)? = try kernel.netlink.link(index: index)?.kind else { return false }
    return attributes.isVLANFiltering == true && attributes.defaultPVID != nil
}

private func probe(_ body: (Kernel) throws -> Bool) -> Bool {
    guard isPrivileged, let kernel = try? Kernel() else { return false }
    return (try? body(kernel)) ?? false
}

// Values from texts that are right as they stand here.
func mac(_ text: String) throws -> MACAddress { try #require(MACAddress(text)) }
func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }
func prefix(_ text: String) throws -> IPPrefix { try #require(IPPrefix(text)) }
func vlanID(_ number: UInt16) throws -> VLANID { try #require(VLANID(number)) }
func vni(_ number: UInt32) throws -> VNI { try #require(VNI(number)) }
