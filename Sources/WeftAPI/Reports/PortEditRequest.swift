/// What changes one port: `POST /v1/edit` answers with the plan of it.
public struct PortEditRequest: Codable, Hashable, Sendable {
    /// A value of the topology file.
    public enum Value: Hashable, Sendable {
        case text(String)
        case number(Int)
        case flag(Bool)
        case list([String])
        case map([String: Int])
    }

    /// `attach`, `detach`, `move`, `up` or `down`.
    public var action: String
    /// The port's name.
    public var port: String
    /// Keys of the file with their values, for `attach` and `move`; an empty list takes the key away.
    public var values: [String: Value]

    /// Creates a request.
    public init(action: String, port: String, values: [String: Value] = [:]) {
        (self.action, self.port, self.values) = (action, port, values)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        action = try container.decode(String.self, forKey: .action)
        port = try container.decode(String.self, forKey: .port)
        values = try container.decodeIfPresent([String: Value].self, forKey: .values) ?? [:]
    }
}

extension PortEditRequest.Value: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let flag = try? container.decode(Bool.self) {
            self = .flag(flag)
        } else if let number = try? container.decode(Int.self) {
            self = .number(number)
        } else if let text = try? container.decode(String.self) {
            self = .text(text)
        } else if let list = try? container.decode([String].self) {
            self = .list(list)
        } else {
            self = .map(try container.decode([String: Int].self))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .text(let text): try container.encode(text)
        case .number(let number): try container.encode(number)
        case .flag(let flag): try container.encode(flag)
        case .list(let list): try container.encode(list)
        case .map(let map): try container.encode(map)
        }
    }
}
