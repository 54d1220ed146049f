import Foundation
public import Testing

/// Holds the inputs by which `./dev fuzz` reached new code against their target's rules; one that breaks a rule traps.
///
/// They lie in `Tests/Fuzz/Inputs/<name>.txt`, one a line, in base64.
public func holdFoundInputs(
    of name: String,
    _ target: ([UInt8]) -> Void,
    sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Fuzz/Inputs/\(name).txt")
    let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
    #expect(lines.count >= 20, sourceLocation: sourceLocation)
    for line in lines { target(Array(try #require(Data(base64Encoded: String(line))))) }
}
