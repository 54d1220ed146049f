import Compute
import Graph
import TensorFormats

extension JSONReader {
    /// Reads nested or flat elements of a type; at most `limit` of them, and of float32 in one pass into the tensor.
    mutating func elements(
        as datatype: Datatype,
        limit: Int
    ) throws(JSONError) -> (shape: [Int], elements: Tensor.Elements) {
        switch datatype {
        case .float32:
            let read = try tensor(limit: limit)
            return (read.shape, .floats(read.values))
        case .float64:
            let read = try doubles(limit: limit)
            return (read.shape, .doubles(read.values))
        case .float16:
            let read = try shortFloats(.half, limit: limit)
            return (read.shape, .halves(read.values.map { Float16($0) }))
        case .bfloat16:
            let read = try shortFloats(.brain, limit: limit)
            return (read.shape, .bfloats(read.values.map { BFloat16($0) }))
        case .bool:
            let read = try booleans(limit: limit)
            return (read.shape, .booleans(read.values))
        case .bytes:
            let read = try elements("texts", limit: limit) { (reader) throws(JSONError) in
                try reader.textBytes()
            }
            return (read.shape, .strings(read.values))
        default: return try integers(as: datatype, limit: limit)
        }
    }

    private mutating func integers(
        as datatype: Datatype,
        limit: Int
    ) throws(JSONError) -> (shape: [Int], elements: Tensor.Elements) {
        func read<Value: FixedWidthInteger & Sendable>(
            _ wrap: ([Value]) -> Tensor.Elements
        ) throws(JSONError) -> (shape: [Int], elements: Tensor.Elements) {
            let read = try elements(of: Value.self, limit: limit)
            return (read.shape, wrap(read.values))
        }
        return switch datatype {
        case .uint8: try read(Tensor.Elements.uint8)
        case .uint16: try read(Tensor.Elements.uint16)
        case .uint32: try read(Tensor.Elements.uint32)
        case .uint64: try read(Tensor.Elements.uint64)
        case .int8: try read(Tensor.Elements.int8)
        case .int16: try read(Tensor.Elements.int16)
        case .int32: try read(Tensor.Elements.int32)
        default: try read(Tensor.Elements.integers)
        }
    }
}

extension JSONReader {
    /// A text as its bytes, or `{"b64": "…"}`.
    mutating func textBytes() throws(JSONError) -> [UInt8] {
        guard try peek() == .object else { return Array(try string().utf8) }
        var bytes: [UInt8]?
        try object { (key, reader) throws(JSONError) in
            guard key == "b64" else { throw reader.unknownKey(key, known: ["b64"]) }
            let text = try reader.string()
            do throws(Base64Error) { bytes = try Base64.decode(text) } catch {
                throw reader.invalid(error.description)
            }
        }
        guard let bytes else { throw missingKey("b64") }
        return bytes
    }
}
