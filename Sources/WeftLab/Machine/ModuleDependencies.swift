/// The kernel's own list of which module needs which, `modules.dep` (depmod(8)): `path: path path …`, a module's needs in
/// the order in which they are unloaded, all paths relative to the modules' folder.
struct ModuleDependencies {
    private let needs: [String: [String]]
    private let pathsByName: [String: String]

    /// Reads the text of a `modules.dep`; lines without a colon are ignored.
    init(parsing text: String) {
        var needs: [String: [String]] = [:]
        var pathsByName: [String: String] = [:]
        for line in text.split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let path = String(line[..<colon])
            needs[path] = line[line.index(after: colon)...].split(separator: " ").map(String.init)
            pathsByName[Self.name(ofPath: path)] = path
        }
        self.needs = needs
        self.pathsByName = pathsByName
    }

    /// The files to insert, in order, for all of `modules` to be there; nil is returned for the first one that does not
    /// exist in `missing`.
    func loadOrder(of modules: [String]) -> (paths: [String], missing: [String]) {
        var paths: [String] = []
        var missing: [String] = []
        for module in modules {
            guard let path = pathsByName[Self.normalised(module)] else {
                missing.append(module)
                continue
            }
            for path in (needs[path] ?? []).reversed() + [path] where !paths.contains(path) {
                paths.append(path)
            }
        }
        return (paths, missing)
    }

    /// `kernel/net/9p/9pnet.ko.xz` is the module `9pnet`.
    private static func name(ofPath path: String) -> String {
        let file = path.split(separator: "/").last.map(String.init) ?? path
        guard let dot = file.firstIndex(of: ".") else { return normalised(file) }
        return normalised(String(file[..<dot]))
    }

    /// The kernel takes a hyphen and an underscore for the same.
    private static func normalised(_ name: String) -> String {
        String(name.map { $0 == "-" ? "_" : $0 })
    }
}
