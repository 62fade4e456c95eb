import Glibc
import WeftNetlink
import WeftTopology

/// What keeps the host from hearing the guests of direct ports: a clsact qdisc, and at its ingress a filter that drops all.
/// A packet socket has seen a frame by then. Filters of others stay, and a qdisc that has any.
extension NetlinkLinkDriver {
    /// The filter on one device: asked before all others, and known by its number, the marks' group.
    private static func filter(on index: Int32) -> TrafficFilter {
        TrafficFilter(linkIndex: index, hook: .ingress, priority: 1, handle: Mark.group, program: [.drop])
    }

    /// The devices that may have filters.
    func filteredLinks() throws(LinkFailure) -> Set<Int32> {
        do throws(LinkFailure) {
            let qdiscs = try asking { () throws(NetlinkError) in try netlink.qdiscs() }
            return Set(qdiscs.filter { $0.kind == "clsact" }.map(\.linkIndex))
        } catch  where error.errno == EOPNOTSUPP {
            return []  // a kernel without traffic control
        }
    }

    /// Whether the host hears nothing of what a device receives.
    func isDeaf(_ link: Link) throws(LinkFailure) -> Bool {
        let filters = try asking { () throws(NetlinkError) in try netlink.filters(of: link.index, at: .ingress) }
        return filters.contains(Self.filter(on: link.index))
    }

    func deafen(_ link: Link) throws(LinkFailure) {
        if try !filteredLinks().contains(link.index) {
            try write { () throws(NetlinkError) in try netlink.addQdisc(.clsact(on: link.index)) }
        }
        try write { () throws(NetlinkError) in try netlink.setFilter(Self.filter(on: link.index)) }
    }

    func undeafen(_ link: Link) throws(LinkFailure) { try remove(Self.filter(on: link.index), from: link) }

    // MARK: Trunks

    /// The filter of a trunk on one device.
    private static func filter(_ filter: VLANFilter, on index: Int32) -> TrafficFilter {
        TrafficFilter(linkIndex: index, hook: .ingress, priority: 2, handle: Mark.group, program: filter.program)
    }

    /// Which frames of a trunk pass; nil for a device that has no such filter of ours, as it should be.
    func vlanFilter(of link: Link) throws(LinkFailure) -> VLANFilter? {
        let filters = try asking { () throws(NetlinkError) in try netlink.filters(of: link.index, at: .ingress) }
        return filters.lazy.compactMap { $0.program.flatMap { VLANFilter(program: $0) } }
            .first { filters.contains(Self.filter($0, on: link.index)) }
    }

    func filterVLANs(of link: Link, _ filter: VLANFilter?) throws(LinkFailure) {
        guard let filter else {
            return try remove(
                TrafficFilter(linkIndex: link.index, hook: .ingress, priority: 2, handle: Mark.group, program: []), from: link)
        }
        if try !filteredLinks().contains(link.index) {
            try write { () throws(NetlinkError) in try netlink.addQdisc(.clsact(on: link.index)) }
        }
        try write { () throws(NetlinkError) in try netlink.setFilter(Self.filter(filter, on: link.index)) }
    }

    private func remove(_ filter: TrafficFilter, from link: Link) throws(LinkFailure) {
        do throws(LinkFailure) {
            try write { () throws(NetlinkError) in try netlink.removeFilter(filter) }
        } catch  where error.errno == ENOENT || error.errno == EINVAL {
            // Somebody was faster, with the filter or with all of its qdisc.
        }
        let left = try asking { () throws(NetlinkError) in
            try netlink.filters(of: link.index, at: .ingress) + netlink.filters(of: link.index, at: .egress)
        }
        guard left.isEmpty, try filteredLinks().contains(link.index) else { return }
        try write { () throws(NetlinkError) in try netlink.removeQdisc(.clsact(on: link.index)) }
    }
}
