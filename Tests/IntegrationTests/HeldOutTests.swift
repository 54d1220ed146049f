import Foundation
import Testing

/// The shipped models' scores, by the built program's own arithmetic on the whole of their held-out data.
@Suite struct HeldOutTests {
    private func run(_ program: String, _ arguments: [String]) throws -> (String, Int32) {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (String(decoding: data, as: UTF8.self), process.terminationStatus)
    }

    private func check(_ arguments: [String]) throws -> String {
        let (output, status) = try run(LiveServer.program().path, ["check"] + arguments)
        try #require(status == 0, "\(output)")
        return output
    }

    private func model(_ name: String) -> URL {
        LiveServer.package.appending(path: "config/models/\(name)")
    }

    /// The number after a label, such as "accuracy: 93.69 %".
    private func number(after label: String, in text: String) -> Double? {
        text.split(separator: "\n").first { $0.hasPrefix(label) }?
            .dropFirst(label.count).split(separator: " ").first.flatMap { Double($0) }
    }

    @Test(arguments: ["fashion", "fashion-local", "fashion-tiled"])
    func `clothing is recognised in 93 percent of all 10,000 test pictures`(
        _ name: String
    ) throws {
        let data = "/usr/share/datasets/fashion-mnist/t10k"
        try #require(FileManager.default.fileExists(atPath: "\(data)-images-idx3-ubyte.gz"))
        let output = try check([
            model(name).path, "--images", "\(data)-images-idx3-ubyte.gz",
            "--labels", "\(data)-labels-idx1-ubyte.gz",
        ])
        let accuracy = try #require(number(after: "accuracy:", in: output))
        #expect(accuracy >= 93)
        #expect(output.contains("of 10000"))
        print("\(name): \(accuracy) % of 10,000 test pictures")
    }

    /// The models of the King James text, and how many bits a character of held-out chapters may take.
    private static let scriptures: [(name: String, bits: Double)] = [
        ("scripture", 1.50), ("scripture-jordan", 1.51), ("scripture-lstm", 1.50),
        ("scripture-gru", 1.45),
    ]

    @Test func `the networks of the King James text score as their READMEs say`() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "striate-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let recipe = model("scripture").appending(path: "recipe/text.py").path
        let script = "cd '\(folder.path)' && PYTHONDONTWRITEBYTECODE=1 python3 '\(recipe)'"
        let (_, status) = try run("/bin/sh", ["-c", script])
        try #require(status == 0, "the King James text of package bible-kjv is needed")
        for (name, most) in Self.scriptures {
            let output = try check([
                model(name).path, "--text", folder.appending(path: "held-out.txt").path,
            ])
            let bits = try #require(number(after: "bits per symbol:", in: output))
            #expect(bits <= most)
            let readme = try String(
                contentsOf: model(name).appending(path: "README.md"),
                encoding: .utf8
            )
            let stated = (bits * 10_000).rounded() / 10_000
            #expect(readme.contains("\(stated)"), "\(name): \(bits)")
            print("\(name): \(bits) bits per character of held-out text")
        }
    }
}
