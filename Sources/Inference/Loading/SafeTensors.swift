import Compute
import Foundation

/// Reads the safetensors format: a JSON header of names, shapes and byte ranges, then little-endian data.
///
/// Every way the file can contradict itself is an error: the lengths are checked before they are used.
enum SafeTensors {
    /// Largest header taken, as in the reference implementation.
    private static let maximumHeader = 100_000_000

    static func read(_ file: URL) throws(ModelError) -> [String: Tensor] {
        try decode(readFile(file))
    }

    /// Tensors by name; only F32 is served.
    static func decode(_ data: Data) throws(ModelError) -> [String: Tensor] {
        guard data.count >= 8 else { throw .invalidWeights("the file is shorter than its header") }
        let length = data.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard length <= UInt64(maximumHeader), length <= UInt64(data.count - 8) else {
            throw .invalidWeights(
                "the header's length is \(length), the file has \(data.count) bytes"
            )
        }
        let body = data.dropFirst(8 + Int(length))
        let header = data.dropFirst(8).prefix(Int(length))
        guard let value = try? JSONDecoder().decode(JSONValue.self, from: header) else {
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
        guard let count = shape.checkedCount, count <= body.count, range.count == 2, range[0] >= 0,
            range[1] - range[0] == count * 4, range[1] <= body.count
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
