/// What `POST /v1/peer/join` is told: where to look for the fabric.
public struct JoinRequest: Codable, Hashable, Sendable {
    /// `HOST[:PORT]`, where the host is a name or an address.
    public var addresses: [String]

    /// How many addresses one request may have.
    public static let addressLimit = 64
    /// The longest address: a name of 253 characters, or an address in brackets, and a port.
    public static let addressByteLimit = 261

    /// Creates a request.
    public init(addresses: [String]) { self.addresses = addresses }

    /// Checks that there are 1 to ``addressLimit`` addresses, each printable and not too long.
    ///
    /// - Throws: ``APIError`` `usage` that names the first which is not.
    public func validate() throws(APIError) {
        guard (1...Self.addressLimit).contains(addresses.count) else {
            throw Self.error("\(addresses.count) addresses", "give 1 to \(Self.addressLimit) of the form HOST[:PORT]")
        }
        for address in addresses {
            let isPrintable = address.utf8.allSatisfy { (0x21...0x7E).contains($0) }
            guard isPrintable, (1...Self.addressByteLimit).contains(address.utf8.count) else {
                throw Self.error("'\(address.prefix(40))' is no address", "give the form HOST[:PORT], such as 192.0.2.11:7948")
            }
        }
    }

    private static func error(_ cause: String, _ help: String) -> APIError {
        APIError(.usage, cannot: "join", on: "the fabric", cause: cause, help: help)
    }
}
