import WeftAPI
import WeftLinux
import WeftTypes

/// Where to look for other nodes: `HOST[:PORT]`, an address of either family or a name.
struct JoinAddress: Hashable, Sendable {
    /// A name or an address.
    var host: String
    var udpPort: UInt16

    /// Reads `192.0.2.11`, `192.0.2.11:7948`, `2001:db8::1`, `[2001:db8::1]:7948`, `alpha.example`, `alpha.example:7948`.
    ///
    /// - Throws: ``APIError`` `.usage` for anything else.
    init(_ text: String, defaultPort: UInt16) throws(APIError) {
        (host, udpPort) = (text, defaultPort)
        if IPAddress(text) != nil { return }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        if parts.count > 1, let port = parts.last.flatMap({ UInt16($0) }), port > 0 {
            (host, udpPort) = (parts.dropLast().joined(separator: ":"), port)
        }
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
            if case .v6 = IPAddress(host) { return }
        } else if Self.isName(host) {
            return
        }
        throw APIError(
            .usage, cannot: "join", on: "'\(text.prefix(100))'",
            cause: "it is neither an address nor a name, with or without a port",
            help: "give --join 192.0.2.11, --join [2001:db8::1]:7948 or --join alpha.example")
    }

    /// Whether it can be the name of a host (RFC 1123 §2.1), or an IPv4 address.
    private static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 253 && !text.hasPrefix("-")
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"): true
                default: false
                }
            }
    }

    /// What a list of them leads to, names looked up on a thread of their own; `failures` tells which lead nowhere.
    static func resolve(_ list: [JoinAddress]) async -> (addresses: [GossipAddress], failures: [String]) {
        await withCheckedContinuation { continuation in
            let body: @Sendable () -> Void = {
                var addresses: [GossipAddress] = []
                var failures: [String] = []
                for entry in list {
                    do throws(LinuxError) {
                        addresses += try NameResolver.addresses(of: entry.host).map {
                            GossipAddress(address: $0, udpPort: entry.udpPort)
                        }
                    } catch {
                        failures.append("\(error)")
                    }
                }
                continuation.resume(returning: (addresses, failures))
            }
            do throws(LinuxError) {
                _ = try WorkerThread(name: "weft-resolver", body)
            } catch {
                continuation.resume(returning: ([], ["\(error)"]))
            }
        }
    }
}
