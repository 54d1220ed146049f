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
        let plan = try plan(inputs: [input.name: input.shape], outputs: outputs)
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

extension [Float] {
    init(copying span: Span<Float>) {
        self.init(capacity: span.count) { output in
            for index in span.indices { output.append(span[index]) }
        }
    }
}
