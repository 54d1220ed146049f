// swift-tools-version: 6.2
import PackageDescription

/// What every target is compiled with: Swift 6 mode, and no warning left standing.
let house: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]
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

let package = Package(
    name: "striate",
    targets: kernelTargets + [
        .target(name: "KernelInterface"),
        .target(name: "CPUFeatures"),
        .target(
            name: "Compute",
            dependencies: ["CPUFeatures", "KernelInterface"]
                + kernelTargets.map { .byName(name: $0.name) },
            swiftSettings: safe
        ),
        .target(name: "Inference", dependencies: ["Compute", "KernelInterface"], swiftSettings: safe),
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: safe),
        .testTarget(
            name: "InferenceTests", dependencies: ["Compute", "Inference", "TestSupport"],
            swiftSettings: safe
        ),
    ]
)
