import Backports
import Compute
import Engine
import Graph
import Models

/// A picture or a series, ready for the network: a batch of one.
struct NetworkInput: Sendable {
    let name: String
    let shape: Shape
    /// Writes all of the input's numbers.
    let fill: @Sendable (inout MutableSpan<Float>) -> Void

    /// The numbers on their own.
    var tensor: Tensor {
        var values = [Float](repeating: 0, count: shape.count)
        var span = values.mutableSpan
        fill(&span)
        return Tensor(shape: shape, floats: values)
    }
}

/// A copied output of one input; the batch's dimension of one is dropped.
struct NamedTensor: Sendable {
    let name: String
    let shape: [Int]
    let values: [Float]
}

extension Model {
    /// Runs one input and copies the named outputs, in their order.
    func run(
        _ input: NetworkInput,
        outputs: [String],
        isCancelled: () -> Bool
    ) throws(ModelError) -> [NamedTensor] {
        let whole = try wholePlan(inputs: [input.name: input.shape], outputs: outputs)
        let takesFloats = whole.map { plan in
            plan.inputs.allSatisfy { $0.type == .float32 }
                && plan.outputs.allSatisfy { $0.type == .float32 }
        }
        guard let plan = whole, takesFloats == true else {
            return try runInSegments(input, outputs: outputs, isCancelled: isCancelled)
        }
        return try plan.run(
            isCancelled: isCancelled,
            fill: { (inputs) throws(ModelError) in
                try inputs.withFloats(input.name) { values in input.fill(&values) }
            },
            read: { (results) throws(ModelError) in
                var tensors: [NamedTensor] = []
                for name in outputs {
                    let shape = Array(try results.shape(of: name).dimensions.dropFirst())
                    let values = try results.withFloats(name) { span in
                        [Float](copying: span)
                    }
                    tensors.append(NamedTensor(name: name, shape: shape, values: values))
                }
                return tensors
            }
        )
    }
}

extension Model {
    /// The same where some of a file's nodes are computed one by one, or values are no floats.
    private func runInSegments(
        _ input: NetworkInput,
        outputs: [String],
        isCancelled: () -> Bool
    ) throws(ModelError) -> [NamedTensor] {
        let answer = try infer(
            [input.name: input.tensor],
            outputs: outputs,
            isCancelled: isCancelled
        )
        var tensors: [NamedTensor] = []
        for (name, tensor) in answer {
            let floats = tensor.floats ?? tensor.elements.doubles?.map { Float($0) }
            guard let floats else {
                throw .shape(node: name, reason: "its values are \(tensor.type)")
            }
            let shape = Array(tensor.shape.dimensions.dropFirst())
            tensors.append(NamedTensor(name: name, shape: shape, values: floats))
        }
        return tensors
    }
}

extension [Float] {
    init(copying span: Span<Float>) {
        self.init(capacity: span.count) { output in
            for index in span.indices { output.append(span[index]) }
        }
    }
}
