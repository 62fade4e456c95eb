public import WeftTypes

/// A value that travels in JSON as its usual text, such as `52:54:00:00:01:01`.
public protocol TextCoded: Codable, CustomStringConvertible {
    /// Parses the text form, or returns nil.
    init?(text: String)
}

extension TextCoded {
    /// Reads the text form.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = Self(text: text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "'\(text)' is not a \(Self.self)")
        }
        self = value
    }

    /// Writes the text form.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension MACAddress: TextCoded {
    /// Parses the text form.
    public init?(text: String) { self.init(text) }
}

extension IPAddress: TextCoded {
    /// Parses the text form.
    public init?(text: String) { self.init(text) }
}

extension IPPrefix: TextCoded {
    /// Parses the text form.
    public init?(text: String) { self.init(text) }
}

extension NodeID: TextCoded {
    /// Parses the text form.
    public init?(text: String) {
        guard text.utf8.count == 32, let number = UInt128(text, radix: 16) else { return nil }
        self.init(rawValue: number)
    }
}

/// In JSON a VNI is its number.
extension VNI: Codable {
    /// Reads a number of 24 bits.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let number = try container.decode(UInt32.self)
        guard let vni = VNI(number) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "VNI \(number) does not fit in 24 bits")
        }
        self = vni
    }

    /// Writes the number.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}
