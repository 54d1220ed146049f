import Foundation
import Testing

/// Inputs by which `./dev fuzz` reached new code, held against the same rules; one that breaks a rule traps.
@Suite struct FuzzInputTests {
    private static let targets: [(String, @Sendable ([UInt8]) -> Void)] = [
        ("json", fuzzJSON), ("multipart", fuzzMultipart), ("arrays", fuzzArrays),
    ]

    @Test func `inputs found by fuzzing break no rule`() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Fuzz/Inputs")
        for (name, target) in Self.targets {
            let file = folder.appending(path: name + ".txt")
            let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
            #expect(lines.count >= 20)
            for line in lines { target(Array(try #require(Data(base64Encoded: String(line))))) }
        }
    }
}
