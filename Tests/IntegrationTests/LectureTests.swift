import Foundation
import Testing

/// What the README's section "The lecture, by curl" shows is what the program answers.
@Suite(.serialized) struct LectureTests {
    /// A command with the output printed below it; `…` stands for anything.
    struct Example: CustomTestStringConvertible, Sendable {
        let command: String
        let output: String

        var testDescription: String { command }
    }

    private static let examples: [Example] = {
        let file = LiveServer.package.appending(path: "README.md")
        let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
        let section = text.components(separatedBy: "\n## ")
            .first { $0.hasPrefix("The lecture, by curl") }
        return blocks(of: section ?? "").flatMap(examples(in:))
    }()

    /// The lines of every `console` block.
    private static func blocks(of section: String) -> [[Substring]] {
        section.components(separatedBy: "```console\n").dropFirst().map { rest in
            let block = rest.components(separatedBy: "\n```")[0]
            return block.split(separator: "\n")
        }
    }

    private static func examples(in lines: [Substring]) -> [Example] {
        var found: [(command: String, output: String)] = []
        for line in lines {
            if line.hasPrefix("$ ") {
                found.append((String(line.dropFirst(2)), ""))
            } else if let last = found.last, last.command.hasSuffix("\\") {
                found[found.count - 1].command = String(last.command.dropLast() + line)
            } else if !found.isEmpty {
                found[found.count - 1].output += line
            }
        }
        return found.map { Example(command: $0.command, output: $0.output) }
    }

    @Test func `shows every row of the lecture`() {
        #expect(Self.examples.count >= 28)
    }

    @Test(arguments: examples) func `answers as printed`(_ example: Example) throws {
        let server = try LiveServer.shared.get()
        let folder = FileManager.default.temporaryDirectory.appending(path: "striate-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createSymbolicLink(
            at: folder.appending(path: "config"),
            withDestinationURL: LiveServer.package.appending(path: "config")
        )
        let command = example.command.replacing(
            "localhost:8080",
            with: "127.0.0.1:\(server.port)"
        ).replacing("curl ", with: "curl -sS -f -m 300 ")
        let (output, messages) = try LiveServer.run(
            "sh",
            ["-c", "cd '\(folder.path)' && \(command)"]
        )
        #expect(messages.isEmpty, "\(messages)")
        let text = String(decoding: output, as: UTF8.self)
        #expect(matches(text, example.output), "\(text.prefix(2000))")
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path)
        where name != "config" {
            let picture = try Data(contentsOf: folder.appending(path: name))
            let isPicture =
                picture.starts(with: [0x89, 0x50, 0x4E, 0x47])
                || picture.starts(with: Data("<svg".utf8))
                || picture.starts(with: Data("<?xml".utf8))
            #expect(isPicture, "\(name) is no picture")
        }
    }

    /// Whether the pieces between the ellipses follow each other, from the first to the last character.
    private func matches(_ text: String, _ pattern: String) -> Bool {
        func squeezed(_ text: some StringProtocol) -> String {
            String(text.filter { !$0.isWhitespace })
        }
        var rest = squeezed(text)[...]
        let pieces = pattern.split(separator: "…", omittingEmptySubsequences: false).map(squeezed)
        for (index, piece) in pieces.enumerated() where !piece.isEmpty {
            guard let range = rest.range(of: piece),
                index > 0 || range.lowerBound == rest.startIndex
            else { return false }
            rest = rest[range.upperBound...]
        }
        return rest.isEmpty || pieces.last?.isEmpty == true
    }
}
