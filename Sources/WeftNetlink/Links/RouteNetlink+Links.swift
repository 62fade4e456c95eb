import CMnl
import Glibc
import WeftTypes

extension RouteNetlink {
    /// All links, by number (`ip -d link show`).
    public func links() throws(NetlinkError) -> [Link] {
        var request = MessageBuilder(type: RTM_GETLINK, flags: NLM_F_DUMP)
        request.appendLinkHeader()
        let links = try dump(.listLinks, request, of: RTM_NEWLINK) { payload throws(MalformedMessage) in
            try Link(parsing: payload)
        }
        return links.sorted { $0.index < $1.index }
    }

    /// The link with this name or alternative name, nil when there is none (`ip -d link show dev <name>`).
    public func link(named name: String) throws(NetlinkError) -> Link? {
        try check(.findLink, name: name, limit: alternativeNameLimit)
        var request = MessageBuilder(type: RTM_GETLINK)
        request.appendLinkHeader()
        request.put(name.utf8.count <= linkNameLimit ? IFLA_IFNAME : IFLA_ALT_IFNAME, name)
        return try find(request, name)
    }

    /// The link with this number, nil when there is none.
    public func link(index: Int32) throws(NetlinkError) -> Link? {
        guard index > 0 else { return nil }
        var request = MessageBuilder(type: RTM_GETLINK)
        request.appendLinkHeader(index: index)
        return try find(request, "link \(index)")
    }

    private func find(_ request: MessageBuilder, _ object: String) throws(NetlinkError) -> Link? {
        try get(.findLink, object, request, of: RTM_NEWLINK, absent: ENODEV) { payload throws(MalformedMessage) in
            try Link(parsing: payload)
        }
    }

    /// Makes a link (`ip link add`), refused with `EEXIST` when the name is taken; returns its number.
    @discardableResult
    public func addLink(_ spec: LinkSpec) throws(NetlinkError) -> Int32 {
        try check(.addLink, name: spec.name, limit: linkNameLimit)
        if case .veth(let peer) = spec.kind { try check(.addLink, name: peer.name, limit: linkNameLimit) }
        if case .other(let kind) = spec.kind { try check(.addLink, name: kind, limit: linkNameLimit) }
        try change(.addLink, spec.name, spec.request)
        guard let link = try link(named: spec.name) else {
            let message = "it was made and went away at once"
            throw NetlinkError(verb: .addLink, object: spec.name, errno: ENODEV, kernelMessage: message)
        }
        return link.index
    }

    /// Changes a link (`ip link set`). The kernel applies the parts in an order of its own and stops at the first it refuses, so
    /// what came before stays changed.
    public func setLink(_ index: Int32, _ change: LinkChange) throws(NetlinkError) {
        try check(.setLink, index)
        if let name = change.name { try check(.setLink, name: name, limit: linkNameLimit) }
        if let alias = change.alias { try check(.setLink, text: alias, limit: aliasLimit, of: "alias", on: index) }
        try self.change(.setLink, name(of: index), change.request(index: index))
    }

    /// Enslaves a link to a bridge (`ip link set … master …`), or frees it when `master` is nil (`nomaster`).
    public func setMaster(_ index: Int32, to master: Int32?) throws(NetlinkError) {
        try setLink(index, LinkChange(masterIndex: master ?? 0))
    }

    /// Removes a link, and with a veth its peer (`ip link delete`).
    public func deleteLink(_ index: Int32) throws(NetlinkError) {
        try check(.deleteLink, index)
        var request = MessageBuilder(type: RTM_DELLINK)
        request.appendLinkHeader(index: index)
        try change(.deleteLink, name(of: index), request)
    }

    /// Gives a link a further name, of at most 127 bytes (`ip link property add dev … altname …`).
    public func addAlternativeName(_ name: String, to index: Int32) throws(NetlinkError) {
        try changeAlternativeName(.addAlternativeName, RTM_NEWLINKPROP, name, index)
    }

    /// Takes a further name from a link (`ip link property del dev … altname …`).
    public func removeAlternativeName(_ name: String, from index: Int32) throws(NetlinkError) {
        try changeAlternativeName(.removeAlternativeName, RTM_DELLINKPROP, name, index)
    }

    private func changeAlternativeName(
        _ verb: NetlinkError.Verb, _ type: Int, _ name: String, _ index: Int32
    ) throws(NetlinkError) {
        try check(verb, index)
        try check(verb, name: name, limit: alternativeNameLimit)
        let flags = type == RTM_NEWLINKPROP ? NLM_F_CREATE | NLM_F_EXCL | NLM_F_APPEND : 0
        var request = MessageBuilder(type: type, flags: flags)
        request.appendLinkHeader(index: index)
        request.nest(IFLA_PROP_LIST) { $0.put(IFLA_ALT_IFNAME, name) }
        try change(verb, "\(self.name(of: index)) (\(name))", request)
    }
}

/// The longest name of a link (`IFNAMSIZ` − 1).
private let linkNameLimit = 15
/// The longest alternative name of a link (`ALTIFNAMSIZ` − 1).
private let alternativeNameLimit = 127
/// The longest alias of a link (`IFALIASZ` − 1).
private let aliasLimit = 255

extension RouteNetlink {
    /// Number 0 and below name no link; the kernel would take 0 as "found by name" and change something else.
    func check(_ verb: NetlinkError.Verb, _ index: Int32) throws(NetlinkError) {
        guard index > 0 else {
            throw NetlinkError(verb: verb, object: "link \(index)", errno: ENODEV, kernelMessage: "numbers start at 1")
        }
    }

    /// Refuses what can't be a name before the kernel sees it, since a NUL would cut it.
    private func check(_ verb: NetlinkError.Verb, name: String, limit: Int) throws(NetlinkError) {
        let isName =
            !name.isEmpty && name != "." && name != ".." && name.utf8.allSatisfy { $0 > 0x20 && $0 != 0x2F && $0 != 0x7F }
        guard isName, name.utf8.count <= limit else {
            let message = "a name has 1…\(limit) bytes, no space and no slash"
            throw NetlinkError(verb: verb, object: printable(name), errno: EINVAL, kernelMessage: message)
        }
    }

    private func check(
        _ verb: NetlinkError.Verb, text: String, limit: Int, of what: String, on index: Int32
    ) throws(NetlinkError) {
        guard text.utf8.count <= limit, !text.utf8.contains(0) else {
            let message = "the \(what) has at most \(limit) bytes and no NUL"
            throw NetlinkError(verb: verb, object: name(of: index), errno: EINVAL, kernelMessage: message)
        }
    }

    /// The text in quotes, with what would garble a terminal written as escapes.
    private func printable(_ text: String) -> String {
        "'" + text.unicodeScalars.prefix(64).map { $0.isASCII ? $0.escaped(asASCII: true) : String($0) }.joined() + "'"
    }
}
