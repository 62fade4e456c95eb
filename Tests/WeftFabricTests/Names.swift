import Testing
import WeftTopology

/// A name that is written in a test.
func name(_ text: String) throws -> TopologyName { try #require(TopologyName(text)) }
