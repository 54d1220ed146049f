import Foundation
import Testing

/// The built program, serving the shipped models on a free port until it is let go of.
final class LiveServer: Sendable {
    /// The port for HTTP, and if there is one, that for HTTPS.
    let ports: [Int]
    var port: Int { ports[0] }
    let process: Process
    private let folder: URL

    /// The package's folder.
    static let package = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// One server for the tests that do not end it.
    static let shared: Result<LiveServer, any Error> = Result {
        let server = try LiveServer()
        atexit { try? LiveServer.shared.get().process.terminate() }
        return server
    }

    /// The program in BINARY_UNDER_TEST, else the one beside the tests' own.
    static func program() throws -> URL {
        if let path = ProcessInfo.processInfo.environment["BINARY_UNDER_TEST"] {
            return URL(filePath: path)
        }
        var folder = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        while folder.path != "/" {
            folder.deleteLastPathComponent()
            let program = folder.appending(path: "striate")
            if FileManager.default.isExecutableFile(atPath: program.path) { return program }
        }
        let built = package.appending(path: ".build/debug/striate")
        try #require(FileManager.default.isExecutableFile(atPath: built.path))
        return built
    }

    init(_ arguments: [String] = []) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "striate-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let ready = folder.appending(path: "port")
        let log = folder.appending(path: "log")
        try Data().write(to: log)
        process = Process()
        process.executableURL = try Self.program()
        // Not the package's folder: the models must be found all the same.
        process.currentDirectoryURL = folder
        process.arguments =
            [
                "serve", "--port", "0", "--ready-file", ready.path, "--log-format", "json",
            ] + arguments
        process.standardError = try FileHandle(forWritingTo: log)
        try process.run()
        ports = try Self.ports(in: ready, of: process)
    }

    deinit {
        if process.isRunning { process.terminate() }
        try? FileManager.default.removeItem(at: folder)
    }

    /// What the server has logged, one JSON object per line.
    var log: String {
        (try? String(contentsOf: folder.appending(path: "log"), encoding: .utf8)) ?? ""
    }

    private static func ports(in file: URL, of process: Process) throws -> [Int] {
        let end = Date() + 600
        while Date() < end && process.isRunning {
            let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
            let ports = text.split(separator: "\n").compactMap { Int($0) }
            if !ports.isEmpty { return ports }
            usleep(10_000)
        }
        throw CocoaError(.executableLoad)
    }
}

/// What curl printed and got.
struct Fetched {
    let status: Int
    let body: Data
    /// The head of the last reply.
    let head: String
    /// curl's own messages.
    let messages: String

    var text: String { String(decoding: body, as: UTF8.self) }

    func json() throws -> [String: Any] {
        let value = try JSONSerialization.jsonObject(with: body)
        return try #require(value as? [String: Any])
    }
}

extension LiveServer {
    /// Runs curl on a path; `body` goes over standard input.
    func curl(_ path: String, _ arguments: [String] = [], body: Data? = nil) throws -> Fetched {
        let head = folder.appending(path: "\(UUID()).head")
        let input = folder.appending(path: "\(UUID()).body")
        defer {
            try? FileManager.default.removeItem(at: head)
            try? FileManager.default.removeItem(at: input)
        }
        var all = ["-sS", "-m", "300", "--path-as-is", "-D", head.path] + arguments
        if let body {
            try body.write(to: input)
            all += ["--data-binary", "@\(input.path)"]
        }
        let (output, messages) = try Self.run("curl", all + ["http://127.0.0.1:\(port)\(path)"])
        let text = (try? String(contentsOf: head, encoding: .utf8)) ?? ""
        let last = text.components(separatedBy: "HTTP/1.1 ").last ?? ""
        return Fetched(
            status: Int(last.prefix(3)) ?? 0,
            body: output,
            head: last,
            messages: messages
        )
    }

    /// Runs a program from the search path to its end.
    static func run(_ name: String, _ arguments: [String]) throws -> (Data, String) {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [name] + arguments
        let output = Pipe(), messages = Pipe()
        process.standardOutput = output
        process.standardError = messages
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        let errors = messages.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (data, String(decoding: errors, as: UTF8.self))
    }

    /// A file below config/models.
    static func model(_ path: String) throws -> Data {
        try Data(contentsOf: package.appending(path: "config/models/\(path)"))
    }
}
