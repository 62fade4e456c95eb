/// Why a scenario can't be read.
public struct ScenarioError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The line, counted from 1.
    public var line: Int
    public var cause: String
    public var remedy: String

    /// `line 3: cannot read "x": cause; remedy`, cause and object together.
    public var description: String { "cannot read scenario line \(line): \(cause); \(remedy)" }
}
