import Testing

@testable import WeftCLI

@Suite struct FirewallRulesTests {
    /// What Docker sets through iptables, as `nft -j list ruleset` tells it.
    static let docker = """
        {"nftables": [{"metainfo": {"version": "1.0.6", "json_schema_version": 1}},
        {"table": {"family": "ip", "name": "filter", "handle": 1}},
        {"chain": {"family": "ip", "table": "filter", "name": "DOCKER", "handle": 1}},
        {"chain": {"family": "ip", "table": "filter", "name": "FORWARD", "handle": 2, "type": "filter", "hook": "forward",
          "prio": 0, "policy": "drop"}},
        {"rule": {"family": "ip", "table": "filter", "chain": "FORWARD", "handle": 3, "expr": [
          {"match": {"op": "==", "left": {"meta": {"key": "oifname"}}, "right": "docker0"}},
          {"counter": {"packets": 0, "bytes": 0}}, {"jump": {"target": "DOCKER"}}]}}]}
        """

    /// A host's own filter: it accepts ssh and a range of UDP ports, and refuses the rest.
    static let strictInput = """
        {"nftables": [
        {"chain": {"family": "inet", "table": "filter", "name": "input", "handle": 1, "type": "filter", "hook": "input",
          "prio": 0, "policy": "accept"}},
        {"rule": {"family": "inet", "table": "filter", "chain": "input", "handle": 4, "expr": [
          {"match": {"op": "==", "left": {"payload": {"protocol": "udp", "field": "dport"}},
            "right": {"set": [53, {"range": [8000, 9000]}]}}}, {"accept": null}]}},
        {"rule": {"family": "inet", "table": "filter", "chain": "input", "handle": 5, "expr": [
          {"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 4789}},
          {"accept": null}]}},
        {"rule": {"family": "inet", "table": "filter", "chain": "input", "handle": 6, "expr": [
          {"reject": {"type": "icmpx", "expr": "port-unreachable"}}]}}]}
        """

    @Test func readsChainsThatDrop() throws {
        let rules = try FirewallRules(json: Self.docker)
        #expect(rules.chains.count == 1)
        #expect(rules.dropping(hook: "forward").map(\.text) == ["ip filter FORWARD"])
        #expect(rules.dropping(hook: "input").isEmpty)
    }

    @Test func knowsWhichUDPPortsPass() throws {
        let rules = try FirewallRules(json: Self.strictInput)
        #expect(rules.blocking(udpPort: 53).isEmpty)
        #expect(rules.blocking(udpPort: 8472).isEmpty)
        #expect(rules.blocking(udpPort: 4789).map(\.text) == ["inet filter input"])
    }

    @Test(arguments: ["", "{}", "[1]", "{\"nftables\": 3}"])
    func refusesWhatIsNoRuleset(json: String) {
        #expect(throws: (any Error).self) { try FirewallRules(json: json) }
    }

    @Test func survivesAnUnknownShape() throws {
        let rules = try FirewallRules(
            json: #"{"nftables": [null, 3, "x", {"chain": null}, {"rule": {"expr": {"accept": 1.5}}}]}"#)
        #expect(rules.chains.isEmpty)
    }
}
