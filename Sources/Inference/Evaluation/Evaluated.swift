import Compute

/// An operator computed by its definition over tensors of any type and any concrete shapes.
///
/// Slow and obvious beside an `Operator` that a plan runs: it serves constants, types other than float32, and
/// shapes that depend on values.
protocol Evaluated: Sendable {
    /// Reads every attribute by the rules of `attributes.opset`; what is not supported throws.
    init(_ attributes: inout AttributeReader) throws(ModelError)

    /// The outputs in order; those nobody named may be left out.
    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor]
}

/// Every evaluated operator by ONNX's name; one is added in its family's file.
enum Evaluators {
    static let all: [String: any Evaluated.Type] = {
        let families: [[String: any Evaluated.Type]] = [
            unaryFunctions, binaryFunctions, comparisons, conversions, renamings, rearrangements,
            joints, gathers, scatters, reductions, orders, softmaxes, products, windows,
            normalizations, cells, generators, controls, resizes, quantizations,
        ]
        return Dictionary(uniqueKeysWithValues: families.joined().map { ($0.key, $0.value) })
    }()

    static func make(_ node: Node) throws(ModelError) -> any Evaluated {
        guard let type = all[node.op] else {
            throw .unsupportedOperator(node: node.name, op: node.op)
        }
        var attributes = AttributeReader(node)
        let made = try type.init(&attributes)
        try attributes.finish()
        return made
    }
}

/// What one evaluation is given: its inputs, and the bounds it has to keep.
struct Operands {
    let node: Node
    let tensors: [Tensor?]
    let context: EvaluationContext

    func callAsFunction(_ index: Int) throws(ModelError) -> Tensor {
        guard let tensor = optional(index) else {
            throw fail("input \(index) of \(node.op) is missing")
        }
        return tensor
    }

    /// Input `index`, or nil if the node leaves it out.
    func optional(_ index: Int) -> Tensor? {
        index < tensors.count ? tensors[index] : nil
    }

    /// A list of integers such as axes or a shape.
    func integers(_ index: Int) throws(ModelError) -> [Int] {
        let tensor = try self(index)
        guard let values = tensor.elements.signed else {
            throw fail(
                "input \(index) of \(node.op) must be integers, it is \(tensor.type.rawValue)"
            )
        }
        return values
    }

    func optionalIntegers(_ index: Int) throws(ModelError) -> [Int]? {
        optional(index) == nil ? nil : try integers(index)
    }

    func isWanted(_ output: Int) -> Bool {
        output < node.outputs.count && !node.outputs[output].isEmpty
    }

    func fail(_ reason: String) -> ModelError { .shape(node: node.name, reason: reason) }

    /// An axis counted from the front.
    func axis(_ axis: Int, rank: Int) throws(ModelError) -> Int {
        try normalised(axis, rank: rank, node)
    }

    /// Axes counted from the front, none of them twice.
    func axes(_ axes: [Int], rank: Int) throws(ModelError) -> [Int] {
        var result: [Int] = []
        for axis in axes {
            let place = try self.axis(axis, rank: rank)
            guard !result.contains(place) else { throw fail("axis \(axis) is named twice") }
            result.append(place)
        }
        return result
    }

    /// Elements of a result, before memory is taken for it.
    func count(_ shape: [Int]) throws(ModelError) -> Int {
        guard let count = Shape(shape).checkedCount else {
            throw fail("a value of shape \(Shape(shape)) is too large")
        }
        // Indices and results: up to 16 bytes an element while it is computed.
        let (bytes, overflow) = count.multipliedReportingOverflow(by: 16)
        guard !overflow, bytes <= context.memoryLimit else {
            throw .tooLarge(bytes: overflow ? .max : bytes, limit: context.memoryLimit)
        }
        return count
    }

    /// Refuses to go on once the request is no longer wanted.
    func poll() throws(ModelError) {
        if context.isCancelled() { throw .cancelled }
    }
}

/// The bounds of an evaluation, and how graphs inside of nodes are run.
struct EvaluationContext {
    let memoryLimit: Int
    let isCancelled: () -> Bool
    /// Runs the graph of one of the node's attributes.
    let run: (_ attribute: String, _ inputs: [Tensor]) throws(ModelError) -> [Tensor]

    /// For nodes without graphs, such as constants.
    static func folding(memoryLimit: Int) -> EvaluationContext {
        EvaluationContext(memoryLimit: memoryLimit, isCancelled: { false }) {
            (_, _) throws(ModelError) in
            throw .shape(node: "", reason: "a graph is not a constant")
        }
    }
}
