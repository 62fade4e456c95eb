import FoundationEssentials
import WeftAPI
import WeftLinux

/// What the host's nftables would do to Weft's traffic, as far as can be told without simulating every rule.
///
/// Read with `nft -j`, the only program that Weft runs for itself, and only for `weft doctor`: the rules are a small
/// language, and their netlink form is its byte code.
struct FirewallRules: Hashable, Sendable {
    /// A chain that the kernel calls by itself.
    struct BaseChain: Hashable, Sendable {
        var family: String
        var table: String
        var name: String
        var hook: String
        /// Whether what no rule decides about is dropped: by the policy, or by a last rule without a condition.
        var dropsByDefault: Bool
        /// As `nft` names it.
        var text: String { "\(family) \(table) \(name)" }
    }

    /// A range of UDP ports that some rule accepts.
    struct Accepted: Hashable, Sendable {
        var family: String
        var table: String
        var ports: ClosedRange<Int>
    }

    var chains: [BaseChain] = []
    var accepted: [Accepted] = []

    /// No rule at all.
    init() {}

    /// The rules of the calling thread's network namespace, or nil without `nft` or the privilege.
    static func read() -> FirewallRules? {
        let command = Command("nft", ["-j", "list", "ruleset"])
        guard let outcome = try? command.run(timeout: .seconds(10)), outcome.isSuccess else { return nil }
        return try? FirewallRules(json: outcome.standardOutput)
    }

    /// Reads the output of `nft -j list ruleset`.
    init(json: String) throws {
        struct Document: Decodable { var nftables: [Value] }
        let items = try JSON.decode(Document.self, from: Data(json.utf8)).nftables
        let rules = items.compactMap { $0["rule"] }
        for chain in items.compactMap({ $0["chain"] }) {
            guard let hook = chain["hook"]?.text, let family = chain["family"]?.text, let table = chain["table"]?.text,
                let name = chain["name"]?.text
            else { continue }
            let last = rules.last { $0["family"]?.text == family && $0["table"]?.text == table && $0["chain"]?.text == name }
            let isRefusing = last.map { $0.isUnconditionalRefusal } ?? false
            chains.append(
                BaseChain(
                    family: family, table: table, name: name, hook: hook,
                    dropsByDefault: chain["policy"]?.text == "drop" || isRefusing))
        }
        for rule in rules where rule["expr"]?.list.contains(where: { $0["accept"] != nil }) ?? false {
            guard let family = rule["family"]?.text, let table = rule["table"]?.text else { continue }
            for match in rule["expr"]?.list.compactMap({ $0["match"] }) ?? [] where match.isOfUDPDestination {
                for ports in match["right"]?.ranges ?? [] {
                    accepted.append(Accepted(family: family, table: table, ports: ports))
                }
            }
        }
    }

    /// Chains on `hook` for IP that drop by default.
    func dropping(hook: String) -> [BaseChain] {
        chains.filter { $0.hook == hook && ["ip", "ip6", "inet"].contains($0.family) && $0.dropsByDefault }
    }

    /// Input chains that drop by default and in whose table no rule accepts that UDP port.
    func blocking(udpPort: UInt16) -> [BaseChain] {
        dropping(hook: "input").filter { chain in
            !accepted.contains { $0.family == chain.family && $0.table == chain.table && $0.ports.contains(Int(udpPort)) }
        }
    }
}

/// Any JSON.
private enum Value: Decodable {
    case text(String)
    case number(Int)
    case list([Value])
    case object([String: Value])
    case other

    init(from decoder: any Decoder) throws {
        if let container = try? decoder.singleValueContainer() {
            if container.decodeNil() { self = .other; return }
            if let text = try? container.decode(String.self) { self = .text(text); return }
            if let number = try? container.decode(Int.self) { self = .number(number); return }
            if let list = try? container.decode([Value].self) { self = .list(list); return }
            if let object = try? container.decode([String: Value].self) { self = .object(object); return }
        }
        self = .other
    }

    subscript(key: String) -> Value? {
        if case .object(let members) = self { members[key] } else { nil }
    }

    var text: String? {
        if case .text(let text) = self { text } else { nil }
    }

    var number: Int? {
        if case .number(let number) = self { number } else { nil }
    }

    var list: [Value] {
        if case .list(let values) = self { values } else { [] }
    }

    /// Whether this match looks at the destination port of UDP, or of any transport.
    var isOfUDPDestination: Bool {
        guard self["op"]?.text == "==" || self["op"]?.text == "in", let payload = self["left"]?["payload"] else { return false }
        return ["udp", "th"].contains(payload["protocol"]?.text) && payload["field"]?.text == "dport"
    }

    /// The numbers that the right side of a match stands for: one, a range, or a set of those.
    var ranges: [ClosedRange<Int>] {
        if let number { return [number...number] }
        if let bounds = self["range"]?.list.compactMap(\.number), bounds.count == 2, bounds[0] <= bounds[1] {
            return [bounds[0]...bounds[1]]
        }
        return self["set"]?.list.flatMap(\.ranges) ?? []
    }

    /// Whether this rule refuses whatever reaches it.
    var isUnconditionalRefusal: Bool {
        let expressions = self["expr"]?.list ?? []
        return expressions.contains { $0["drop"] != nil || $0["reject"] != nil }
            && !expressions.contains { $0["match"] != nil || $0["xt"] != nil || $0["vmap"] != nil }
    }
}
