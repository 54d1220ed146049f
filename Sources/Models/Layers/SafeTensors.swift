import Files
import Foundation
import Graph

/// Reads the safetensors format: a JSON header of names, shapes and byte ranges, then little-endian data.
///
/// Every way the file can contradict itself is an error: the lengths are checked before they are used.
enum SafeTensors {
    /// Largest header taken; one tensor has about a hundred bytes there.
    private static let maximumHeader = 16 << 20

    static func read(_ name: String, in files: ModelFiles) throws(ModelError) -> [String: Tensor] {
        let file = try files.weights(name)
        if let mistake = try FileMistakes.description(of: file, isSafeTensors: true) {
            throw .file(name: name, reason: mistake)
        }
        // Once as bytes and once as numbers.
        let (size, overflow) = file.size.multipliedReportingOverflow(by: 2)
        try files.take(overflow ? .max : size, for: name)
        let data = Data(try file.bytes(0..<file.size))
        let header = min(headerLength(data) ?? 0, UInt64(maximumHeader))
        try files.take(Int(header) * JSONValue.growth, for: name)
        return try decode(data)
    }

    /// Tensors by name; only F32 is served.
    static func decode(_ data: Data) throws(ModelError) -> [String: Tensor] {
        guard let length = headerLength(data) else {
            throw .invalidWeights("the file is shorter than its header")
        }
        guard length <= UInt64(maximumHeader) else {
            throw .invalidWeights(
                "this is no safetensors file: its header would have \(length) bytes"
            )
        }
        guard length <= UInt64(data.count - 8) else {
            throw .invalidWeights(
                "the file is cut off: its header has \(length) bytes, the file \(data.count)"
            )
        }
        let body = data.dropFirst(8 + Int(length))
        let header = data.dropFirst(8).prefix(Int(length))
        guard JSONValue.depth(header) <= JSONValue.deepest,
            let value = try? JSONDecoder().decode(JSONValue.self, from: header)
        else {
            throw .invalidWeights("the header is not valid JSON")
        }
        guard case .object(let entries) = value else {
            throw .invalidWeights("the header is not an object")
        }
        var tensors: [String: Tensor] = [:]
        for (name, entry) in entries where name != "__metadata__" {
            tensors[name] = try tensor(named: name, entry, in: body)
        }
        return tensors
    }

    /// What the first eight bytes say.
    private static func headerLength(_ data: Data) -> UInt64? {
        guard data.count >= 8 else { return nil }
        return data.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    }

    private static func tensor(
        named name: String,
        _ entry: JSONValue,
        in body: Data
    ) throws(ModelError) -> Tensor {
        var fields = try JSONFields(entry, at: "model.safetensors: \(name)")
        let type = try fields.requiredString("dtype")
        guard type == "F32" else { throw .invalidWeights("\"\(name)\" is \(type), expected F32") }
        let dimensions = try integers(&fields, "shape")
        let range = try integers(&fields, "data_offsets")
        let shape = Shape(dimensions)
        guard range.count == 2, range[1] <= body.count else {
            throw .invalidWeights(
                "the file is cut off: \"\(name)\" lies at \(range) of \(body.count) bytes"
            )
        }
        guard let count = shape.checkedCount, count <= body.count, range[1] - range[0] == count * 4
        else {
            throw .invalidWeights("\"\(name)\" of shape \(shape) does not fit its range \(range)")
        }
        let bytes = body.dropFirst(range[0]).prefix(count * 4)
        // SAFETY: the prefix holds exactly `count` little-endian words, as checked above.
        let values = unsafe bytes.withUnsafeBytes { raw in
            (0..<count).map { index in
                let word = unsafe raw.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self)
                return Float(bitPattern: UInt32(littleEndian: word))
            }
        }
        guard values.allSatisfy(\.isFinite) else {
            throw .invalidWeights("\"\(name)\" holds numbers that are not finite")
        }
        return Tensor(shape: shape, floats: values)
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
