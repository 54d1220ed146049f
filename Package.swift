// swift-tools-version: 6.2
import PackageDescription

// Older compilers warn where this one does not.
#if compiler(>=6.3)
let warnings: [SwiftSetting] = [.treatAllWarnings(as: .error)]
#else
let warnings: [SwiftSetting] = []
#endif

/// What every target is compiled with: Swift 6 mode, and no warning left standing.
let house: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
    ] + warnings
let safe = house + [.strictMemorySafety()]

/// The SIMD kernels, one source folder compiled for several processors (the others are links to it).
///
/// Always optimised and as a whole: unoptimised SIMD code is a thousand times slower.
func kernels(_ name: String, defines: [String] = [], march: String? = nil) -> Target {
    .target(
        name: name,
        dependencies: ["KernelInterface"],
        swiftSettings: house
            + defines.map { .define($0) }
            + [
                .unsafeFlags(["-O"] + (march.map { ["-Xcc", "-march=\($0)"] } ?? [])),
                .unsafeFlags(
                    ["-whole-module-optimization", "-num-threads", "2"],
                    .when(configuration: .debug)
                ),
            ]
    )
}

var kernelTargets = [kernels("Kernels")]
// The host's architecture; a cross build names its target in STRIATE_ARCH.
#if arch(x86_64)
let architecture = Context.environment["STRIATE_ARCH"] ?? "x86_64"
#else
let architecture = Context.environment["STRIATE_ARCH"] ?? "arm64"
#endif
if architecture == "x86_64" {
    kernelTargets += [
        kernels("KernelsAVX2", defines: ["KERNEL_FMA"], march: "x86-64-v3"),
        kernels("KernelsAVX512", defines: ["KERNEL_FMA", "KERNEL_AVX512"], march: "x86-64-v4"),
    ]
}

let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")

let computeDependencies: [Target.Dependency] =
    ["CPUFeatures", "IntegerKernels", "KernelInterface"]
    + kernelTargets.map { .byName(name: $0.name) }

/// Imports run downward only: each target names what it may see.
let ownTargets: [Target] = [
    .target(name: "KernelInterface"),
    .target(
        name: "IntegerKernels",
        exclude: ["ByteTiles.inc", "Kernels.inc", "PairTiles.inc", "Squares.inc"],
        cSettings: [.unsafeFlags(["-O2"])]
    ),
    .target(name: "CPUFeatures"),
    .target(name: "CLinux"),
    .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
    .systemLibrary(name: "CJPEG", pkgConfig: "libjpeg", providers: [.apt(["libjpeg-dev"])]),
    .target(name: "CPictures", dependencies: ["CJPEG", "CPNG"]),
    .systemLibrary(
        name: "COpenSSL",
        pkgConfig: "openssl",
        providers: [.apt(["libssl-dev"])]
    ),
    .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .target(
        name: "Compute",
        dependencies: computeDependencies,
        swiftSettings: safe
    ),
    .target(name: "Graph", swiftSettings: safe + fuzzing),
    .target(name: "Files", dependencies: ["Graph"], swiftSettings: safe + fuzzing),
    .target(
        name: "Onnx",
        dependencies: ["Files", "Graph", "OnnxFormat", protobuf],
        swiftSettings: safe + fuzzing
    ),
    .target(
        name: "Engine",
        dependencies: ["Compute", "Graph", "KernelInterface"],
        swiftSettings: safe + fuzzing
    ),
    .target(
        name: "Models",
        dependencies: [
            "Backports", "Compute", "Engine", "Files", "Graph", "Onnx", "TensorFormats", "Texts",
            "Threads",
        ],
        swiftSettings: safe + fuzzing
    ),
    .target(
        name: "Quantising",
        dependencies: ["Compute", "Engine", "Graph", "Onnx"],
        swiftSettings: safe
    ),
    .target(
        name: "OnnxFormat",
        dependencies: [protobuf],
        exclude: ["onnx.proto"],
        swiftSettings: house
    ),
    .target(
        name: "Images",
        dependencies: ["Backports", "CPNG", "CPictures", "CZlib", "Texts"],
        swiftSettings: safe + fuzzing
    ),
    .target(
        name: "TensorFormats",
        dependencies: ["Backports", "CZlib"],
        swiftSettings: safe + fuzzing
    ),
    .target(
        name: "HTTP",
        dependencies: ["CLinux", "CPUFeatures", "COpenSSL", "CZlib", "Threads"],
        swiftSettings: safe + fuzzing + trusted
    ),
    .target(
        name: "Redis",
        dependencies: ["CHiredis", "COpenSSL", "Texts", "Threads"],
        swiftSettings: safe
    ),
    .target(
        name: "Console",
        resources: [
            .embedInCode("page/console.css"), .embedInCode("page/console.html"),
            .embedInCode("page/console.js"), .embedInCode("page/sound.js"),
        ],
        swiftSettings: safe
    ),
    .target(name: "Texts", swiftSettings: safe),
    .target(name: "Backports", swiftSettings: safe),
    .target(name: "Threads", dependencies: ["CLinux"], swiftSettings: safe),
    .target(
        name: "Diagrams",
        dependencies: ["Compute", "Graph", "Models", "TensorFormats"],
        swiftSettings: safe
    ),
    .target(
        name: "Telemetry",
        dependencies: ["Compute", "TensorFormats", "Texts", logging],
        swiftSettings: safe
    ),
    .target(
        name: "Service",
        dependencies: [
            "Backports", "COpenSSL", "Compute", "Console", "Diagrams", "Engine", "Files", "Graph",
            "HTTP",
            "Images", "Models", "Redis", "Telemetry", "TensorFormats", "Texts", "Threads", heap,
            logging,
        ],
        swiftSettings: safe + fuzzing
    ),
    .executableTarget(
        name: "striate",
        dependencies: [
            "Compute", "Engine", "Graph", "HTTP", "Images", "KernelInterface", "Models",
            "Quantising", "Service", "Telemetry", "TensorFormats", "Texts", "Threads",
            arguments,
            logging,
        ],
        swiftSettings: safe
    ),
]

