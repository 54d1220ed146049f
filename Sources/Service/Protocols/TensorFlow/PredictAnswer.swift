import Compute
import Graph
import Models
import TensorFormats

/// Outputs as a predict request's format asks for them.
///
/// As TensorFlow Serving does, NaN and infinities are written as bare words, and texts of outputs whose names end
/// in `_bytes` as `{"b64": "…"}`.
struct PredictAnswer {
    let outputs: [(name: String, tensor: Tensor)]
    private let room: AnswerRoom

    /// Counts the text before it is made.
    init(_ outputs: [(name: String, tensor: Tensor)], of model: Model) throws(ServiceError) {
        self.outputs = outputs
        room = model.answerRoom()
        try room.take(outputs)
        for (_, tensor) in outputs {
            try room.take(
                // Brackets around every number, where rows have one each.
                bytes: tensor.elements.mostTextBytes + 3 * tensor.shape.count,
                for: "ask for less at once"
            )
        }
    }

    /// `{"outputs": …}`: one tensor, or an object of several.
    func columns() throws(ServiceError) -> Answer {
        var writer = JSONWriter(reservingCapacity: 256)
        writer.beginObject()
        writer.key("outputs")
        if let only = outputs.first, outputs.count == 1 {
            try writer.nested(only.tensor, only.name)
        } else {
            writer.beginObject()
            for (name, tensor) in outputs {
                writer.key(name)
                try writer.nested(tensor, name)
            }
            writer.endObject()
        }
        writer.endObject()
        return Answer(.json, body: writer.bytes)
    }

    /// `{"predictions": […]}`: a value for each row, or an object of several outputs' values.
    func rows() throws(ServiceError) -> Answer {
        var writer = JSONWriter(reservingCapacity: 256)
        writer.beginObject()
        writer.key("predictions")
        if let only = outputs.first, outputs.count == 1, only.tensor.shape.rank > 0 {
            try writer.nested(only.tensor, only.name)
        } else {
            try writeRows(to: &writer)
        }
        writer.endObject()
        return Answer(.json, body: writer.bytes)
    }

    private func writeRows(to writer: inout JSONWriter) throws(ServiceError) {
        let counts = Set(outputs.map { $0.tensor.shape.dimensions.first ?? -1 })
        guard let rows = counts.first, counts.count == 1, rows >= 0 else {
            throw .invalidValue(
                field: "instances",
                expected: "\"inputs\", as the outputs are not one value for each row",
                got: "instances"
            )
        }
        writer.beginArray()
        for row in 0..<rows {
            writer.beginObject()
            for (name, tensor) in outputs {
                writer.key(name)
                try writer.row(row, of: tensor, name)
            }
            writer.endObject()
        }
        writer.endArray()
    }
}

extension JSONWriter {
    /// Nested arrays, one level for each dimension.
    mutating func nested(_ tensor: Tensor, _ output: String) throws(ServiceError) {
        if case .floats(let values) = tensor.elements, values.allSatisfy(\.isFinite) {
            do throws(JSONError) {
                return try self.tensor(shape: tensor.shape.dimensions, values: values.span)
            } catch {
                throw .json(error)
            }
        }
        var next = 0
        try nested(tensor.shape.dimensions[...], tensor.elements, &next, output: output)
    }

    /// One row of the first dimension.
    mutating func row(_ row: Int, of tensor: Tensor, _ output: String) throws(ServiceError) {
        let shape = tensor.shape.dimensions.dropFirst()
        var next = row * shape.reduce(1, *)
        try nested(shape, tensor.elements, &next, output: output)
    }

    private mutating func nested(
        _ shape: ArraySlice<Int>,
        _ elements: Tensor.Elements,
        _ next: inout Int,
        output: String
    ) throws(ServiceError) {
        guard let length = shape.first else {
            try element(elements, next, output)
            next += 1
            return
        }
        beginArray()
        for _ in 0..<length { try nested(shape.dropFirst(), elements, &next, output: output) }
        endArray()
    }

    private mutating func element(
        _ elements: Tensor.Elements,
        _ index: Int,
        _ output: String
    ) throws(ServiceError) {
        switch elements {
        case .booleans(let values): boolean(values[index])
        case .strings(let values):
            if output.hasSuffix("_bytes") {
                beginObject()
                member("b64", Base64.encode(values[index]))
                endObject()
            } else if let text = String(validating: values[index], as: UTF8.self) {
                string(text)
            } else {
                throw .invalidText(field: output)
            }
        default: raw(Self.word(elements.text(at: index)).utf8)
        }
    }

    /// Swift's words for what is not finite, as Python writes them.
    private static func word(_ text: String) -> String {
        switch text {
        case "nan", "-nan": "NaN"
        case "inf": "Infinity"
        case "-inf": "-Infinity"
        default: text
        }
    }
}
