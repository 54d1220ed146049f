import Foundation
import Testing

@Suite struct LintTests {
    /// The linker keeps one of several weak symbols of a name: none may hold code of a newer processor.
    @Test func `no kernel module leaks its instructions to another`() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        // The tests lie beside the object files, whatever the configuration and the build folder.
        let build = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
            .deletingLastPathComponent()
        let lint = Process()
        lint.executableURL = root.appending(path: "Tests/KernelsTests/isa-lint")
        lint.arguments = [build.path(percentEncoded: false)]
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
