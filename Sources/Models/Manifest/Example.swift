import Files
import Glibc
import Graph

/// An input to try a model with: a file that the model's routes take as a request's body.
public struct Example: Sendable {
    /// The formats that routes read, as file names end.
    public enum Format: String, CaseIterable, Sendable {
        case csv, jpeg, jpg, json, npy, png, txt
    }

    public let name: String
    public let format: Format
    public let bytes: [UInt8]

    static let folder = "examples"
    /// Files of a model, and bytes of one: they stay in memory as long as the model.
    static let most = 32
    static let largest = 1 << 20

    /// Reads the files that a manifest names in the folder `examples` beside it.
    static func read(
        _ names: [String],
        in files: ModelFiles,
        field: String
    ) throws(ModelError) -> [Example] {
        guard names.count <= most, Set(names).count == names.count else {
            throw .invalidManifest(
                field: field,
                expected: "at most \(most) different names",
                got: "\(names.count) names"
            )
        }
        var examples: [Example] = []
        for name in names {
            examples.append(try Example(name, in: files, field: field))
        }
        return examples
    }

    private init(_ name: String, in files: ModelFiles, field: String) throws(ModelError) {
        let ending = name.split(separator: ".", omittingEmptySubsequences: false).last ?? ""
        guard Manifest.isName(name), !name.hasPrefix("."),
            let format = Format(rawValue: ending.lowercased())
        else {
            let endings = Format.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalidManifest(
                field: field,
                expected: "names of files in \(Self.folder)/ that end in one of \(endings)",
                got: "\"\(name)\""
            )
        }
        let bytes = [UInt8](try files.text("\(Self.folder)/\(name)", largest: Self.largest))
        guard !bytes.isEmpty else {
            throw .file(name: name, reason: "is empty; an example has 1 byte to 1 MiB")
        }
        (self.name, self.format, self.bytes) = (name, format, bytes)
    }
}
