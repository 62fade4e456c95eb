import WeftAPI
import WeftLinux
import WeftTypes

/// Judges what was found on a host: one finding per check, in the order of their codes.
struct HostChecks {
    let survey: HostSurvey
    /// The agent of this host, if it answered.
    let status: StatusReport?

    /// The text for what was not tried.
    private static let untried = "not tried: it takes root"

    func findings() -> [Finding] {
        [
            kernel, tun, privileges, devices, tapOffloads, udpOffloads, udpPort, bridgeFilter, firewall, reversePathFilter,
            underlayAddress, directPorts,
        ].compactMap { $0 }
    }

    private var kernel: Finding {
        let features = [
            survey.tun == .granted ? "TAP" : nil, survey.tapOffloads == nil ? nil : "vnet headers",
            (survey.udpSegmentCount ?? 0) > 0 ? "UDP GSO" : nil, survey.hasUDPGRO == true ? "UDP GRO" : nil,
        ].compactMap { $0 }
        return Finding(
            .kernel, .ok, "kernel \(survey.kernelRelease)" + (features.isEmpty ? "" : ": ") + features.joined(separator: ", "))
    }

    private var tun: Finding {
        switch survey.tun {
        case .granted: Finding(.tun, .ok, "/dev/net/tun can be opened")
        case .missing:
            Finding(
                .tun, .fail, "/dev/net/tun is missing: no TAP can be made",
                fix: "modprobe tun; in a container, pass the device in (--device /dev/net/tun)")
        case .refused(let number):
            Finding(
                .tun, survey.canAdministerNetwork ? .fail : .warn, "/dev/net/tun: \(LinuxError.text(of: number))",
                fix: "run as root; in a container, allow the device")
        }
    }

    private var privileges: Finding {
        switch (survey.canAdministerNetwork, survey.canEnterNamespaces) {
        case (true, true): return Finding(.privileges, .ok, "CAP_NET_ADMIN and CAP_SYS_ADMIN")
        case (true, false):
            return Finding(
                .privileges, .warn, "no CAP_SYS_ADMIN: ports of kind veth and the lab need it",
                fix: "run as root, or leave those out")
        case (false, _):
            // Whoever may only look is not ill: the agent has its own privileges.
            return Finding(
                .privileges, status == nil ? .fail : .warn, "no CAP_NET_ADMIN: an agent cannot run as this user",
                fix: "sudo weft doctor runs all checks")
        }
    }

    private var devices: Finding {
        guard !survey.deviceKinds.isEmpty else { return Finding(.devices, .ok, "kinds of device " + Self.untried) }
        let missing = survey.deviceKinds.filter { !$0.value }.keys.sorted()
        let needed = missing.filter { $0 != "vlan" }
        if !needed.isEmpty {
            return Finding(
                .devices, .fail, "this kernel makes no \(needed.joined(separator: " and no "))",
                fix: "modprobe \(needed.joined(separator: " ")), or use a kernel that has it")
        }
        if !missing.isEmpty {
            return Finding(
                .devices, .warn, "this kernel has no 802.1Q (VLAN_8021Q): trunks only with attach: direct",
                fix: "modprobe 8021q, or use a kernel that has it")
        }
        return Finding(.devices, .ok, "bridge, veth and 802.1Q devices can be made")
    }

    private var tapOffloads: Finding {
        guard let offloads = survey.tapOffloads else { return Finding(.tapOffloads, .ok, "TAP offloads " + Self.untried) }
        let isRich = offloads.isSuperset(of: [.checksum, .tcp4, .tcp6])
        return Finding(
            .tapOffloads, isRich ? .ok : .warn, "TAP offloads: \(offloads)",
            fix: isRich ? nil : "a newer kernel moves TCP several times faster")
    }

    private var udpOffloads: Finding {
        guard let segments = survey.udpSegmentCount, let hasGRO = survey.hasUDPGRO else {
            return Finding(.udpOffloads, .ok, "UDP offloads " + Self.untried)
        }
        let parts = [segments > 0 ? "UDP_SEGMENT up to \(segments)" : "no UDP_SEGMENT", hasGRO ? "UDP_GRO" : "no UDP_GRO"]
        let isRich = segments > 0 && hasGRO
        return Finding(
            .udpOffloads, isRich ? .ok : .warn, "UDP offloads: " + parts.joined(separator: ", "),
            fix: isRich ? nil : "a newer kernel moves TCP several times faster")
    }

