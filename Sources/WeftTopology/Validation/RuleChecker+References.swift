/// E2xx: what an object names has to exist, and to be something it may name.
extension RuleChecker {
    mutating func checkReferences() {
        let listed = segments.compactMapValues { $0.vteps.map { Set($0.map(\.value)) } }
        for port in draft.ports { checkReferences(of: port, plainVTEPs: listed) }
        for segment in draft.segments { checkPlainVTEPs(of: segment) }
        for (index, check) in draft.checks.enumerated() { checkReferences(of: check, label: "check \(index + 1)") }
    }

    private mutating func checkReferences(of port: PortDraft, plainVTEPs: [String: Set<String>]) {
        if let host = port.host, hosts[host.value] == nil {
            reportUnknown(.host, host)
        }
        for name in Self.segmentNames(of: port) {
            guard let segment = segments[name.value] else {
                reportUnknown(.segment, name, tenantOf: port.name.value)
                continue
            }
            if Self.tenant(of: port.name.value) != Self.tenant(of: name.value) {
                reportOtherTenant(port, name)
            } else if let listed = plainVTEPs[name.value], let host = port.host, hosts[host.value]?.kind == .vtep,
                !listed.contains(host.value)
            {
                problems.report(
                    .vtepLeftOut, at: host.span,
                    "\(port.label): its host '\(host.value)' is a plain VTEP that segment '\(name.value)' leaves out",
                    help: "add '\(host.value)' to 'vteps' of the segment at \(problems.place(segment.name.span))")
            }
        }
    }

    private mutating func checkPlainVTEPs(of segment: SegmentDraft) {
        for name in segment.vteps ?? [] {
            guard let host = hosts[name.value] else {
                reportUnknown(.plainVTEP, name)
                continue
            }
            guard host.kind != .vtep else { continue }
            problems.report(
                .notPlainVTEP, at: name.span, "\(segment.label): host '\(name.value)' runs an agent, it is no plain VTEP",
                help: "hosts with an agent join a segment by their ports; 'vteps' lists hosts of kind vtep")
        }
    }

    private mutating func checkReferences(of check: CheckDraft, label: String) {
        for end in [check.from, check.to] {
            if let end, ports[end.value] == nil { reportUnknown(.port, end) }
        }
        // Traffic between tenants can only be expected not to arrive.
        guard check.expectation == .allow, let from = check.from, let to = check.to, ports[from.value] != nil,
            ports[to.value] != nil, Self.tenant(of: from.value) != Self.tenant(of: to.value)
        else { return }
        problems.report(
            .otherTenant, at: to.span, "\(label): '\(from.value)' and '\(to.value)' are of different tenants",
            help: "tenants don't reach each other; expect: deny can be checked")
    }

    private mutating func reportOtherTenant(_ port: PortDraft, _ segment: Located<String>) {
        let owner = { (name: String) in Self.tenant(of: name).map { "tenant '\($0)'" } ?? "no tenant" }
        let local = segment.value.split(separator: "/").last.map(String.init) ?? segment.value
        let scoped = Self.tenant(of: port.name.value).map { "\($0)/\(local)" } ?? local
        let help = segments[scoped].map {
            "did you mean '\(scoped)'? It is defined at \(problems.place($0.name.span))"
        }
        if help != nil { probablyMeant.insert(scoped) }
        problems.report(
            .otherTenant, at: segment.span,
            "\(port.label) of \(owner(port.name.value)) can't use segment '\(segment.value)' of \(owner(segment.value))",
            help: help ?? "a port and its segment have the same tenant in front of their names, or none")
    }

    /// What a reference can be to.
    private enum Referent {
        case host, plainVTEP, segment, port

        var word: String {
            switch self {
            case .host: "host"
            case .plainVTEP: "plain VTEP"
            case .segment: "segment"
            case .port: "port"
            }
        }

        var section: Draft.Section {
            switch self {
            case .host, .plainVTEP: .hosts
            case .segment: .segments
            case .port: .ports
            }
        }

        var code: DiagnosticCode {
            switch self {
            case .host, .plainVTEP: .unknownHost
            case .segment: .unknownSegment
            case .port: .unknownPort
            }
        }

        func names(in draft: Draft) -> [Located<String>] {
            switch self {
            case .host: draft.hosts.map(\.name)
            case .plainVTEP: draft.hosts.filter { $0.kind == .vtep }.map(\.name)
            case .segment: draft.segments.map(\.name)
            case .port: draft.ports.map(\.name)
            }
        }
    }

    private mutating func reportUnknown(_ referent: Referent, _ name: Located<String>, tenantOf referrer: String? = nil) {
        guard !draft.incomplete.contains(referent.section) else { return }
        var help: String?
        if problems.wantsSuggestions {
            let known = referent.names(in: draft)
            let names = known.map(\.value)
            let scoped = referrer.flatMap { Self.tenant(of: $0) }.map { "\($0)/\(name.value)" }
            let near = names.first { $0 == scoped } ?? NearestName.nearest(to: name.value, in: names.prefix(2048).sorted())
            if let near, let definition = known.first(where: { $0.value == near }) {
                help = "did you mean '\(near)'? It is defined at \(problems.place(definition.span))"
                probablyMeant.insert(near)
            } else {
                help = Self.list(names, kind: referent.word)
            }
        }
        problems.report(
            referent.code, at: name.span, "unknown \(referent == .plainVTEP ? "host" : referent.word) '\(name.value.shortened)'",
            help: help)
    }

    private static func list(_ names: [String], kind: String) -> String {
        guard !names.isEmpty else { return "no \(kind)s are defined" }
        let shown = names.prefix(8).sorted().map(\.shortened).joined(separator: ", ")
        return "\(kind)s here: \(shown)" + (names.count > 8 ? ", … (\(names.count) in all)" : "")
    }

    /// What is in front of a slash, also in a name that breaks the rules.
    static func tenant(of name: String) -> Substring? { name.firstIndex(of: "/").map { name[..<$0] } }
}
