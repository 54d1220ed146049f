import Foundation

private typealias Target = @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
private typealias Arguments = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

@_silgen_name("LLVMFuzzerRunDriver")
private func runFuzzer(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<Arguments?>,
    _ target: Target
) -> CInt

/// What can be fuzzed: each takes one input and traps where a rule is broken.
private let targets: [String: @Sendable ([UInt8]) -> Void] = [
    "requests": fuzzRequests, "multipart": fuzzMultipart, "json": fuzzJSON,
    "pictures": fuzzPictures,
    "arrays": fuzzArrays, "bodies": fuzzBodies,
]

private let target = targets[ProcessInfo.processInfo.environment["FUZZ_TARGET"] ?? "requests"]

/// Where the package manager has an executable's main function.
@_cdecl("fuzzer_main")
public func main(
    _ count: CInt,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> CInt {
    guard target != nil else {
        print("FUZZ_TARGET is one of \(targets.keys.sorted().joined(separator: ", "))")
        return 64
    }
    var count = count
    var arguments = unsafe arguments
    return unsafe runFuzzer(&count, &arguments, testOneInput)
}

/// What libFuzzer calls with every input.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer gives `count` bytes.
    target?(unsafe Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
}
