import Compute
import Foundation

extension Model {
    /// One plan for all that `outputs` need of an ONNX file.
    ///
    /// - Throws: `unknownLayer`, `missingInput`, what the signature says of the shapes, and `shape` where some nodes
    ///   must be computed one by one.
    func importedPlan(
        _ executor: GraphExecutor,
        inputs: [String: Shape],
        outputs: [String]
    ) throws(ModelError) -> Plan {
        let known = Set(executor.graph.valueNames)
        for name in outputs where !known.contains(name) {
            throw .unknownLayer(name, available: layers.map(\.name))
        }
        var tensors: [String: Tensor] = [:]
        for port in signature.inputs {
            let zeros = inputs[port.name].map {
                Tensor(shape: $0, elements: .zeros($0.count, port.type))
            }
            guard let tensor = zeros ?? (port.isOptional ? port.zeros : nil) else {
                throw .missingInput(name: port.name, expected: port.description)
            }
            try port.check(tensor)
            tensors[port.name] = tensor
        }
        guard let plan = executor.wholePlan(like: tensors, outputs: outputs) else {
            throw .shape(
                node: outputs.joined(separator: ", "),
                reason: "not all that it depends on can be planned: ask for it as tensors"
            )
        }
        return plan
    }

    /// Computes once, with zeros, so that a first request finds plans made and weights packed.
    ///
    /// Sizes that may vary are guessed; where a guess does not fit, nothing is lost but the warmth.
    func warm(within limit: Duration = .seconds(10)) {
        let end = ContinuousClock.now + limit
        for size in [64, 1] {
            var inputs: [String: Tensor] = [:]
            for port in signature.inputs where !port.isOptional {
                inputs[port.name] = port.zeros(variable: size)
            }
            let isOver = { ContinuousClock.now > end }
            if (try? infer(inputs, isCancelled: isOver)) != nil || isOver() { return }
        }
    }
}

extension ModelSignature.Port {
    /// Zeros with every dimension that may vary 1.
    var zeros: Tensor { zeros(variable: 1) }

    /// Zeros for one example, with `variable` for the other sizes that may vary.
    fileprivate func zeros(variable size: Int) -> Tensor {
        let shape = Shape(
            dimensions.enumerated().map { axis, known in known ?? (axis == 0 ? 1 : size) }
        )
        return Tensor(shape: shape, elements: .zeros(shape.count, type))
    }
}

extension ModelSignature {
    /// Words that exporters add to a state's name before or after a step.
    private static let steps: Set = [
        "in", "out", "n", "0", "1", "t", "prev", "previous", "next", "new", "old", "initial",
        "init",
        "final", "last", "past", "present", "input", "output",
    ]

    /// Finds inputs that outputs continue, and makes them optional: first they are zeros.
    ///
    /// Certain are one input and one output of float32, of the same sizes and of names that differ only in words such
    /// as "in" and "out": `h` and `hn`, `h0` and `h`, `state` and `stateN`.
    mutating func takeStates() -> [StatePair] {
        var pairs: [StatePair] = []
        var ports = inputs
        for (index, input) in inputs.enumerated() {
            let stem = Self.stem(input.name)
            let rivals = inputs.filter { Self.stem($0.name) == stem }
            let followers = outputs.filter { Self.stem($0.name) == stem }
            guard !stem.isEmpty, rivals.count == 1, followers.count == 1, input.type == .float32,
                followers[0].type == .float32, input.dimensions.count >= 2, !input.hasAnyRank,
                followers[0].dimensions == input.dimensions
            else { continue }
            ports[index].isOptional = true
            let sizes = input.dimensions.compactMap(\.self)
            pairs.append(
                StatePair(input: input.name, output: followers[0].name, count: sizes.reduce(1, *))
            )
        }
        // A model that takes nothing but what it made does not read a sequence.
        guard pairs.count < inputs.count else { return [] }
        self = ModelSignature(inputs: ports, outputs: outputs)
        return pairs
    }

    /// A name without the words that tell before from after.
    private static func stem(_ name: String) -> String {
        var words: [String] = []
        var last: Character?
        for letter in name {
            guard letter.isLetter || letter.isNumber else {
                last = nil
                continue
            }
            let begins =
                last.map { $0.isNumber != letter.isNumber || $0.isLowercase && letter.isUppercase }
                ?? true
            if begins { words.append("") }
            words[words.count - 1] += letter.lowercased()
            last = letter
        }
        return words.filter { !steps.contains($0) }
            .map { $0.count == 2 && $0.hasSuffix("n") ? String($0.dropLast()) : $0 }
            .joined(separator: "_")
    }
}
