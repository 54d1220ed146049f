import Graph

extension Families {
    /// The operators of ai.onnx.ml that stand before and behind networks.
    static let labels: [String: DeclaredOperator] = [
        "ai.onnx.ml.LabelEncoder": .init(LabelEncoder.self, takes: 1...1, gives: 1...1),
        "ai.onnx.ml.ArrayFeatureExtractor": .init(FeatureChoice.self, takes: 2...2, gives: 1...1),
        "ai.onnx.ml.Scaler": .init(FeatureScaler.self, takes: 1...1, gives: 1...1),
        "ai.onnx.ml.Imputer": .init(Imputer.self, takes: 1...1, gives: 1...1),
        "ai.onnx.ml.Normalizer": .init(FeatureNormalizer.self, takes: 1...1, gives: 1...1),
        "ai.onnx.ml.Binarizer": .init(Binarizer.self, takes: 1...1, gives: 1...1),
    ]
}

/// One table's values for another's keys.
struct LabelEncoder: Operator {
    private enum Key: Hashable {
        case number(Double)
        case integer(Int)
        case text([UInt8])
        case notANumber
    }

    /// The place of each key's value.
    private let places: [Key: Int]
    /// The values, then the one for all other keys.
    private let values: Tensor
    private let isOldest: Bool

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        isOldest = attributes.opset < 2
        let defaults = (
            try attributes.float("default_float", default: -0.0),
            try attributes.int("default_int64", default: -1, in: AttributeReader.any),
            try attributes.string("default_string", default: "_Unused")
        )
        func table(_ prefix: String) throws(ModelError) -> Tensor.Elements? {
            if let tensor = try attributes.tensor("\(prefix)_tensor") { return tensor.elements }
            if let numbers = try attributes.floats("\(prefix)_floats") { return .floats(numbers) }
            if let texts = try attributes.strings("\(prefix)_strings") {
                return .strings(texts.map { Array($0.utf8) })
            }
            return try attributes.ints("\(prefix)_int64s", in: AttributeReader.any).map {
                .integers($0)
            }
        }
        var (keys, values): (Tensor.Elements?, Tensor.Elements?)
        if isOldest {
            // Texts to their places in a list.
            keys = try attributes.strings("classes_strings").map {
                .strings($0.map { Array($0.utf8) })
            }
            values = keys.map { .integers(Array(0..<$0.count)) }
        } else {
            (keys, values) = (try table("keys"), try table("values"))
        }
        guard let keys, let values, keys.count == values.count else {
            throw attributes.mismatch("keys and values", "two tables of one length", .string(""))
        }
        let other: Tensor.Elements? =
            switch values {
            case .floats: .floats([defaults.0])
            case .integers: .integers([defaults.1])
            case .strings: .strings([Array(defaults.2.utf8)])
            default: nil
            }
        let given = try attributes.tensor("default_tensor")?.elements
        guard let all = (given ?? other).flatMap({ values.joined($0) }),
            all.count == values.count + 1
        else { throw attributes.mismatch("default_tensor", "one value", .string("")) }
        self.values = Tensor(shape: [all.count], elements: all)
        // Of a key that is there twice the last value counts.
        places = Dictionary(zip(Self.keys(keys), 0...), uniquingKeysWith: { $1 })
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        let count = try operands.count(input.shape.dimensions)
        var sources: [Int] = []
        sources.reserveCapacity(count)
        if isOldest, let indices = input.elements.signed {
            let names = Dictionary(uniqueKeysWithValues: places.map { ($1, $0) })
            let texts = indices.map { index -> [UInt8] in
                if case .text(let text)? = names[index] { text } else { Array("_Unused".utf8) }
            }
            return [Tensor(shape: input.shape, elements: .strings(texts))]
        }
        for key in Self.keys(input.elements) { sources.append(places[key] ?? values.count - 1) }
        return [values.picking(sources, shape: input.shape.dimensions)]
    }

    private static func keys(_ elements: Tensor.Elements) -> [Key] {
        if case .strings(let texts) = elements { return texts.map { .text($0) } }
        if let integers = elements.signed { return integers.map { .integer($0) } }
        return (elements.doubles ?? []).map { $0.isNaN ? .notANumber : .number($0) }
    }
}

/// Elements of the last axis by their places.
struct FeatureChoice: Operator {
    static var bytesPerInput: Int { 0 }

