import Foundation
import Testing

/// What the console blocks of README and docs show is what the program answers.
@Suite(.serialized) struct DocumentTests {
    /// A document, whose commands run one after the other in one folder.
    struct Document: CustomTestStringConvertible, Sendable {
        let name: String
        let examples: [Example]

        var testDescription: String { name }
    }

    /// A command with the output printed below it; `…` stands for anything.
    struct Example: Sendable {
        let command: String
        let output: String
    }

    private static let documents: [Document] = {
        let docs = LiveServer.package.appending(path: "docs")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: docs.path)) ?? []
        // What needs Python's packages is run by Tests/Documents/run.
        let pages = names.sorted().filter { $0.hasSuffix(".md") && $0 != "serve-your-model.md" }
        return (["README.md"] + pages.map { "docs/\($0)" }).compactMap { name in
            let file = LiveServer.package.appending(path: name)
            let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
            let examples = blocks(of: text).flatMap(examples(in:))
            return examples.isEmpty ? nil : Document(name: name, examples: examples)
        }
    }()

    /// The lines of every `console` block.
    private static func blocks(of text: String) -> [[Substring]] {
        text.components(separatedBy: "```console\n").dropFirst().map { rest in
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

    @Test func `every row of the lecture is shown`() {
        let lecture = Self.documents.first { $0.name == "docs/lecture.md" }
        #expect(lecture?.examples.count ?? 0 >= 28)
        #expect(Set(Self.documents.map(\.name)).isSuperset(of: ["README.md", "docs/http.md"]))
    }

    @Test(arguments: documents) func `answers as printed`(_ document: Document) throws {
        let server = try LiveServer.shared.get()
        let folder = FileManager.default.temporaryDirectory.appending(path: "striate-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createSymbolicLink(
            at: folder.appending(path: "config"),
            withDestinationURL: LiveServer.package.appending(path: "config")
        )
        let program = try LiveServer.program().path
        for example in document.examples {
            let command = example.command.replacing(
                "localhost:8080",
                with: "127.0.0.1:\(server.port)"
            ).replacing("curl ", with: "curl -sS -m 300 ")
                .replacing(#/^striate /#, with: "'\(program)' ")
            let (output, messages) = try LiveServer.run(
                "sh",
                ["-c", "cd '\(folder.path)' && \(command)"]
            )
            // The program's own commands show how far they are.
            let isQuiet = messages.isEmpty || example.command.hasPrefix("striate ")
            #expect(isQuiet, "\(example.command): \(messages)")
            let text = String(decoding: output, as: UTF8.self)
            #expect(
                matches(text, example.output),
                "\(example.command)\n\(text.prefix(2000))"
            )
        }
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path)
        where name.hasSuffix(".png") || name.hasSuffix(".svg") {
            let picture = try Data(contentsOf: folder.appending(path: name))
            let isPicture =
                picture.starts(with: [0x89, 0x50, 0x4E, 0x47])
                || picture.starts(with: Data("<svg".utf8))
                || picture.starts(with: Data("<?xml".utf8))
            #expect(isPicture, "\(name) is no picture")
        }
    }

    @Test(arguments: ["settings", "errors"])
    func `tables of the code are those of the documents`(_ page: String) throws {
        let (made, _) = try LiveServer.run(LiveServer.program().path, ["document", page])
        let file = LiveServer.package.appending(path: "docs/\(page).md")
        let written = try Data(contentsOf: file)
        #expect(Data(made) == written, "make it anew: striate document \(page) > docs/\(page).md")
    }

    /// Paths in round brackets behind square ones; what leads to other hosts is not looked at.
    @Test func `links between documents lead to files`() throws {
        let folders = ["", "docs", "docs/decisions", "Tests"].map {
            LiveServer.package.appending(path: $0)
        }
        let files = try folders.flatMap {
            try FileManager.default.contentsOfDirectory(at: $0, includingPropertiesForKeys: nil)
        }
        for file in files where file.pathExtension == "md" {
            let text = try String(contentsOf: file, encoding: .utf8)
            for link in text.matches(of: /\]\(([^)\s#]+)[^)]*\)/) where !link.1.contains(":") {
                let target = file.deletingLastPathComponent().appending(path: String(link.1))
                #expect(
                    FileManager.default.fileExists(atPath: target.path),
                    "\(file.lastPathComponent): \(link.1)"
                )
            }
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
