import Graph
import TensorFormats

/// The JSON part of an infer request, as it was sent.
struct InferDocument {
    struct Input {
        var name: String?
        var datatype: Datatype?
        /// A datatype that is none.
        var unknownDatatype: String?
        var shape: [Int]?
        var parameters = InferParameters()
        var elements: Tensor.Elements?
        /// Where "data" stands that came before its datatype.
        var later: JSONReader?
    }

    struct Output {
        var name: String?
        var parameters = InferParameters()
    }

    var id: String?
    var parameters = InferParameters()
    var inputs: [Input]?
    var outputs: [Output]?

    static let mostTensors = 1024

    /// Unknown keys are skipped, as the protocol asks, and null stands for what is absent.
    ///
    /// - Throws: `JSONError`; while an input's data is read, wrapped in its name by `wrap`.
    init(_ reader: inout JSONReader) throws(JSONError) {
        var document = InferDocument()
        try reader.object { (key, reader) throws(JSONError) in
            if try reader.null() { return }
            switch key {
            case "id": document.id = try reader.identifier()
            case "parameters": document.parameters = try InferParameters(&reader)
            case "inputs":
                document.inputs = try reader.list { (reader) throws(JSONError) in
                    try Input(&reader)
                }
            case "outputs":
                document.outputs = try reader.list { (reader) throws(JSONError) in
                    try Output(&reader)
                }
            default: break
            }
        }
        self = document
    }

    private init() {}
}

extension InferDocument.Input {
    init(_ reader: inout JSONReader) throws(JSONError) {
        var input = Self()
        try reader.object { (key, reader) throws(JSONError) in
            let place = reader
            if try reader.null() { return }
            switch key {
            case "name": input.name = try reader.string()
            case "datatype":
                let name = try reader.string()
                input.datatype = Datatype(rawValue: name)
                input.unknownDatatype = input.datatype == nil ? name : nil
            case "shape": input.shape = try reader.integers(limit: 64)
            case "parameters": input.parameters = try InferParameters(&reader)
            case "data":
                if input.datatype == nil {
                    input.later = place
                } else {
                    try input.readData(&reader)
                }
            default: break
            }
        }
        if var later = input.later { try input.readData(&later) }
        self = input
    }

    private mutating func readData(_ reader: inout JSONReader) throws(JSONError) {
        guard let datatype else { return }
        elements = try reader.elements(as: datatype, limit: Int.max).elements
    }
}

extension InferDocument.Output {
    init(_ reader: inout JSONReader) throws(JSONError) {
        var output = Self()
        try reader.object { (key, reader) throws(JSONError) in
            if try reader.null() { return }
            switch key {
            case "name": output.name = try reader.string()
            case "parameters": output.parameters = try InferParameters(&reader)
            default: break
            }
        }
        self = output
    }
}

extension JSONReader {
    /// Reads a list of objects, at most as many as a request may have tensors.
    fileprivate mutating func list<Element>(
        _ one: (inout JSONReader) throws(JSONError) -> Element
    ) throws(JSONError) -> [Element] {
        var items: [Element] = []
        try array { (_, reader) throws(JSONError) in
            guard items.count < InferDocument.mostTensors else {
                throw reader.invalid(
                    "A request may have \(InferDocument.mostTensors) inputs and as many outputs."
                )
            }
            items.append(try one(&reader))
        }
        return items
    }

    /// A request's identifier: a text, or a number as some clients send it.
    mutating func identifier() throws(JSONError) -> String {
        try peek() == .number ? String(try unsignedInteger()) : try string()
    }
}
