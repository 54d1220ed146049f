import Files
import Glibc
import Graph

/// Reads the safetensors format: a JSON header of names, shapes and byte ranges, then little-endian data.
///
/// Every way the file can contradict itself is an error: the lengths are checked before they are used.
struct SafeTensors {
    /// Largest header taken; one tensor has about a hundred bytes there.
    private static let maximumHeader = 16 << 20

    /// Files from this size on stay where they are: packed weights stand for most of their numbers.
    private static let smallestFile = 1 << 20
    /// Tensors of such a file from this many bytes on are read when they are needed.
    private static let smallestTensor = 64 << 10

    /// Bytes of the file.
    let size: Int
    let bytes: @Sendable (Range<Int>) throws(ModelError) -> [UInt8]
    let floats: @Sendable (Range<Int>) throws(ModelError) -> [Float]

    static func read(_ name: String, in files: ModelFiles) throws(ModelError) -> [String: Tensor] {
        let file = try files.weights(name)
        if let mistake = try FileMistakes.description(of: file, isSafeTensors: true) {
            throw .file(name: name, reason: mistake)
        }
        let source = SafeTensors(
            size: file.size,
            bytes: { (range) throws(ModelError) in try file.bytes(range) },
            floats: { (range) throws(ModelError) in try file.numbers(range) }
        )
        return try source.tensors { (bytes) throws(ModelError) in try files.take(bytes, for: name) }
    }

    /// Tensors by name; only F32 is served.
    ///
    /// `take` is told how many bytes are about to be taken.
    func tensors(
        _ take: (Int) throws(ModelError) -> Void = { (_) throws(ModelError) in }
    ) throws(ModelError) -> [String: Tensor] {
        guard size >= 8 else { throw .invalidWeights("the file is shorter than its header") }
        let length = try bytes(0..<8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard length <= UInt64(Self.maximumHeader) else {
            throw .invalidWeights(
                "this is no safetensors file: its header would have \(length) bytes"
            )
        }
        guard length <= UInt64(size - 8) else {
            throw .invalidWeights(
                "the file is cut off: its header has \(length) bytes, the file \(size)"
            )
        }
        let body = 8 + Int(length)
        try take(Int(length) * JSONValue.growth)
        let text = try bytes(8..<body)
        guard let value = try? JSONValue(text) else {
            throw .invalidWeights("the header is not valid JSON")
        }
        guard case .object(let entries) = value else {
            throw .invalidWeights("the header is not an object")
        }
        var tensors: [String: Tensor] = [:]
        // PyTorch counts the batches of its normalisations, which nothing needs.
        for (name, entry) in entries
        where name != "__metadata__" && !name.hasSuffix(".num_batches_tracked") {
            tensors[name] = try tensor(named: name, entry, body: body, take)
        }
        return tensors
    }

    private func tensor(
        named name: String,
        _ entry: JSONValue,
        body: Int,
        _ take: (Int) throws(ModelError) -> Void
    ) throws(ModelError) -> Tensor {
        var fields = try JSONFields(entry, at: "model.safetensors: \(name)")
        let type = try fields.requiredString("dtype")
        guard type == "F32" else { throw .invalidWeights("\"\(name)\" is \(type), expected F32") }
        let dimensions = try Self.integers(&fields, "shape")
        let range = try Self.integers(&fields, "data_offsets")
        let shape = Shape(dimensions)
        guard range.count == 2, range[1] <= size - body else {
            throw .invalidWeights(
                "the file is cut off: \"\(name)\" lies at \(range) of \(size - body) bytes"
            )
        }
        guard let count = shape.checkedCount, count <= size, range[1] - range[0] == count * 4
        else {
            throw .invalidWeights("\"\(name)\" of shape \(shape) does not fit its range \(range)")
        }
        let start = body + range[0]
        let read: StoredFloats.Maker = { [floats] part throws(ModelError) in
            try floats(start + 4 * part.lowerBound..<start + 4 * part.upperBound)
        }
        // Packed weights take as much, if not the numbers themselves.
        try take(4 * count)
        if size < Self.smallestFile || 4 * count < Self.smallestTensor {
            let values = try read(0..<count)
            try Self.check(values, name)
            return Tensor(shape: shape, floats: values)
        }
        for first in stride(from: 0, to: count, by: Self.checkedAtOnce) {
            try Self.check(read(first..<min(count, first + Self.checkedAtOnce)), name)
        }
        return Tensor(shape: shape, stored: StoredFloats(count: count, makePart: read))
    }

    /// Numbers of a stored tensor that are looked at together.
    private static let checkedAtOnce = 1 << 18

    private static func check(_ values: [Float], _ name: String) throws(ModelError) {
        guard values.allSatisfy(\.isFinite) else {
            throw .invalidWeights("\"\(name)\" holds numbers that are not finite")
        }
    }

    private static func integers(
        _ fields: inout JSONFields,
        _ name: String
    ) throws(ModelError) -> [Int] {
        let numbers = try fields.doubles(name) ?? []
        guard numbers.allSatisfy({ $0 == $0.rounded() && $0 >= 0 && $0 < 1e15 }) else {
            throw .invalidWeights("\(fields.path), \(name): not a list of sizes")
        }
        return numbers.map { Int($0) }
    }
}