    private var udpPort: Finding {
        let name = "udp/\(survey.udpPort)"
        switch survey.udpPortHolder {
        case .nobody:
            return status == nil
                ? Finding(.udpPort, .ok, "\(name) is free")
                : Finding(.udpPort, .warn, "\(name) is not open, though the agent runs", fix: "see the agent's log")
        case .process(let id, let process):
            if id == status?.processID { return Finding(.udpPort, .ok, "\(name) is the agent's") }
            return Finding(
                .udpPort, .fail, "\(name) is taken by \(process) (process \(id))",
                fix: "stop it, or give this host another port: hosts.NAME.port")
        case .unknown:
            if status != nil, !survey.canAdministerNetwork {
                return Finding(.udpPort, .ok, "\(name) is in use, surely by the agent")
            }
            return Finding(
                .udpPort, .fail, "\(name) is taken, probably by a VXLAN device of the kernel",
                fix: "see ip -d link show type vxlan, or give this host another port: hosts.NAME.port")
        }
    }

    private var bridgeFilter: Finding {
        guard let calls = survey.bridgeCallsIPTables else { return Finding(.bridgeFilter, .ok, "br_netfilter is not loaded") }
        guard calls else { return Finding(.bridgeFilter, .ok, "br_netfilter leaves bridged frames alone") }
        let fix = "sysctl net.bridge.bridge-nf-call-iptables=0, or accept what is bridged in FORWARD"
        guard let firewall = survey.firewall else {
            guard survey.canAdministerNetwork else {
                return Finding(.bridgeFilter, .ok, "br_netfilter is on; its rules were " + Self.untried)
            }
            return Finding(
                .bridgeFilter, .warn, "br_netfilter hands bridged frames to iptables; its rules could not be read", fix: fix)
        }
        guard let chain = firewall.dropping(hook: "forward").first else {
            return Finding(.bridgeFilter, .ok, "br_netfilter is on, and no FORWARD chain drops")
        }
        return Finding(
            .bridgeFilter, .fail, "br_netfilter hands bridged frames to '\(chain.text)', which drops (Docker sets it so)",
            fix: fix)
    }

    private var firewall: Finding {
        guard let firewall = survey.firewall else {
            return Finding(.firewall, .ok, "firewall rules were not read: no nft, or no root")
        }
        guard let chain = firewall.blocking(udpPort: survey.udpPort).first else {
            return Finding(.firewall, .ok, "no firewall rule stands before udp/\(survey.udpPort)")
        }
        return Finding(
            .firewall, .warn, "'\(chain.text)' drops by default and accepts no udp/\(survey.udpPort)",
            fix: "allow udp/\(survey.udpPort) from the other hosts")
    }

    private var reversePathFilter: Finding? {
        let strict = survey.reversePathFilters.filter { $0.value == 1 }.keys.sorted()
        guard let first = strict.first else {
            return survey.reversePathFilters.isEmpty
                ? nil : Finding(.reversePathFilter, .ok, "rp_filter on the underlay is off or loose")
        }
        return Finding(
            .reversePathFilter, .warn,
            "rp_filter on \(strict.joined(separator: ", ")) is strict: a peer behind another route is not heard",
            fix: "sysctl net.ipv4.conf.\(first).rp_filter=2")
    }

    private var directPorts: Finding {
        switch survey.canDeafen {
        case _ where survey.canAdministerNetwork && !survey.canOpenPacketSockets:
            Finding(
                .directPorts, .warn, "no CAP_NET_RAW: ports with 'attach: direct' can't be read",
                fix: "run as root, or leave those out")
        case nil: Finding(.directPorts, .ok, "a filter for direct ports: " + Self.untried)
        case true?: Finding(.directPorts, .ok, "direct ports: a filter keeps the host from hearing them")
        case false?:
            Finding(
                .directPorts, .warn, "this kernel has no clsact qdisc or no bpf filter: no 'attach: direct'",
                fix: "modprobe sch_ingress cls_bpf, or use a kernel that has them")
        }
    }

    private var underlayAddress: Finding? {
        guard let status, !status.underlay.isEmpty else { return nil }
        guard let missing = survey.missingUnderlay.first else {
            return Finding(.underlayAddress, .ok, "underlay \(status.underlay.map(\.description).joined(separator: ", "))")
        }
        return Finding(
            .underlayAddress, .fail, "no interface has the underlay address \(missing)",
            fix: "ip address add \(missing)/LENGTH dev INTERFACE, or mend hosts.\(status.host).underlay")
    }
}
