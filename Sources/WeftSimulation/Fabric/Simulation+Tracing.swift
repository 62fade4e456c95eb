import WeftGossip
import WeftTypes

extension Simulation {
    func trace(_ input: GossipNode.Input, at node: Int, _ log: (TraceLine) -> Void) {
        let text: String
        switch input {
        case .received(let bytes, let address):
            text = "<- \(name(address)): \(GossipNode.summary(of: bytes))"
        case .start(let addresses): text = "starts, joining \(addresses.map(name).joined(separator: " "))"
        case .join(let addresses): text = "joins \(addresses.map(name).joined(separator: " "))"
        case .tick: text = "tick"
        case .publish(let key, let value): text = "publishes \(key) = \(hexadecimal(value.bytes))"
        case .withdraw(let key): text = "withdraws \(key)"
        case .leave: text = "leaves"
        case .survey: text = "surveys"
        case .offer(let content): text = "offers \(ContentID(of: content))"
        case .retract(let id): text = "retracts \(id)"
        case .fetch(let id, let byteCount, let sources):
            text = "fetches \(byteCount) bytes of \(id) from \(sources.map(name).joined(separator: " "))"
        case .cancelFetch(let id): text = "fetches \(id) no more"
        case .localHealth(let late): text = "was late by \(late)"
        case .addressChanged(let address): text = "has address \(address.map { "\($0)" } ?? "unknown")"
        case .familiesChanged: text = "has other families of addresses"
        }
        log(TraceLine(at: elapsed, node: node, text: text))
    }

    func trace(_ effect: GossipNode.Effect, at node: Int, _ log: (TraceLine) -> Void) {
        let text: String
        switch effect {
        case .send(let bytes, let address): text = "-> \(name(address)): \(GossipNode.summary(of: bytes))"
        case .wake: return
        case .memberChanged(let id, let state, let incarnation): text = "told \(name(id)) is \(state) in \(incarnation)"
        case .recordChanged(let origin, let key, let value):
            text = "told \(key) of \(name(origin)) \(value.map { "= " + hexadecimal($0.bytes) } ?? "is gone")"
        case .alarm(let alarm): text = "alarm: \(alarm)"
        case .persistEpoch(let epoch): text = "writes epoch \(epoch)"
        case .fetched(let id, let content): text = "has all \(content.count) bytes of \(id)"
        case .fetchFailed(let id, let failure): text = "can't have \(id): \(failure)"
        }
        log(TraceLine(at: elapsed, node: node, text: text))
    }

    private func name(_ address: GossipAddress) -> String { Addressing.node(at: address).map { "n\($0)" } ?? "\(address)" }
    private func name(_ id: NodeID) -> String { node(id).map { "n\($0)" } ?? "\(id)" }

    private func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.prefix(16).map { String(UInt16($0) | 0x100, radix: 16).dropFirst() }.joined() + (bytes.count > 16 ? "…" : "")
    }
}
