/// Which way a layer reads its sequence.
package enum RecurrentDirection: String, CaseIterable, Sendable {
    case forward, reverse, bidirectional

    package init(_ attributes: inout AttributeReader) throws(ModelError) {
        let word = try attributes.string("direction", default: Self.forward.rawValue)
        guard let direction = Self(rawValue: word) else {
            throw attributes.mismatch(
                "direction",
                "forward, reverse or bidirectional",
                .string(word)
            )
        }
        self = direction
    }

    /// For each of the layer's directions in ONNX's order, whether it reads from the end.
    package var isReversed: [Bool] {
        switch self {
        case .forward: [false]
        case .reverse: [true]
        case .bidirectional: [false, true]
        }
    }
}
