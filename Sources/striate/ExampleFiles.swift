import FoundationEssentials
import Glibc
import Graph
import Models
import Quantising
import Service
import TensorFormats

/// Inputs of a model from files and folders on the command line.
struct ExampleFiles {
    private let inputs: ExampleInputs

    init(_ model: Model) {
        inputs = ExampleInputs(for: model)
    }

    /// The first inputs of some files and folders, those of folders by name.
    ///
    /// - Throws: what of a file is wrong, or that there is none.
    func examples(_ paths: [String], most: Int) throws -> [Quantiser.Example] {
        var found: [Quantiser.Example] = []
        for path in try paths.flatMap(Self.files) where found.count < most {
            found += try read(path, most: most - found.count).map { .init(inputs: $0) }
        }
        guard !found.isEmpty else {
            throw EvaluationError.invalidData(
                file: paths.joined(separator: ", "),
                reason: "no inputs are there: pictures, .npy, .txt, .csv or IDX files are read"
            )
        }
        return Array(found.prefix(most))
    }

    /// Pictures with their labels, in IDX's format.
    func labelled(_ images: String, _ labels: String) throws -> [Quantiser.Example] {
        let marks = try IDX.read(labels).values
        let pictures = try pictures(try IDX.read(images), images, most: .max)
        guard marks.count == pictures.count else {
            throw EvaluationError.invalidData(
                file: images,
                reason: "\(pictures.count) pictures, \(marks.count) labels"
            )
        }
        return zip(pictures, marks).map { .init(inputs: $0, label: Int($1)) }
    }

    /// A file, or those of a folder and of the folders in it.
    private static func files(_ path: String) throws -> [String] {
        var isFolder = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw EvaluationError.invalidData(file: path, reason: "is missing")
        }
        guard isFolder else { return [path] }
        let known: Set = ["png", "jpg", "jpeg", "npy", "txt", "csv", "gz"]
        return try FileManager.default.subpathsOfDirectory(atPath: path).sorted()
            .filter { known.contains(($0.split(separator: ".").last ?? "").lowercased()) }
            .map { path + "/" + $0 }
    }

    private func read(_ path: String, most: Int) throws -> [[String: Tensor]] {
        let bytes = try IDX.bytes(path)
        if bytes.starts(with: [0x93, 0x4E, 0x55, 0x4D]) {
            return try inputs.numbers(npy: bytes, name: path)
        }
        if bytes.starts(with: [0x89, 0x50]) || bytes.starts(with: [0xFF, 0xD8]) {
            return [try inputs.picture(bytes, name: path)]
        }
        if bytes.starts(with: [0, 0, 8]) {
            return try pictures(try IDX.read(path), path, most: most)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw EvaluationError.invalidData(
                file: path,
                reason: "is no picture, .npy, IDX or text file"
            )
        }
        return try inputs.text(text, name: path)
    }

    private func pictures(
        _ data: (shape: [Int], values: [UInt8]),
        _ name: String,
        most: Int
    ) throws -> [[String: Tensor]] {
        let shape = data.shape
        guard shape.count == 3, shape.allSatisfy({ $0 > 0 }) else {
            throw EvaluationError.invalidData(file: name, reason: "\(shape) are no pictures")
        }
        let size = shape[1] * shape[2]
        return try (0..<min(most, shape[0])).map { index in
            try inputs.grey(
                Array(data.values[index * size..<(index + 1) * size]),
                width: shape[2],
                height: shape[1]
            )
        }
    }
}

extension IDX {
    /// A file's bytes, unpacked when they are gzipped.
    static func bytes(_ file: String) throws -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: file) else {
            throw EvaluationError.invalidData(file: file, reason: "is missing or unreadable")
        }
        let bytes = [UInt8](data)
        guard bytes.starts(with: [0x1F, 0x8B]) else { return bytes }
        // SAFETY: an array of bytes has no padding that could be read.
        return try unsafe Gunzip.decompress(bytes.span.bytes, limit: 1 << 30)
    }

    static func read(_ file: String) throws -> (shape: [Int], values: [UInt8]) {
        let bytes = try bytes(file)
        // SAFETY: an array of bytes has no padding that could be read.
        return try unsafe decode(bytes.span.bytes)
    }
}
