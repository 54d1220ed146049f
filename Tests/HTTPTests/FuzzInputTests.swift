import Foundation
import Testing

@testable import HTTP

/// Inputs by which `./dev fuzz` reached new code: a byte for the size of pieces, then a message.
@Suite struct FuzzInputTests {
    @Test func `inputs found by fuzzing are read the same however they are cut`() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "FuzzInputs.txt")
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        #expect(lines.count > 100)
        for line in lines {
            let bytes = try #require(Data(base64Encoded: String(line)))
            let message = Array(bytes.dropFirst())
            let whole = outcomes(of: [message[...]])
            for size in [1, 2, 3, 7, Int(bytes.first ?? 0) + 1] {
                #expect(outcomes(of: pieces(of: message, size: size)) == whole, "\(line)")
            }
        }
    }
}
