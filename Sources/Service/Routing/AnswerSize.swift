import Graph
import Models
import TensorFormats

/// Bytes that values take in the forms of an answer, at most.
extension Tensor.Elements {
    var mostTextBytes: Int {
        switch self {
        case .floats, .halves, .bfloats: count.times(JSONWriter.mostBytesOfFloat)
        case .doubles: count.times(26)
        case .integers, .uint64: count.times(21)
        case .int32, .uint32: count.times(12)
        case .int16, .uint16: count.times(7)
        case .int8, .uint8: count.times(5)
        case .booleans: count.times(6)
        // A byte is a letter or, escaped, six.
        case .strings(let texts): texts.reduce(0) { $0 + 6 * $1.count + 3 }
        }
    }
}

extension AnswerForm {
    /// What a number takes on its way to an answer: a copy, its text, and where there is one, its line of a table.
    var bytesPerNumber: Int {
        switch self {
        case .csv: 256
        default: 4 + JSONWriter.mostBytesOfFloat
        }
    }
}

extension AnswerRoom {
    /// Counts what outputs take, before what an answer makes of them.
    func take(_ outputs: [(name: String, tensor: Tensor)]) throws(ServiceError) {
        for (_, tensor) in outputs {
            try take(bytes: tensor.elements.byteCount, for: nil)
        }
    }

    /// Counts what elements take in an answer: as text, or copied.
    func take(_ elements: Tensor.Elements, isBinary: Bool) throws(ServiceError) {
        if isBinary { return try take(bytes: elements.byteCount, for: nil) }
        try take(bytes: elements.mostTextBytes, for: "ask for binary data, or for less at once")
    }

    /// `advice` says what a client may do where it is too much.
    func take(bytes: Int, for advice: String?) throws(ServiceError) {
        do throws(ModelError) {
            try take(bytes: bytes)
        } catch .tooLarge(let bytes, let limit) {
            throw .answerTooLong(limit: limit, got: bytes, advice: advice ?? "ask for less at once")
        } catch {
            throw .model(error)
        }
    }
}

extension Int {
    /// The product, or the largest number there is.
    func times(_ factor: Int) -> Int {
        let (product, overflow) = multipliedReportingOverflow(by: factor)
        return overflow ? .max : product
    }
}
