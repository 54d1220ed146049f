import Foundation
import Testing

@testable import HTTP

@Suite struct ConformanceTests {
    @Test func `every case of conformance.py is as expected`() throws {
        let script = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Conformance/conformance.py")
        var limits = Limits()
        limits.linger = .seconds(2)
        try withServer(limits: limits) { server, _ in
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/env")
            process.arguments = ["python3", "-I", script.path, String(server.port)]
            let output = Pipe()
            process.standardOutput = output
            try process.run()
            let text = String(
                decoding: output.fileHandleForReading.readDataToEndOfFile(),
                as: UTF8.self
            )
            process.waitUntilExit()
            #expect(process.terminationStatus == 0, "\(text)")
            #expect(text.contains("110 of 110"), "\(text)")
        }
    }
}
