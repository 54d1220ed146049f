import Engine
package import Graph

extension ModelSignature.Port {
    /// The pair of this state and its successor, for one sequence.
    fileprivate func state(before output: Self) -> StatePair {
        StatePair(
            input: name,
            output: output.name,
            shape: Shape(dimensions.map { $0 ?? 1 }),
            batchAxis: dimensions.count { $0 == nil } == 1
                ? dimensions.firstIndex { $0 == nil } : nil
        )
    }

    /// Bytes of a tensor with `variable` for the sizes that may vary; nil if that is no tensor.
    func bytes(variable size: Int) -> Int? {
        let shape = Shape(dimensions.map { $0 ?? size })
        guard shape.isUsual, let count = shape.checkedCount else { return nil }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: type.byteCount ?? 32)
        return overflow ? nil : bytes
    }

    /// Zeros with every dimension that may vary 1.
    package var zeros: Tensor { zeros(variable: 1) }

    /// Zeros with `size` for every dimension that may vary, the first one too.
    func zeros(ofAnySize size: Int) -> Tensor {
        let shape = Shape(dimensions.map { $0 ?? size })
        return Tensor(shape: shape, elements: .zeros(shape.count, type))
    }

    /// Zeros for one example, with `variable` for the other sizes that may vary.
    func zeros(variable size: Int) -> Tensor {
        let shape = Shape(
            dimensions.enumerated().map { axis, known in known ?? (axis == 0 ? 1 : size) }
        )
        return Tensor(shape: shape, elements: .zeros(shape.count, type))
    }
}

extension ModelSignature {
    /// Refuses inputs that no request could bring.
    ///
    /// - Throws: `invalidWeights` that names the input, what it is declared as, and the limit.
    func check(memoryLimit limit: Int) throws(ModelError) {
        for port in inputs where port.bytes(variable: 1).map({ $0 > limit }) ?? true {
            throw .invalidWeights(
                "the input \"\(port.name)\" is declared as \(port.description), "
                    + "more than the \(limit >> 20) MiB that computing a request may take"
            )
        }
    }

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
        let rivals = Dictionary(grouping: inputs) { Self.stem($0.name) }
        let successors = Dictionary(grouping: outputs) { Self.stem($0.name) }
        for (stem, inputs) in rivals where !stem.isEmpty && inputs.count == 1 {
            let (input, followers) = (inputs[0], successors[stem] ?? [])
            guard followers.count == 1, input.type == .float32,
                followers[0].type == .float32, input.dimensions.count >= 2, !input.hasAnyRank,
                followers[0].dimensions == input.dimensions
            else { continue }
            pairs.append(input.state(before: followers[0]))
        }
        let order = Dictionary(uniqueKeysWithValues: inputs.enumerated().map { ($1.name, $0) })
        pairs.sort { (order[$0.input] ?? 0) < (order[$1.input] ?? 0) }
        // A model that takes nothing but what it made does not read a sequence.
        guard pairs.count < inputs.count else { return [] }
        self = withOptional(pairs)
        return pairs
    }

    /// The states a manifest names.
    ///
    /// - Throws: `unknownInput`, `unknownLayer`, `invalidManifest` for sizes that do not fit.
    mutating func takeStates(_ named: [String: String]) throws(ModelError) -> [StatePair] {
        for name in named.keys.sorted() where !inputs.contains(where: { $0.name == name }) {
            throw .unknownInput(name, available: inputs.map(\.name))
        }
        var pairs: [StatePair] = []
        for input in inputs {
            guard let name = named[input.name] else { continue }
            guard let output = outputs.first(where: { $0.name == name }) else {
                throw .unknownLayer(name, available: outputs.map(\.name))
            }
            guard input.type == .float32, output.type == .float32, !input.hasAnyRank else {
                throw .invalidManifest(
                    field: "model.json, states, \(input.name)",
                    expected: "an input and an output of float32",
                    got: "\(input.description) and \(output.description)"
                )
            }
            pairs.append(input.state(before: output))
        }
        self = withOptional(pairs)
        return pairs
    }

    /// Inputs with the first outputs of their sizes, of float32 both: no more than a guess.
    func statesBySize() -> [StatePair] {
        var rest = outputs
        return inputs.compactMap { input in
            guard input.type == .float32, input.dimensions.count >= 2, !input.hasAnyRank,
                let place = rest.firstIndex(where: {
                    $0.type == .float32 && $0.dimensions == input.dimensions
                })
            else { return nil }
            return input.state(before: rest.remove(at: place))
        }
    }

    /// The same, with the inputs of these pairs optional.
    func withOptional(_ pairs: [StatePair]) -> ModelSignature {
        var ports = inputs
        for index in ports.indices where pairs.contains(where: { $0.input == ports[index].name }) {
            ports[index].isOptional = true
        }
        return ModelSignature(inputs: ports, outputs: outputs)
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

extension ModelSignature {
    /// Inputs of usual sizes where a size may vary: one example, of 224 × 224 or 100 steps, or one symbol.
    func samples(of manifest: Manifest, memoryLimit: Int) -> [String: Tensor] {
        var samples: [String: Tensor] = [:]
        for port in inputs where !port.hasAnyRank {
            // Of a picture the manifest may say what the file leaves open.
            var said: [Int?] = [nil, nil, nil, nil]
            let sides = manifest.isChannelsLast ? 1...2 : 2...3
            if case .image(port.name, _, let height, let width) = manifest.input {
                said.replaceSubrange(sides, with: [height, width])
            }
            let sizes = port.dimensions.enumerated().map { axis, known in
                switch (known, port.dimensions.count) {
                case (let known?, _): known
                case (nil, 4) where said[axis] != nil: said[axis] ?? 1
                case (nil, 4) where sides.contains(axis): LayerSummary.referenceSide
                case (nil, 3) where axis == 2: LayerSummary.referenceLength
                default: 1
                }
            }
            let shape = Shape(sizes)
            guard shape.isUsual, shape.count <= memoryLimit / 64 else { return [:] }
            samples[port.name] =
                port.type.isFloat
                ? Tensor(sized: shape)
                : Tensor(shape: shape, elements: .zeros(shape.count, port.type))
        }
        return samples
    }
}