let package = Package(
    name: "striate",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        // Without streams of Foundation: FoundationEssentials is enough, and 30 MB of ICU's tables stay out of the binary.
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0", traits: []),
    ],
    targets: kernelTargets + ownTargets + testTargets + fuzzTargets
)

/// Overlapping accesses are looked for while testing; the checks are a twentieth of a small request.
var trusted: [SwiftSetting] {
    [.unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))]
}

/// `./dev fuzz` alone builds with libFuzzer's instrumentation, which needs a main function of its own.
var isFuzzing: Bool { Context.environment["STRIATE_FUZZ"] != nil }

var fuzzing: [SwiftSetting] {
    isFuzzing ? [.unsafeFlags(["-O", "-sanitize=fuzzer,address"])] : []
}

var fuzzTargets: [Target] {
    guard isFuzzing else { return [] }
    return [
        .executableTarget(
            name: "fuzzer",
            dependencies: [
                "Compute", "HTTP", "Images", "Models", "Service", "TensorFormats", logging,
            ],
            path: "Tests/Fuzz",
            exclude: ["Inputs", "seeds.py"],
            swiftSettings: safe + fuzzing + [.unsafeFlags(["-parse-as-library"])],
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address", "-use-ld=lld"])]
        ),
        .executableTarget(
            name: "onnx-fuzz",
            dependencies: ["Compute", "Engine", "Graph", "Onnx"],
            path: "Tests/OnnxFuzz",
            swiftSettings: safe + fuzzing + [.unsafeFlags(["-parse-as-library"])],
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address", "-use-ld=lld"])]
        ),
    ]
}

var testTargets: [Target] {
    [
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: safe),
        .target(name: "CountingAllocator", path: "Tests/CountingAllocator"),
        .testTarget(
            name: "KernelsTests",
            dependencies: ["CPUFeatures", "Compute", "KernelInterface", "TestSupport"],
            exclude: ["isa-lint"],
            swiftSettings: house
        ),
        .testTarget(
            name: "ComputeTests",
            dependencies: ["Compute", "TestSupport"],
            swiftSettings: safe
        ),
        .target(
            name: "NetworkSupport",
            dependencies: ["Compute", "Engine", "Graph", "Models", "OnnxFormat", protobuf],
            path: "Tests/NetworkSupport",
            swiftSettings: safe
        ),
        .testTarget(name: "GraphTests", dependencies: ["Graph"], swiftSettings: safe),
        .testTarget(
            name: "OnnxTests",
            dependencies: [
                "Compute", "Engine", "Files", "Graph", "Models", "NetworkSupport", "Onnx",
                "OnnxFormat", "TestSupport", protobuf,
            ],
            swiftSettings: safe
        ),
        .testTarget(
            name: "EngineTests",
            dependencies: [
                "Compute", "Engine", "Files", "Graph", "KernelInterface", "Models",
                "NetworkSupport",
                "Onnx", "OnnxFormat", "TestSupport", protobuf,
            ],
            swiftSettings: safe
        ),
        .testTarget(
            name: "ModelsTests",
            dependencies: [
                "Compute", "CountingAllocator", "Engine", "Files", "Graph", "Models",
                "NetworkSupport", "Onnx", "OnnxFormat", "TestSupport", protobuf,
            ],
            swiftSettings: safe
        ),
        .testTarget(
            name: "QuantisingTests",
            dependencies: [
                "Compute", "Engine", "Graph", "Onnx", "Quantising", "TestSupport",
            ],
            swiftSettings: safe
        ),
        .testTarget(
            name: "ImagesTests",
            dependencies: ["CPNG", "CPictures", "Images", "TestSupport"],
            resources: [.copy("Golden")],
            swiftSettings: safe
        ),
        .testTarget(name: "RedisTests", dependencies: ["Redis"], swiftSettings: safe),
        .testTarget(
            name: "TensorFormatsTests",
            dependencies: ["CZlib", "TensorFormats", "TestSupport"],
            swiftSettings: safe
        ),
        .testTarget(
            name: "HTTPTests",
            dependencies: ["CLinux", "COpenSSL", "CZlib", "HTTP", "TestSupport"],
            exclude: ["FuzzInputs.txt"],
            swiftSettings: safe
        ),
        .executableTarget(
            name: "http-sample",
            dependencies: ["HTTP"],
            path: "Tests/HTTPSample",
            swiftSettings: safe
        ),
        .testTarget(
            name: "ServiceTests",
            dependencies: [
                "Compute", "Console", "Diagrams", "Engine", "Graph", "HTTP", "Images", "Models",
                "NetworkSupport", "OnnxFormat", "Service", "Telemetry", "TensorFormats", "Texts",
                "TestSupport", logging, protobuf,
            ],
            swiftSettings: safe
        ),
        .testTarget(name: "IntegrationTests", dependencies: ["striate"], swiftSettings: safe),
    ]
}
