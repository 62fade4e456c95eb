import Glibc
import Testing
import WeftControl
import WeftLinux
import WeftTopology
import WeftTypes

@testable import WeftAgent

/// H6 at random: whatever is done to the objects of a host, and in whatever order, one pass puts it right.
@Suite(.needsPrivileges, .serialized) struct MutationTests {
    /// As many mutations as `WEFT_TESTS_MUTATIONS` says; a long run is 10,000.
    private static let count = unsafe getenv("WEFT_TESTS_MUTATIONS").flatMap { unsafe Int(String(cString: $0)) } ?? 150

    @Test(arguments: [[], ["vm1", "vm2", "web"] as Set<String>])
    func everyMutationIsUndone(direct: Set<String>) async throws {
        let host = try TestHost(direct: direct)
        let foreign = try host.sandbox.foreignDevices()
        let reconciler = try host.reconciler()
        let (wish, state) = (try host.wish(), try host.state())
        #expect(await reconciler.apply(wish).isReady)
        let driver = try host.driver()
        var random = SeededRandom(seed: direct.isEmpty ? 1 : 2)
        var (done, repaired) = (0, 0)
        while done < Self.count / 2 {
            var told: [String] = []
            var victims: Set<String> = []
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let mutation = Mutation.random(on: state.devices.map(\.name), &random)
                // Alias and group of one device: then nothing says any more that it is ours, and it is in the way for good.
                guard victims.insert(mutation.victim).inserted else { continue }
                done += 1
                for command in mutation.commands {
                    guard (try? host.sandbox.ip(command, in: mutation.isInGuest ? "web" : "h")) != nil else { break }
                    told.append(command)
                }
            }
            let report = await reconciler.apply(wish)
            if report.changeCount > 0 { repaired += 1 }
            let observed = try await driver.observe(guestNamespaces: state.guestNamespaces)
            // The queues are the reconciler's own, so another driver sees none of them.
            let left = plan(desired: state, observed: observed).steps.filter(\.action.changesHost)
            #expect(report.isReady && left.isEmpty, "after \(told): \(report.objects) \(left)")
            guard report.isReady, left.isEmpty else { return }
        }
        #expect(repaired > done / 8, "most of what was done was something")
        let after = try host.sandbox.foreignDevices()
        #expect(after == foreign)
        print("\(done) mutations of a host's objects undone\(direct.isEmpty ? "" : ", direct ports"), in \(repaired) passes")
    }
}

/// One thing that somebody does to a device of ours with `ip`.
private struct Mutation {
    let victim: String
    let commands: [String]
    var isInGuest = false

    static func random(on devices: [String], _ random: inout SeededRandom) -> Mutation {
        let device = devices.randomElement(using: &random) ?? "wfb-blue"
        let number = Int.random(in: 1...200, using: &random)
        let guest = [
            ["link set eth0 down"], ["link set eth0 mtu 1300"], ["address flush dev eth0"], ["link delete eth0"],
            ["link set eth0 address 02:00:00:00:01:\(hex(number))"], ["link set eth0 down", "link set eth0 name net\(number)"],
        ]
        let host = [
            ["link delete \(device)"], ["link set \(device) down"], ["link set \(device) up"],
            ["link set \(device) mtu \(1280 + number)"], ["link set \(device) address 02:00:00:00:00:\(hex(number))"],
            ["link set \(device) nomaster"], ["link set \(device) master br0"], ["link set \(device) master wfb-blue"],
            ["link set \(device) down", "link set \(device) name wft-x\(number)"],
            ["link set \(device) addrgenmode eui64"], ["address add 10.9.0.\(number)/24 dev \(device)"],
            ["address add 2001:db8:9::\(number)/64 dev \(device)"],
            ["link set \(device) type bridge_slave learning off flood off isolated on hairpin on"],
            ["link set \(device) type bridge stp_state 1 mcast_snooping 1 ageing_time 100"],
            ["link set \(device) type bridge vlan_filtering 1"],
        ]
        // A device whose name the file gives is known by its mark alone: without that it is somebody else's, and stays.
        let marks = device.hasPrefix("wf") ? [["link set \(device) alias mine"], ["link set \(device) group 0"]] : []
        if Int.random(in: 0..<5, using: &random) == 0 {
            return Mutation(victim: "wfv-web", commands: guest.randomElement(using: &random) ?? [], isInGuest: true)
        }
        return Mutation(victim: device, commands: (host + marks).randomElement(using: &random) ?? [])
    }

    private static func hex(_ number: Int) -> String {
        let text = String(number, radix: 16)
        return text.count < 2 ? "0" + text : text
    }
}