    init(_ attributes: inout AttributeReader) throws(ModelError) {}

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        guard let width = input.shape.dimensions.last else {
            throw operands.fail("a single number has no features")
        }
        let places = try operands.indices(1, size: width)
        let outer = input.shape.rank == 1 ? [1] : Array(input.shape.dimensions.dropLast())
        let shape = outer + [places.count]
        var sources: [Int] = []
        sources.reserveCapacity(try operands.count(shape))
        for row in 0..<outer.reduce(1, *) { sources += places.map { row * width + $0 } }
        return [input.picking(sources, shape: shape)]
    }
}

/// (x − offset) · scale for each feature, in float32.
struct FeatureScaler: Operator {
    private let offset: [Double]
    private let scale: [Double]

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        offset = (try attributes.floats("offset") ?? [0]).map { Double($0) }
        scale = (try attributes.floats("scale") ?? [1]).map { Double($0) }
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        guard let values = input.elements.doubles else { throw operands.unfit(input.type) }
        let width = input.shape.dimensions.last ?? 1
        guard [offset, scale].allSatisfy({ $0.count == 1 || $0.count == width }) else {
            throw operands.fail("offsets and scales do not fit \(width) features")
        }
        _ = try operands.count(input.shape.dimensions)
        let scaled = values.enumerated().map { index, value in
            let feature = index % max(width, 1)
            let shift = offset.count == 1 ? offset[0] : offset[feature]
            return (value - shift) * (scale.count == 1 ? scale[0] : scale[feature])
        }
        return [try operands.result(input.shape.dimensions, scaled, .float32)]
    }
}

/// Rows of length 1, in float32: by their largest number, by the sum of magnitudes or of squares.
struct FeatureNormalizer: Operator {
    private let norm: String

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        norm = try attributes.string("norm", default: "MAX")
        guard ["MAX", "L1", "L2"].contains(norm) else {
            throw attributes.mismatch("norm", "MAX, L1 or L2", .string(norm))
        }
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        guard (1...2).contains(input.shape.rank), var values = input.elements.doubles else {
            throw operands.fail("\(input.shape) of \(input.type.rawValue) has no rows of features")
        }
        _ = try operands.count(input.shape.dimensions)
        let width = input.shape.dimensions.last ?? 0
        for start in stride(from: 0, to: values.count, by: max(width, 1)) {
            let row = values[start..<start + width]
            let length =
                switch norm {
                case "MAX": row.max() ?? 0
                case "L1": row.reduce(0) { $0 + abs($1) }
                default: row.reduce(0) { $0 + $1 * $1 }.squareRoot()
                }
            guard length != 0 else { continue }
            for place in row.indices { values[place] /= length }
        }
        return [try operands.result(input.shape.dimensions, values, .float32)]
    }
}

/// 1 for what is above a threshold, 0 for all else.
struct Binarizer: Operator {
    private let threshold: Double

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        threshold = Double(try attributes.float("threshold", default: 0))
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        guard let values = input.elements.doubles else { throw operands.unfit(input.type) }
        let flags = values.map { $0 > threshold ? 1.0 : 0 }
        return [try operands.result(input.shape.dimensions, flags, input.type)]
    }
}

/// A number in place of each that is missing, which is a value of its own or not a number: one for all features, or one
/// for each.
struct Imputer: Operator {
    private let imputed: [Double]
    private let missing: Double

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        let integers = try attributes.ints("imputed_value_int64s", in: AttributeReader.any)
        let floats = try attributes.floats("imputed_value_floats")
        let integer = try attributes.int(
            "replaced_value_int64",
            default: 0,
            in: AttributeReader.any
        )
        let float = try attributes.float("replaced_value_float", default: 0)
        imputed = integers.map { $0.map(Double.init) } ?? (floats ?? []).map { Double($0) }
        missing = integers == nil ? Double(float) : Double(integer)
        guard !imputed.isEmpty else {
            throw attributes.mismatch("imputed_value_floats", "one number or more", .floats([]))
        }
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        let width = input.shape.dimensions.last ?? 1
        guard imputed.count == 1 || imputed.count == width else {
            throw operands.fail("\(imputed.count) numbers do not fit \(width) features")
        }
        func filler(_ index: Int) -> Double { imputed[imputed.count == 1 ? 0 : index % width] }
        let shape = input.shape.dimensions
        if let integers = input.elements.signed {
            let filled = integers.enumerated().map { index, value in
                Double(value) == missing ? Int(saturating: filler(index)) : value
            }
            return [try operands.result(shape, filled, input.type)]
        }
        guard let values = input.elements.doubles else { throw operands.unfit(input.type) }
        let filled = values.enumerated().map { index, value in
            (missing.isNaN ? value.isNaN : value == missing) ? filler(index) : value
        }
        return [try operands.result(shape, filled, input.type)]
    }
}
