@testable import HTTP

/// The parser must make the same of a message however it is cut.
///
/// The first byte chooses the pieces, the rest is what a client sends.
@Sendable
func fuzzRequests(_ bytes: [UInt8]) {
    guard let first = bytes.first else { return }
    let message = Array(bytes.dropFirst())
    let limits = first & 0x80 == 0 ? Limits() : narrowLimits
    let size = Int(first & 0x7F) + 1
    let whole = outcomes(of: [message[...]], limits: limits, bodyLimit: 1 << 16)
    let cut = outcomes(of: pieces(of: message, size: size), limits: limits, bodyLimit: 1 << 16)
    precondition(whole == cut, "whole: \(whole), in pieces of \(size): \(cut)")
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
