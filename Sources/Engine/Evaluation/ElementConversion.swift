import Graph

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
