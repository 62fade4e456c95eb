import WeftTopology

/// What to type instead of a name that there is not.
enum Suggestion {
    /// The most names that are listed.
    private static var listedCount: Int { 20 }

    /// `did you mean 'vm1'? there is: vm1, vm2`, with the question only when a name is near.
    static func text(for name: String, among known: [String]) -> String {
        let list = known.prefix(listedCount).joined(separator: ", ") + (known.count > listedCount ? ", …" : "")
        let question = NearestName.nearest(to: name, in: known).map { "did you mean '\($0)'? " } ?? ""
        return "\(question)there is: \(list.isEmpty ? "none" : list)"
    }
}
