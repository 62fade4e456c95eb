// swift-tools-version: 6.2
import PackageDescription

/// Every module of ours is built the same way: Swift 6, strict memory safety, and a warning is an error.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableExperimentalFeature("Lifetimes"),
]

/// A module of Weft: its folder is `Sources/<name>`, its tests, where it has any, `Tests/<name>Tests`.
struct Module {
    var name: String
    var uses: [String] = []
    var products: [Target.Dependency] = []
    var isTested = true
    /// Modules that only the tests of this one need.
    var testUses: [String] = []
    /// Products that only the tests of this one need.
    var testProducts: [Target.Dependency] = []
    /// Folders beside the tests that hold data, not code.
    var testData: [String] = []
    var isExecutable = false
}

extension Target.Dependency {
    static let argumentParser = product(name: "ArgumentParser", package: "swift-argument-parser")
    static let crypto = product(name: "Crypto", package: "swift-crypto")
    static let deque = product(name: "DequeModule", package: "swift-collections")
    static let hummingbird = product(name: "Hummingbird", package: "hummingbird")
    static let hummingbirdCore = product(name: "HummingbirdCore", package: "hummingbird")
    static let lifecycle = product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
    static let unixSignals = product(name: "UnixSignals", package: "swift-service-lifecycle")
    static let logging = product(name: "Logging", package: "swift-log")
    static let nioCore = product(name: "NIOCore", package: "swift-nio")
    static let nioHTTP1 = product(name: "NIOHTTP1", package: "swift-nio")
    static let nioHTTPTypes = product(name: "NIOHTTPTypes", package: "swift-nio-extras")
    static let nioPosix = product(name: "NIOPosix", package: "swift-nio")
    static let yams = product(name: "Yams", package: "Yams")
}

/// From the pure core at the top to the executable at the bottom; a module uses only modules above it.
let modules: [Module] = [
    // Core: no Glibc, no Foundation, no clock, no I/O.
    Module(name: "WeftTypes"),
    Module(name: "WeftWire", uses: ["WeftTypes"]),
    Module(name: "WeftForwarding", uses: ["WeftTypes", "WeftWire"], testUses: ["WeftFlows"]),
    Module(name: "WeftTopology", uses: ["WeftTypes"]),
    Module(name: "WeftGossip", uses: ["WeftTypes"]),
    Module(name: "WeftFabric", uses: ["WeftTypes", "WeftWire", "WeftForwarding", "WeftTopology", "WeftGossip"]),
    // Shells: I/O, threads, clocks, logs.
    Module(name: "WeftTopologyFile", uses: ["WeftTypes", "WeftTopology"], products: [.yams], testData: ["Corpus"]),
    Module(name: "WeftLinux", uses: ["WeftTypes", "CWeftLinux"]),
    Module(name: "WeftNetlink", uses: ["WeftTypes", "WeftLinux", "CMnl", "CWeftLinux"]),
    Module(name: "WeftSealing", uses: ["WeftTypes", "WeftLinux"], products: [.crypto, .deque]),
    Module(name: "WeftGossipShell", uses: ["WeftTypes", "WeftGossip", "WeftLinux", "WeftSealing"]),
    Module(
        name: "WeftDataPlane", uses: ["WeftTypes", "WeftWire", "WeftForwarding", "WeftLinux", "CWeftLinux"],
        testUses: ["WeftFlows"]),
    Module(name: "WeftControl", uses: ["WeftTypes", "WeftTopology", "WeftLinux"], products: [.logging]),
    Module(
        name: "WeftAPI", uses: ["WeftTypes", "WeftLinux"],
        products: [
            .hummingbird, .hummingbirdCore, .nioCore, .nioHTTP1, .nioHTTPTypes, .nioPosix, .logging, .lifecycle,
        ]),
    // Composition: alone in knowing everything.
    Module(
        name: "WeftAgent",
        uses: [
            "WeftTypes", "WeftWire", "WeftForwarding", "WeftTopology", "WeftTopologyFile", "WeftLinux", "WeftNetlink",
            "WeftDataPlane", "WeftControl", "WeftAPI", "WeftGossip", "WeftFabric", "WeftSealing", "WeftGossipShell",
        ],
        products: [.logging, .lifecycle, .unixSignals]),
    Module(
        name: "WeftLab", uses: ["WeftTypes", "WeftTopology", "WeftLinux", "WeftNetlink", "WeftSealing", "CWeftLinux"]),
    Module(
        name: "WeftCLI",
        uses: [
            "WeftTypes", "WeftTopology", "WeftTopologyFile", "WeftLinux", "WeftNetlink", "WeftSealing", "WeftAPI", "WeftLab",
            "WeftFabric",
        ],
        testProducts: [.logging, .lifecycle]),
    Module(
        name: "weft",
        uses: ["WeftTypes", "WeftTopology", "WeftAPI", "WeftAgent", "WeftLab", "WeftCLI"], products: [.argumentParser],
        isTested: false, isExecutable: true),
    // Measures the packet path alone, and what it takes from the heap.
    Module(
        name: "WeftMicrobench",
        uses: ["WeftTypes", "WeftWire", "WeftForwarding", "WeftLinux", "WeftDataPlane", "CWeftLinux", "CWeftAllocations"],
        isTested: false, isExecutable: true),
    // Many nodes, virtual time and a bad network, beside the core.
    Module(name: "WeftSimulation", uses: ["WeftTypes", "WeftGossip"]),
    Module(
        name: "WeftSimulate", uses: ["WeftTypes", "WeftGossip", "WeftSimulation"], products: [.argumentParser],
        isTested: false, isExecutable: true),
]

