/// Something that the format has and that a version may not be able to carry out.
public enum Feature: Hashable, Sendable {
    /// Ports of a kind.
    case kind(Port.Kind)
    /// A key of the file that the format reserves.
    case section(String)

    /// What this version can't do yet: the one list of it. A line removed here switches the feature on everywhere.
    public static let notYet: Set<Feature> = [
        .section("groups"),
        .section("policies"),
    ]

    /// A place of the file that makes use of a feature.
    struct Use: Sendable {
        let feature: Feature
        /// What the object is called in a message.
        let label: String
        let span: SourceSpan
    }
}

extension RuleChecker {
    /// E502 and E503. They are the last rules, so that everything the format says of an object is checked all the same.
    mutating func checkVersion(_ uses: [Feature.Use]) {
        for use in uses where environment.missing.contains(use.feature) {
            switch use.feature {
            case .kind(let kind):
                let can = Port.Kind.allCases.filter { !environment.missing.contains(.kind($0)) }.map(\.rawValue)
                let text =
                    "kind '\(kind.rawValue)' is not in this version; use \(can.dropLast().joined(separator: ", ")) or \(can.last ?? "")"
                problems.report(.laterValue, at: use.span, "\(use.label): \(text)")
            case .section(let key): problems.report(.laterKey, at: use.span, "'\(key)' is not in this version; remove it")
            }
        }
    }
}
