@testable import HTTP

private typealias Target = @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
private typealias Arguments = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

@_silgen_name("LLVMFuzzerRunDriver")
private func runFuzzer(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<Arguments?>,
    _ target: Target
) -> CInt

/// Where the package manager has an executable's main function.
@_cdecl("http_fuzz_main")
public func main(
    _ count: CInt,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> CInt {
    var count = count
    var arguments = unsafe arguments
    return unsafe runFuzzer(&count, &arguments, testOneInput)
}

/// What libFuzzer calls with every input: the parser must make the same of it however it is cut.
///
/// The first byte chooses the pieces, the rest is what a client sends.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer gives `count` bytes.
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    guard let first = bytes.first else { return 0 }
    let message = Array(bytes.dropFirst())
    let limits = first & 0x80 == 0 ? Limits() : narrowLimits
    let size = Int(first & 0x7F) + 1
    let whole = outcomes(of: [message[...]], limits: limits, bodyLimit: 1 << 16)
    let cut = outcomes(of: pieces(of: message, size: size), limits: limits, bodyLimit: 1 << 16)
    precondition(whole == cut, "whole: \(whole), in pieces of \(size): \(cut)")
    return 0
}

/// Limits that short inputs reach.
private let narrowLimits: Limits = {
    var limits = Limits()
    limits.requestLine = 40
    limits.head = 120
    limits.fields = 4
    limits.body = 64
    return limits
}()
