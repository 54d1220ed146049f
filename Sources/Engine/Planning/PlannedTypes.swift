import Compute
import Graph
import KernelInterface

extension ElementType {
    /// The kernels' word for a type that plans compute with; nil for the others.
    var kind: ElementKind? {
        switch self {
        case .float32: .float32
        case .int32: .int32
        case .int64: .int64
        case .bool: .bool
        case .uint8: .uInt8
        case .int8: .int8
        case .float64, .float16, .bfloat16, .int16, .uint16, .uint32, .uint64, .string: nil
        }
    }

    /// Whether plans do arithmetic on integers of this type.
    var isPlannedInteger: Bool { self == .int32 || self == .int64 }
}

extension PlannedValue {
    /// Bytes of an element.
    var width: Int { type.byteCount ?? 8 }

    var kind: ElementKind { type.kind ?? .float32 }
}

extension PlanBuilder {
    /// An operand of any type, row-major.
    mutating func typed(_ node: Node, _ index: Int) throws(ModelError) -> ValueID {
        guard let id = try optionalTyped(node, index) else {
            throw .shape(node: node.name, reason: "input \(index) of \(node.op) is missing")
        }
        return try value(id, as: .dense)
    }

    /// The shape of an operand of any type.
    mutating func typedShape(_ node: Node, _ index: Int) throws(ModelError) -> Shape {
        guard let id = try optionalTyped(node, index) else {
            throw .shape(node: node.name, reason: "input \(index) of \(node.op) is missing")
        }
        return shape(of: id)
    }

    /// A constant as a value; while only shapes are asked for, its elements stay where they are.
    mutating func constantValue(
        _ name: String,
        _ constant: Tensor
    ) throws(ModelError) -> ValueID {
        if isTrial { return try define(name, constant.shape, .dense, type: constant.type) }
        return try define(
            name,
            constant.shape,
            .dense,
            type: constant.type,
            memory: .constant(FloatStorage(try constant.loaded().elements))
        )
    }

    /// The same elements in another type, converted by a step unless they have it.
    mutating func converted(
        _ id: ValueID,
        to type: ElementType,
        for node: Node,
        as name: String = ""
    ) throws(ModelError) -> ValueID {
        let source = try value(id, as: .dense)
        guard self[source].type != type || !name.isEmpty else { return source }
        if self[source].type == type {
            return try alias(name, of: source, shape: shape(of: source))
        }
        guard let kind = type.kind else {
            throw .shape(node: node.name, reason: "plans do not compute with \(type.rawValue)")
        }
        let output = try define(name, shape(of: source), .dense, type: type)
        let (from, kernels) = (self[source].kind, kernels)
        elementStep(node.name, from: source, to: output) { x, y, count in
            kernels.convert(from, to: kind, x, into: y, count: count)
        }
        return output
    }

    /// Adds the step that makes each element of a value of the one in its place in another, a stretch at a time.
    mutating func elementStep(
        _ name: String,
        from source: ValueID,
        to output: ValueID,
        _ body: @escaping @Sendable (_ x: BytePosition, _ y: BytePosition, _ count: Int) -> Void
    ) {
        let (own, width) = (self[source].width, self[output].width)
        let stretches = Stretches(shape(of: source).count)
        step(name, chunks: stretches.chunks, reads: [source], writes: [output], isExact: true) {
            placement in
            let (from, to) = (placement[source], placement[output])
            return { arena, chunk in
                let part = stretches[chunk]
                body(
                    from.position(in: arena).bytes + part.lowerBound * own,
                    to.position(in: arena).bytes + part.lowerBound * width,
                    part.count
                )
            }
        }
    }
}

/// Elements in a row, cut into pieces of whole units by their number alone.
struct Stretches: Sendable {
    let count: Int
    let chunks: Int
    /// Some vectors of elements, or a single row.
    private let unit: Int

    init(_ count: Int, least: Int = 32768, unit: Int = 64) {
        self.count = count
        self.unit = unit
        chunks = max(1, min(64, count / max(1, least)))
    }

    subscript(chunk: Int) -> Range<Int> {
        let start = count * chunk / chunks / unit * unit
        let end = chunk + 1 == chunks ? count : count * (chunk + 1) / chunks / unit * unit
        return start..<end
    }
}

extension FloatStorage {
    /// Elements of a type that plans compute with, as they lie in memory.
    convenience init(_ elements: Tensor.Elements) {
        self.init(count: (elements.count * (elements.type.byteCount ?? 0) + 3) / 4)
        switch elements {
        case .floats(let values): start.copy(from: values)
        case .integers(let values): start.bytes.copy(from: values)
        case .int32(let values): start.bytes.copy(from: values)
        case .booleans(let values): start.bytes.copy(from: values)
        case .uint8(let values): start.bytes.copy(from: values)
        case .int8(let values): start.bytes.copy(from: values)
        default: break
        }
    }
}

extension Tensor.Elements {
    /// Where elements of a type that plans compute with lie, while `body` reads them.
    func reading<Result>(
        _ body: (BytePosition) throws(ModelError) -> Result
    ) throws(ModelError) -> Result {
        switch self {
        case .floats(let values): try BytePosition.reading(values, body)
        case .integers(let values): try BytePosition.reading(values, body)
        case .int32(let values): try BytePosition.reading(values, body)
        case .booleans(let values): try BytePosition.reading(values, body)
        case .uint8(let values): try BytePosition.reading(values, body)
        case .int8(let values): try BytePosition.reading(values, body)
        default: throw .inputType(name: "", expected: "a type of plans", got: type.rawValue)
        }
    }
    /// As many new elements of a type that plans compute with, all of which `fill` writes.
    init(
        _ type: ElementType,
        count: Int,
        _ fill: (BytePosition) throws(ModelError) -> Void
    ) throws(ModelError) {
        var failure: ModelError?
        self.init(
            type,
            count: count,
            written: { place in
                do throws(ModelError) {
                    try fill(place)
                } catch {
                    failure = error
                }
            }
        )
        if let failure { throw failure }
    }

    /// As many elements as lie from `source` on.
    init(_ type: ElementType, count: Int, copying source: BytePosition) {
        self.init(
            type,
            count: count,
            written: { place in
                place.copy(from: source, bytes: count * (type.byteCount ?? 0))
            }
        )
    }

    private init(_ type: ElementType, count: Int, written fill: (BytePosition) -> Void) {
        switch type {
        case .int64: self = .integers(BytePosition.writing(count: count, fill))
        case .int32: self = .int32(BytePosition.writing(count: count, fill))
        case .bool: self = .booleans(BytePosition.writing(count: count, fill))
        case .uint8: self = .uint8(BytePosition.writing(count: count, fill))
        case .int8: self = .int8(BytePosition.writing(count: count, fill))
        default: self = .floats(BytePosition.writing(count: count, fill))
        }
    }
}
