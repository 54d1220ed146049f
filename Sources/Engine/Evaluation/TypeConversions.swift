import Graph

extension Evaluators {
    static let conversions: [String: EvaluatedOperator] = [
        "Cast": .init(Cast.self, takes: 1...1, gives: 1...1),
        "CastLike": .init(Cast.self, takes: 2...2, gives: 1...1),
        "BitCast": .init(BitCast.self, takes: 1...1, gives: 1...1),
        Narrow.name: .init(Narrow.self, takes: 1...1, gives: 1...1),
    ]
}

extension AttributeReader {
    /// An element type by ONNX's number.
    mutating func type(_ name: String) throws(ModelError) -> ElementType? {
        guard let number = try optionalInt(name) else { return nil }
        guard let type = ElementType(onnx: number) else {
            throw mismatch(name, "an element type that is supported", .int(number))
        }
        return type
    }
}

/// To the type of an attribute (Cast) or of the second input (CastLike).
struct Cast: Evaluated {
    private let type: ElementType?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        // Both say how to round to types of 8 bits, which are not supported.
        _ = try attributes.int("saturate", default: 1)
        _ = try attributes.string("round_mode", default: "up")
        guard attributes.op == "Cast" else {
            type = nil
            return
        }
        if attributes.opset < 6 {
            let name = try attributes.string("to", default: "")
            let old = ["FLOAT": "float32", "DOUBLE": "float64"][name] ?? name.lowercased()
            type = ElementType(rawValue: old)
        } else {
            type = try attributes.type("to")
        }
        guard type != nil else {
            throw attributes.mismatch("to", "an element type", .string("nothing"))
        }
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        let type = try self.type.or(operands(1).type)
        // A text is an array of its own.
        _ = try operands.count(type == .string ? [input.count, 6] : [input.count])
        guard let elements = input.elements.converted(to: type) else {
            throw operands.fail("\(input.type.rawValue) cannot be cast to \(type.rawValue)")
        }
        return [Tensor(shape: input.shape, elements: elements)]
    }
}

extension Tensor.Elements {
    /// The elements in another type; nil if a text is not a number.
    func converted(to type: ElementType) -> Self? {
        guard type != self.type else { return self }
        if case .strings(let texts) = self {
            return Self.parsed(texts.map { String(decoding: $0, as: UTF8.self) }, as: type)
        }
        if type == .string { return .strings(texts.map { Array($0.utf8) }) }
        guard let numbers else { return nil }
        switch numbers {
        case .floats(let values) where type == .bool: return .booleans(values.map { $0 != 0 })
        case .floats(let values):
            return Self(values, as: type)
                ?? (type == .uint64
                    ? .uint64(values.map { UInt64(saturating: $0) })
                    : Self(values.map { Int(saturating: $0) }, as: type))
        case .signed(let values):
            return Self(values, as: type) ?? Self(values.map { Double($0) }, as: type)
        case .unsigned(let values):
            return Self(values.map { Int(truncatingIfNeeded: $0) }, as: type)
                ?? Self(values.map { Double($0) }, as: type)
        }
    }

    private static func parsed(_ texts: [String], as type: ElementType) -> Self? {
        if type.isFloat {
            let values = texts.compactMap { Double($0.lowercased()) }
            return values.count == texts.count ? Self(values, as: type) : nil
        }
        let values = texts.compactMap { Int($0) }
        return values.count == texts.count ? Self(values, as: type) : nil
    }

    private var texts: [String] {
        switch self {
        case .floats(let values): values.map { Self.text("\($0)") }
        case .doubles(let values): values.map { Self.text("\($0)") }
        case .halves(let values): values.map { Self.text("\(Float($0))") }
        case .bfloats(let values): values.map { Self.text("\($0.float)") }
        case .uint64(let values): values.map { "\($0)" }
        case .booleans(let values): values.map { $0 ? "True" : "False" }
        default: (signed ?? []).map { "\($0)" }
        }
    }

    /// ONNX writes NaN, INF and -INF.
    private static func text(_ number: String) -> String {
        switch number {
        case "nan", "-nan": "NaN"
        case "inf": "INF"
        case "-inf": "-INF"
        default: number
        }
    }
}

extension UInt64 {
    fileprivate init(saturating value: Double) {
        self = UInt64(exactly: value.rounded(.towardZero)) ?? (value > 0 ? .max : 0)
    }
}

/// The same bits in another type of the same width.
private struct BitCast: Evaluated {
    private let type: ElementType

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        guard let type = try attributes.type("to") else {
            throw attributes.mismatch("to", "an element type", .string("nothing"))
        }
        self.type = type
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        guard let width = input.type.byteCount, width == type.byteCount else {
            throw operands.fail(
                "\(input.type.rawValue) and \(type.rawValue) differ in width"
            )
        }
        let bytes = input.elements.bytes
        return [Tensor(shape: input.shape, elements: Tensor.Elements(bytes: bytes, as: type))]
    }
}
