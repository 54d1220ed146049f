import Graph
import TensorFormats
import Texts

extension JSONWriter {
    mutating func member(_ name: String, _ value: String) {
        key(name)
        string(value)
    }

    /// A tensor's elements as one flat array.
    ///
    /// - Throws: `nonFiniteResult`, unless such numbers are written, and `json` for texts that are not UTF-8.
    mutating func flat(_ elements: Tensor.Elements, output: String) throws(ServiceError) {
        do throws(JSONError) {
            switch elements {
            case .floats(let values): try array(of: values.span)
            case .doubles(let values): try array(of: values)
            case .halves(let values):
                let floats = values.map { Float($0) }
                try array(of: floats.span)
            case .bfloats(let values):
                let floats = values.map(\.float)
                try array(of: floats.span)
            case .integers(let values): array(of: values)
            case .int32(let values): array(of: values)
            case .int16(let values): array(of: values)
            case .int8(let values): array(of: values)
            case .uint64(let values): array(of: values)
            case .uint32(let values): array(of: values)
            case .uint16(let values): array(of: values)
            case .uint8(let values): array(of: values)
            case .booleans(let values):
                beginArray()
                for value in values { boolean(value) }
                endArray()
            case .strings(let values): try texts(values, output)
            }
        } catch .nonFinite(let index) {
            throw .nonFiniteResult(output: output, index: index)
        } catch {
            throw .json(error)
        }
    }

    private mutating func texts(_ values: [[UInt8]], _ output: String) throws(JSONError) {
        beginArray()
        for value in values {
            guard let text = String(validating: value, as: UTF8.self) else {
                throw .invalid(
                    reason: "The output \(quoted(output)) holds bytes that are not UTF-8 text; "
                        + "ask for it with \"binary_data\": true.",
                    at: JSONPosition(offset: 0, line: 1, column: 1)
                )
            }
            string(text)
        }
        endArray()
    }
}
