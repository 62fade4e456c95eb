import Testing
import WeftTopology
import WeftTypes

/// Bridges with a wire on them drop tagged frames, where the kernel can do that.
@Suite struct WireBridgeTests {
    /// alpha with a NIC in blue, by itself, as a trunk's native segment or as one of its VLANs.
    private func state(tags: Segment.Tags = .drop, _ attachment: (TopologyName) throws -> Port.Attachment) throws -> HostState {
        let (fabric, alpha, blue) = (name("first"), name("alpha"), name("blue"))
        let host = Host(name: alpha, underlay: .addresses([try ip("192.0.2.11")]))
        let segment = Segment(name: blue, vni: try #require(VNI(100)), tags: tags)
        let ports = [
            Port(
                name: name("uplink"), fabric: fabric, host: alpha, attachment: try attachment(blue), kind: .nic,
                device: DeviceName("eno2")),
            Port(name: name("vm1"), fabric: fabric, host: alpha, attachment: .access(blue)),
        ]
        return HostState(topology: Topology(name: fabric, hosts: [host], segments: [segment], ports: ports), host: host)
    }

    private func trunk(native: Bool) throws -> (TopologyName) throws -> Port.Attachment {
        let vlan = try #require(VLANID(10))
        return { .trunk(Trunk([.init(vlan: vlan, segment: $0)], native: native ? $0 : nil)) }
    }

    @Test func aBridgeWithAWireFilters() throws {
        let cases: [(HostState, Bool)] = [
            (try state { .access($0) }, true), (try state(trunk(native: true)), true), (try state(trunk(native: false)), false),
            (try state(tags: .carry) { .access($0) }, false),
        ]
        for (state, isFiltered) in cases {
            #expect(state.devices.filter(\.filtersVLANs).map(\.name) == (isFiltered ? ["wfb-blue"] : []))
        }
    }

    @Test func itIsSetOnceAndNotWhereTheKernelCannot() throws {
        let state = try state { .access($0) }
        var host = ObservedHost(links: [ObservedLink(name: "eno2", kind: .other(""), mac: MACAddress(rawValue: 9))])
        for step in plan(desired: state, observed: host).steps { host.apply(step.action) }
        #expect(plan(desired: state, observed: host).isEmpty)
        guard case .bridge(var options)? = host.links["wfb-blue"]?.kind else { throw Missing() }
        #expect(options.isFilteringVLANs == true)

        options.isFilteringVLANs = false
        host.links["wfb-blue"]?.kind = .bridge(options)
        let steps = plan(desired: state, observed: host).steps
        #expect(steps.map(\.action.device) == ["wfb-blue"] && steps.map(\.reason) == ["tagged frames of a wire would be heard"])
        options.isFilteringVLANs = nil
        host.links["wfb-blue"]?.kind = .bridge(options)
        #expect(plan(desired: state, observed: host).isEmpty)
    }

    private struct Missing: Error {}
}
