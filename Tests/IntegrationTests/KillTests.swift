import Foundation
import Testing

@Suite struct KillTests {
    @Test func `killed, without room for logs or without models, nothing is served wrong`() throws {
        let script = LiveServer.package.appending(path: "Tests/Soak/kill.py").path
        let program = try LiveServer.program().path
        let (output, messages) = try LiveServer.run("python3", [script, program])
        let text = String(decoding: output, as: UTF8.self)
        #expect(text.split(separator: "\n").filter { $0.hasPrefix("holds") }.count == 3)
        #expect(!text.contains("BROKEN"), "\(text) \(messages)")
    }
}