/// `WEFT_ONLY=WeftDataPlane,WeftWire swift test` builds just these modules, what they use and their tests, so that the
/// data path builds without the API server and its dependencies.
let only = Context.environment["WEFT_ONLY"].map { Set($0.split(separator: ",").map(String.init)) }

func withDependencies(of names: Set<String>) -> Set<String> {
    modules.reversed().reduce(into: names) { chosen, module in
        if chosen.contains(module.name) { chosen.formUnion(module.uses) }
    }
}
let wanted = only.map { $0.contains("SystemTests") ? $0.union(["weft", "WeftLinux", "WeftAPI"]) : $0 }
let chosen = wanted.map(withDependencies) ?? Set(modules.map(\.name))
let built = modules.filter { chosen.contains($0.name) }
let tested = modules.filter { $0.isTested && (only?.contains($0.name) ?? true) }

let moduleTargets: [Target] = built.map { module in
    let dependencies = module.uses.map { Target.Dependency.byName(name: $0) } + module.products
    return module.isExecutable
        ? .executableTarget(name: module.name, dependencies: dependencies, swiftSettings: settings)
        : .target(name: module.name, dependencies: dependencies, swiftSettings: settings)
}
let testTargets: [Target] = tested.map { module in
    let uses = [module.name] + module.uses + module.testUses
    let dependencies = Array(Set(uses)).sorted().map { Target.Dependency.byName(name: $0) }
    return .testTarget(
        name: module.name + "Tests", dependencies: dependencies + module.products + module.testProducts,
        exclude: module.testData, swiftSettings: settings)
}

/// Random flows and what must become of them, for the tests of the data path; of Weft it uses only seeded random numbers.
let flows: [Target] =
    tested.contains { $0.testUses.contains("WeftFlows") }
    ? [.target(name: "WeftFlows", dependencies: ["WeftTypes"], path: "Tests/WeftFlows", swiftSettings: settings)] : []

/// Drives the built `weft` in namespaces against the kernel's VXLAN, other implementations and hostile input.
let systemTests: [Target] =
    only == nil || only?.contains("SystemTests") == true
    ? [
        .testTarget(
            name: "SystemTests", dependencies: ["WeftTypes", "WeftWire", "WeftLinux", "CWeftLinux", "WeftAPI", "weft"],
            swiftSettings: settings)
    ] : []

let package = Package(
    name: "weft",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.34.1"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: moduleTargets + testTargets + flows + systemTests + [
        .target(name: "CWeftLinux"),
        .target(name: "CWeftAllocations"),
        .systemLibrary(name: "CMnl", pkgConfig: "libmnl", providers: [.apt(["libmnl-dev"])]),
        .systemLibrary(name: "CPcap", pkgConfig: "libpcap", providers: [.apt(["libpcap-dev"])]),
    ]
)
