import Compute
import Graph
import HTTP
import TensorFormats
import Texts

extension Call {
    /// One input as a tensor; binary ones are taken from the body at `offset`, which moves behind them.
    mutating func tensor(
        _ input: InferDocument.Input,
        _ place: String,
        _ offset: inout Int
    ) throws(ServiceError) -> (name: String, tensor: Tensor) {
        guard let name = input.name else {
            throw fault("\(place) has no \"name\".", "missing_field", place)
        }
        try refuseSharedMemory(input.parameters)
        guard let datatype = input.datatype else {
            let known = listed(Datatype.allCases.map(\.rawValue), "and")
            throw fault(
                input.unknownDatatype.map {
                    "The input \(quoted(name)) has the datatype \(quoted($0)); known are \(known)."
                } ?? "The input \(quoted(name)) has no \"datatype\".",
                "invalid_value",
                name
            )
        }
        let (shape, count) = try shape(input, name)
        var elements: Tensor.Elements
        switch (input.elements, input.parameters.binaryDataSize) {
        case (let given?, nil): elements = given
        case (nil, let size?):
            guard size >= 0, size <= request.body.count - offset else {
                throw fault(
                    "The input \(quoted(name)) announces \(size) bytes of binary data, but "
                        + "\(request.body.count - offset) are left in the body.",
                    "wrong_size",
                    name
                )
            }
            elements = try binary(
                offset..<offset + size,
                as: datatype,
                count: count,
                shape: shape,
                name: name
            )
            offset += size
        case (nil, nil):
            throw fault(
                "The input \(quoted(name)) has neither \"data\" nor \"binary_data_size\".",
                "missing_field",
                name
            )
        case (.some, .some):
            throw fault(
                "The input \(quoted(name)) has both \"data\" and \"binary_data_size\".",
                "invalid_value",
                name
            )
        }
        if input.parameters.contentType == "base64" { elements = try unpacked(elements, name) }
        guard elements.count == count else {
            throw fault(
                "The input \(quoted(name)) has the shape \(shape) of \(count) elements, but "
                    + "\(elements.count) are given.",
                "wrong_shape",
                name
            )
        }
        return (name, try pictures(Tensor(shape: shape, elements: elements), for: name))
    }

    private func shape(
        _ input: InferDocument.Input,
        _ name: String
    ) throws(ServiceError) -> (Shape, Int) {
        guard let dimensions = input.shape else {
            throw fault("The input \(quoted(name)) has no \"shape\".", "missing_field", name)
        }
        guard let count = Shape(dimensions).checkedCount else {
            throw fault(
                "The input \(quoted(name)) has the shape \(Shape(dimensions)), which no tensor can have.",
                "wrong_shape",
                name
            )
        }
        return (Shape(dimensions), count)
    }

    /// Elements copied out of the body.
    func binary(
        _ range: Range<Int>,
        as datatype: Datatype,
        count: Int,
        shape: Shape,
        name: String
    ) throws(ServiceError) -> Tensor.Elements {
        do throws(BinaryTensorError) {
            return try request.body.withSpan { (bytes) throws(BinaryTensorError) in
                try BinaryTensors.decode(bytes.extracting(range), as: datatype, count: count)
            }
        } catch {
            throw fault(
                error.sentence(of: name, datatype, shape),
                "wrong_size",
                name
            )
        }
    }

    /// Texts in base64 as their bytes (a convention of MLServer's clients).
    private func unpacked(
        _ elements: Tensor.Elements,
        _ name: String
    ) throws(ServiceError) -> Tensor.Elements {
        guard case .strings(let texts) = elements else { return elements }
        var unpacked: [[UInt8]] = []
        for text in texts {
            do throws(Base64Error) {
                unpacked.append(try Base64.decode(String(decoding: text, as: UTF8.self)))
            } catch {
                throw .base64(field: name, error)
            }
        }
        return .strings(unpacked)
    }
}

extension BinaryTensorError {
    func sentence(of name: String, _ datatype: Datatype, _ shape: Shape) -> String {
        let input = "The input \(quoted(name)) of \(datatype.rawValue) \(shape)"
        return switch self {
        case .size(let expected, let got): "\(input) takes \(expected) bytes, not \(got)."
        case .notBoolean(let index, let byte):
            "\(input) has the byte \(byte) at position \(index + 1), which is neither 0 nor 1."
        case .truncatedText(let index):
            "\(input) ends within text \(index + 1): each text is its length in four bytes, then its bytes."
        case .tooManyBytes(let texts, let left):
            "\(input) has \(left) bytes after its \(texts) texts."
        }
    }
}
