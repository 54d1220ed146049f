import Engine
public import Graph

extension Model {
    /// Computes outputs from tensors of any type.
    ///
    /// - Parameters:
    ///   - inputs: A tensor for every input of the signature that is not optional.
    ///   - outputs: Names of outputs or of any node's values; nil asks for the model's outputs.
    ///   - isCancelled: Polled between layers.
    /// - Returns: The outputs in the order asked for.
    /// - Throws: `unknownInput`, `missingInput`, `inputType`, `inputShape`, `tokenOutOfRange`, `unknownLayer`,
    ///   `cancelled`, and what layers say of the shapes.
    public func infer(
        _ inputs: [String: Tensor],
        outputs: [String]? = nil,
        isCancelled: () -> Bool = { false }
    ) throws(ModelError) -> [(name: String, tensor: Tensor)] {
        try check(inputs)
        let names = outputs ?? signature.outputs.map(\.name)
        return try execute(inputs, outputs: names, isCancelled: isCancelled)
    }

    func execute(
        _ inputs: [String: Tensor],
        outputs: [String],
        isCancelled: () -> Bool
    ) throws(ModelError) -> [(name: String, tensor: Tensor)] {
        var inputs = inputs
        for port in signature.inputs
        where port.isOptional && inputs[port.name] == nil && !program.mayOmit(port.name) {
            inputs[port.name] = port.zeros
        }
        let tensors = try withoutActuallyEscaping(isCancelled) {
            [inputs] (isCancelled) throws(ModelError) in
            try program.run(inputs, outputs: outputs, isCancelled: isCancelled)
        }
        var answer: [(name: String, tensor: Tensor)] = []
        for (name, tensor) in zip(outputs, tensors) { answer.append((name, tensor)) }
        return answer
    }

    /// What was given against the signature, and symbols against the vocabulary.
    private func check(_ inputs: [String: Tensor]) throws(ModelError) {
        let unknown = inputs.keys.filter { name in
            !signature.inputs.contains { $0.name == name }
        }
        if let name = unknown.min() {
            throw .unknownInput(name, available: signature.inputs.map(\.name))
        }
        for port in signature.inputs {
            guard let tensor = inputs[port.name] else {
                if port.isOptional { continue }
                throw .missingInput(name: port.name, expected: port.description)
            }
            try port.check(tensor)
            guard tensor.shape.isUsual else {
                throw .inputShape(name: port.name, expected: port.description, got: tensor.shape)
            }
        }
        guard let symbols = manifest.input.symbolCount,
            let tokens = inputs[manifest.input.name]?.integers
        else { return }
        for (position, token) in tokens.enumerated() where token < 0 || token >= symbols {
            throw .tokenOutOfRange(position: position, token: token, count: symbols)
        }
    }
}
