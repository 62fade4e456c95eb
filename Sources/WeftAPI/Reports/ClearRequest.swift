public import WeftTypes

/// What `POST /v1/fdb/clear` is told: which duplicate an operator has dealt with.
public struct ClearRequest: Codable, Hashable, Sendable {
    /// A MAC or an IP address.
    public var address: String
    /// The name of the segment it is in; nil for every segment that the host has.
    public var segment: String?

    /// Creates a request.
    public init(address: String, segment: String? = nil) { (self.address, self.segment) = (address, segment) }

    /// What ``address`` is.
    public enum Subject: Hashable, Sendable {
        case mac(MACAddress)
        case address(IPAddress)
    }

    /// Reads ``address``.
    ///
    /// - Throws: ``APIError`` `usage` when it is neither.
    public func subject() throws(APIError) -> Subject {
        if let mac = MACAddress(address) { return .mac(mac) }
        if let address = IPAddress(address) { return .address(address) }
        throw APIError(
            .usage, cannot: "clear", on: "'\(address.prefix(40))'", cause: "it is neither a MAC nor an IP address",
            help: "give the address that weft events names, such as 52:54:00:00:01:01")
    }
}
