package import FoundationEssentials

/// JSON as this API writes it: keys sorted, so that the same value is the same text; slashes as they are.
package enum JSON {
    /// Encodes on one line, or over several with two spaces of indentation.
    package static func encode(_ value: some Encodable, isPretty: Bool = false) throws(APIError) -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting =
            isPretty ? [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted] : [.sortedKeys, .withoutEscapingSlashes]
        do {
            return try encoder.encode(value)
        } catch {
            throw APIError(.failed, cannot: "write JSON", on: "\(type(of: value))", cause: "\(error)")
        }
    }

    /// Decodes a whole document.
    package static func decode<Value: Decodable>(_ type: Value.Type, from data: Data) throws -> Value {
        try JSONDecoder().decode(type, from: data)
    }
}
