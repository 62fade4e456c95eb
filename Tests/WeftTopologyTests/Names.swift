import Testing
import WeftTypes

@testable import WeftTopology

/// A name that the test knows to be valid.
func name(_ text: String) -> TopologyName {
    guard let name = TopologyName(text) else { preconditionFailure("'\(text)' is no name") }
    return name
}

/// An address, or a failed test.
func ip(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }
