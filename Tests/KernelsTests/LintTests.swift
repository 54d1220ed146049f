import Foundation
import Testing

@Suite struct LintTests {
    /// The linker keeps one of several weak symbols of a name: none may hold code of a newer processor.
    @Test func `no kernel module leaks its instructions to another`() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        #if DEBUG
        let configuration = "debug"
        #else
        let configuration = "release"
        #endif
        let lint = Process()
        lint.executableURL = root.appending(path: "scripts/isa-lint")
        lint.arguments = [
            root.appending(path: ".build/\(configuration)").path(percentEncoded: false)
        ]
        let output = Pipe()
        lint.standardOutput = output
        lint.standardError = output
        try lint.run()
        let text = String(
            decoding: output.fileHandleForReading.readDataToEndOfFile(),
            as: UTF8.self
        )
        lint.waitUntilExit()
        if lint.terminationStatus == 2 {
            print("skipped: \(text)")
        } else {
            #expect(lint.terminationStatus == 0, "\(text)")
        }
    }
}
