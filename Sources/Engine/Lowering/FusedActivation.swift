import Graph
import KernelInterface

/// What a layer applies to its finished sums while they are in registers; set by fusion.
///
/// The attribute `activation` names it: Relu, Tanh, Sigmoid, Maxout (of two neighbouring channels) or Clip, whose
/// bounds are `activation_bounds`.
enum FusedActivation: Sendable, Equatable {
    case none
    case tanh
    case sigmoid
    case maxout
    /// min(ceiling, max(floor, x)); Relu is [0, ∞).
    case bounds(floor: Float, ceiling: Float)

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        let text = try attributes.string("activation", default: "")
        let bounds = try attributes.floats("activation_bounds")
        switch (text, bounds) {
        case ("", nil): self = .none
        case ("Relu", nil): self = .bounds(floor: 0, ceiling: .infinity)
        case ("Tanh", nil): self = .tanh
        case ("Sigmoid", nil): self = .sigmoid
        case ("Maxout", nil): self = .maxout
        case ("Clip", let bounds?) where bounds.count == 2:
            self = .bounds(floor: bounds[0], ceiling: bounds[1])
        default:
            throw attributes.mismatch(
                "activation",
                "Relu, Tanh, Sigmoid, Maxout or Clip",
                .string(text)
            )
        }
    }

    /// The part that kernels tell apart by name.
    var kernel: Activation {
        switch self {
        case .none, .bounds: Activation.none
        case .tanh: Activation.tanh
        case .sigmoid: Activation.sigmoid
        case .maxout: Activation.maxoutPair
        }
    }

    var floor: Float {
        if case .bounds(let floor, _) = self { floor } else { -.infinity }
    }

    var ceiling: Float {
        if case .bounds(_, let ceiling) = self { ceiling } else { .infinity }
    }

    /// Output channels that one stored channel stands for.
    var channelsPerOutput: Int { self == .maxout ? 2 : 1 }

    /// The same as a node of its own; nil for none.
    func node(_ name: String, from input: String, to output: String) -> Node? {
        func make(_ op: String, _ attributes: [String: Attribute] = [:]) -> Node {
            Node(name: name, op: op, attributes: attributes, inputs: [input], outputs: [output])
        }
        switch self {
        case .none: return nil
        case .tanh: return make("Tanh")
        case .sigmoid: return make("Sigmoid")
        case .maxout: return make("Maxout")
        case .bounds(let floor, let ceiling):
            return make("Clip", ["min": .float(floor), "max": .float(ceiling)])
        }
    }
}
