import Compute
import Graph

extension Families {
    static let variadicFunctions: [String: DeclaredOperator] = [
        "Max": .init(VariadicFunction.self, takes: 1 ... .max, gives: 1...1),
        "Min": .init(VariadicFunction.self, takes: 1 ... .max, gives: 1...1),
        "Sum": .init(VariadicFunction.self, takes: 1 ... .max, gives: 1...1),
        "Mean": .init(VariadicFunction.self, takes: 1 ... .max, gives: 1...1),
    ]
}

/// Max, Min, Sum and Mean of one or more operands.
struct VariadicFunction: PlannedOperator {
    private let operation: Arithmetic

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        operation = Arithmetic(rawValue: attributes.op) ?? .add
        if attributes.opset < 6 { _ = try attributes.ints("consumed_inputs") }
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let first = try operands(0)
        var shapes: [Shape] = []
        for index in operands.tensors.indices { shapes.append(try operands(index).shape) }
        let shape = try operands.broadcast(shapes)
        var result: Numbers?
        for index in operands.tensors.indices {
            let next = try operands.numbers(index)
                .picked(broadcastOffsets(shapes[index].dimensions, to: shape))
            guard try operands(index).type == first.type else {
                throw operands.fail("the inputs of \(operands.node.op) differ in type")
            }
            result = result.map { operation.combine($0, next) ?? next } ?? next
        }
        guard var result else { throw operands.fail("\(operands.node.op) has no input") }
        if operands.node.op == "Mean", case .floats(let values) = result {
            result = .floats(values.map { $0 / Double(shapes.count) })
        }
        guard let elements = Tensor.Elements(result, as: first.type) else {
            throw operands.unfit(first.type)
        }
        return [Tensor(shape: Shape(shape), elements: elements)]
    }

    /// Combined from the left, two at a time.
    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let count = node.inputs.count
        let isAverage = node.op == "Mean"
        guard count >= 2, let operation = FloatArithmetic(rawValue: operation.rawValue) else {
            throw .shape(node: node.name, reason: "\(node.op) of two inputs or more is planned")
        }
        var last = node.inputs[0]
        for index in 1..<count {
            let isResult = index + 1 == count && !isAverage
            var part = node
            part.inputs = [last, node.inputs[index]]
            part.outputs = [isResult ? node.outputs[0] : "\(node.outputs[0])/\(index)"]
            if try plan.isInteger(part, 0), !isAverage {
                try lowerIntegers(part, operation.onIntegers, into: &plan)
            } else {
                try ElementwiseLowering(node: part, operation: operation).lower(into: &plan)
            }
            last = part.outputs[0]
        }
        guard isAverage else { return }
        var quotient = node
        quotient.inputs = [last, "\(node.outputs[0])/count"]
        plan.graph.constants[quotient.inputs[1]] = Tensor(shape: [], floats: [Float(count)])
        try ElementwiseLowering(node: quotient, operation: .divide).lower(into: &plan)
    }
}
