import Compute
import Graph
import Models
import TensorFormats
import Texts

/// The body of a predict request: `instances`, a row for each example, or `inputs`, whole tensors.
///
/// An array is the one input there is; an object names its inputs. A text may be `{"b64": "…"}` anywhere.
struct PredictDocument {
    enum Format {
        case rows
        case columns
    }

    private(set) var format: Format?
    private(set) var tensors: [String: Tensor] = [:]
    private(set) var signatureName: String?
    /// What is wrong beyond the JSON.
    private(set) var mistake: String?

    /// - Throws: `JSONError`; what is no mistake of JSON goes into `mistake`.
    init(_ reader: inout JSONReader, for signature: ModelSignature) throws(JSONError) {
        var document = PredictDocument()
        try reader.object { (key, reader) throws(JSONError) in
            if try reader.null() { return }
            switch key {
            case "signature_name": document.signatureName = try reader.string()
            case "instances": try document.begin(.rows, &reader, signature)
            case "inputs": try document.begin(.columns, &reader, signature)
            default: break
            }
        }
        self = document
    }

    private init() {}

    private mutating func begin(
        _ format: Format,
        _ reader: inout JSONReader,
        _ signature: ModelSignature
    ) throws(JSONError) {
        guard self.format == nil else {
            throw reader.invalid("\"instances\" and \"inputs\" cannot both be given.")
        }
        self.format = format
        var collected = NamedElements(signature)
        switch format {
        case .rows where reader.holdsNamedRows:
            try reader.array { (_, reader) throws(JSONError) in
                try reader.object { (name, reader) throws(JSONError) in
                    try collected.add(name, &reader, isRow: true)
                }
            }
        case .columns where try reader.peek() == .object && !reader.isBase64Object:
            try reader.object { (name, reader) throws(JSONError) in
                try collected.add(name, &reader, isRow: false)
            }
        case .rows, .columns:
            guard let name = collected.onlyInput else {
                mistake = "The model has several inputs: name them in objects."
                return try reader.skip()
            }
            try collected.add(name, &reader, isRow: false)
        }
        (tensors, mistake) = collected.finish()
    }
}

/// Values by their inputs' names; the values of rows are put one after the other.
struct NamedElements {
    private struct Column {
        var datatype: Datatype
        var shape: [Int]
        var elements: Tensor.Elements
        /// Elements of all rows after the first, as bytes.
        var more: [UInt8] = []
        var rows: Int?
    }

    private let ports: [ModelSignature.Port]
    private var columns: [String: Column] = [:]
    private var mistake: String?

    init(_ signature: ModelSignature) {
        ports = signature.inputs
    }

    /// The input that need not be named.
    var onlyInput: String? {
        let needed = ports.filter { !$0.isOptional }
        return needed.count == 1 ? needed[0].name : nil
    }

    /// Reads a value; `isRow` says that it is one example of a batch.
    mutating func add(
        _ name: String,
        _ reader: inout JSONReader,
        isRow: Bool
    ) throws(JSONError) {
        guard let port = ports.first(where: { $0.name == name }) else {
            let names = listed(ports.map(\.name), "and")
            mistake = mistake ?? "There is no input \(quoted(name)); the inputs are \(names)."
            return try reader.skip()
        }
        // Texts where numbers are taken are picture files.
        let datatype = reader.opensObject ? Datatype.bytes : Datatype(port.type)
        let (shape, elements) = try reader.value(as: datatype)
        guard isRow else {
            columns[name] = Column(datatype: datatype, shape: shape, elements: elements)
            return
        }
        guard var column = columns[name] else {
            columns[name] = Column(
                datatype: datatype,
                shape: shape,
                elements: elements,
                rows: 1
            )
            return
        }
        guard column.datatype == datatype, column.shape == shape else {
            throw .ragged(
                expected: "\(Shape(column.shape)) for \(quoted(name)) as in the rows before",
                got: "\(Shape(shape))",
                at: reader.position
            )
        }
        if column.more.isEmpty { BinaryTensors.append(column.elements, to: &column.more) }
        BinaryTensors.append(elements, to: &column.more)
        column.rows = (column.rows ?? 0) + 1
        columns[name] = column
    }

    /// The tensors, and what was wrong.
    consuming func finish() -> ([String: Tensor], String?) {
        var mistake = mistake
        let counts = Set(columns.values.compactMap(\.rows))
        if counts.count > 1 { mistake = mistake ?? "Every row must have the same inputs." }
        var tensors: [String: Tensor] = [:]
        for (name, column) in columns {
            guard let rows = column.rows else {
                tensors[name] = Tensor(shape: Shape(column.shape), elements: column.elements)
                continue
            }
            let shape = Shape([rows] + column.shape)
            if rows == 1 {
                tensors[name] = Tensor(shape: shape, elements: column.elements)
            } else if let elements = try? BinaryTensors.decode(
                column.more,
                as: column.datatype,
                count: shape.count
            ) {
                tensors[name] = Tensor(shape: shape, elements: elements)
            }
        }
        return (tensors, mistake)
    }
}

extension BinaryTensors {
    fileprivate static func decode(
        _ bytes: [UInt8],
        as datatype: Datatype,
        count: Int
    ) throws(BinaryTensorError) -> Tensor.Elements {
        // SAFETY: an array of bytes has no padding that could be read.
        try unsafe decode(bytes.span.bytes, as: datatype, count: count)
    }
}

extension JSONReader {
    /// One value of a type, alone or in nested arrays.
    mutating func value(
        as datatype: Datatype
    ) throws(JSONError) -> (shape: [Int], elements: Tensor.Elements) {
        if try peek() == .array { return try elements(as: datatype, limit: Int.max) }
        return ([], try scalar(as: datatype))
    }

    private mutating func scalar(as datatype: Datatype) throws(JSONError) -> Tensor.Elements {
        switch datatype {
        case .float32: return .floats([try float()])
        case .float64: return .doubles([try double()])
        case .float16: return .halves([Float16(try shortFloat(.half))])
        case .bfloat16: return .bfloats([BFloat16(try shortFloat(.brain))])
        case .bool: return .booleans([try boolean()])
        case .bytes: return .strings([try textBytes()])
        case .uint8: return .uint8([try whole()])
        case .uint16: return .uint16([try whole()])
        case .uint32: return .uint32([try whole()])
        case .uint64: return .uint64([try unsignedInteger()])
        case .int8: return .int8([try whole()])
        case .int16: return .int16([try whole()])
        case .int32: return .int32([try whole()])
        case .int64: return .integers([try integer()])
        }
    }

    private mutating func whole<Value: FixedWidthInteger>() throws(JSONError) -> Value {
        let number = try integer()
        guard let value = Value(exactly: number) else {
            throw invalid("\(number) does not fit \(Value.bitWidth) bits.")
        }
        return value
    }

    /// Whether the next value is an array of objects with inputs' names.
    var holdsNamedRows: Bool {
        var copy = self
        guard (try? copy.peek()) == .array else { return false }
        var isNamed = false
        _ = try? copy.array { (index, reader) throws(JSONError) in
            guard index == 0 else { throw reader.invalid("") }
            isNamed = try reader.peek() == .object && !reader.isBase64Object
            throw reader.invalid("")
        }
        return isNamed
    }

    /// Whether the next value is an object whose first key is "b64".
    fileprivate var isBase64Object: Bool {
        var copy = self
        var firstKey: String?
        _ = try? copy.object { (key, reader) throws(JSONError) in
            firstKey = key
            throw reader.invalid("")
        }
        return firstKey == "b64"
    }
}
