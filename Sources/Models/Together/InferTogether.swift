import Engine
public import Graph

/// How requests of a model lie side by side in one: the axis of each input and output along which they do.
public struct SideBySide: Sendable {
    /// nil for an input that all requests must give alike.
    let inputs: [String: Int?]
    let outputs: [String: Int]
}

extension Model {
    /// Whether most of a request's time goes into reading weights: each is used about once, so that several requests cost
    /// little more than one.
    public var isMemoryBound: Bool {
        parameterCount >= 50_000 && multiplyAdds <= 4 * parameterCount
    }

    /// How several requests can be one; nil for a model that is not known to take several.
    ///
    /// Inputs and outputs whose first size may vary lie along that one, states along theirs. That a batch's elements know
    /// nothing of each other is certain of layers, and of an ONNX file to be tried.
    public var sideBySide: SideBySide? {
        guard reading == nil, backwardLayer == nil else { return nil }
        var inputs: [String: Int?] = [:]
        for port in signature.inputs {
            guard !port.hasAnyRank, [.float32, .int64, .int32].contains(port.type) else {
                return nil
            }
            if let pair = carriedStates.first(where: { $0.input == port.name }) {
                guard let axis = pair.batchAxis else { return nil }
                inputs[port.name] = axis
            } else {
                let varies = port.dimensions.first == .some(nil)
                inputs.updateValue(varies ? 0 : nil, forKey: port.name)
            }
        }
        guard inputs.contains(where: { $0.value != nil && !isState($0.key) }) else { return nil }
        var outputs: [String: Int] = [:]
        for port in signature.outputs {
            if let pair = carriedStates.first(where: { $0.output == port.name }) {
                outputs[port.name] = pair.batchAxis
            } else if port.dimensions.first == .some(nil), port.type == .float32 {
                outputs[port.name] = 0
            }
        }
        return SideBySide(inputs: inputs, outputs: outputs)
    }

    private func isState(_ input: String) -> Bool { carriedStates.contains { $0.input == input } }

    /// Whether two requests can be one.
    public func fit(
        _ first: [String: Tensor],
        _ second: [String: Tensor],
        _ sides: SideBySide
    ) -> Bool {
        guard first.count == second.count else { return false }
        return first.allSatisfy { name, tensor in
            guard let other = second[name], let axis = sides.inputs[name],
                other.type == tensor.type, other.shape.rank == tensor.shape.rank
            else { return false }
            guard let axis else { return other == tensor }
            return axis < tensor.shape.rank
                && tensor.shape.dimensions.indices.allSatisfy {
                    $0 == axis || tensor.shape[$0] == other.shape[$0]
                }
        }
    }

    /// How many elements of a batch a request has; nil if its inputs do not agree.
    public func elements(of inputs: [String: Tensor], _ sides: SideBySide) -> Int? {
        var count: Int?
        for (name, tensor) in inputs {
            guard let axis = sides.inputs[name] ?? nil, axis < tensor.shape.rank else { continue }
            let size = tensor.shape[axis]
            guard count ?? size == size, size > 0 else { return nil }
            count = size
        }
        return count
    }

    /// Computes several requests that fit each other as one, and gives each its part of the outputs.
    ///
    /// The batch has `size` elements, at least as many as the requests have; the rest is zeros. Nil where an output does
    /// not come apart; throws as `infer`.
    public func inferTogether(
        _ requests: [[String: Tensor]],
        outputs: [String],
        size: Int,
        _ sides: SideBySide,
        isCancelled: () -> Bool = { false }
    ) throws(ModelError) -> [[Tensor]]? {
        let counts = requests.compactMap { elements(of: $0, sides) }
        guard counts.count == requests.count, let first = requests.first else { return nil }
        var inputs: [String: Tensor] = [:]
        for (name, tensor) in first {
            guard let axis = sides.inputs[name] ?? nil else {
                inputs[name] = tensor
                continue
            }
            let parts = requests.compactMap { $0[name] }
            guard let joined = Tensor(sideBySide: parts, axis: axis, size: size) else { return nil }
            inputs[name] = joined
        }
        let answer = try infer(inputs, outputs: outputs, isCancelled: isCancelled)
        var parts = [[Tensor]](repeating: [], count: requests.count)
        for (name, tensor) in answer {
            guard let axis = sides.outputs[name], let floats = tensor.floats,
                axis < tensor.shape.rank, tensor.shape[axis] == size
            else { return nil }
            var start = 0
            for (request, count) in counts.enumerated() {
                parts[request].append(tensor.part(of: floats, axis: axis, start..<start + count))
                start += count
            }
        }
        return parts
    }
}

extension Tensor {
    /// Tensors one behind the other along an axis, filled up to `size` with zeros; nil for types that are not numbers of
    /// the usual kinds.
    fileprivate init?(sideBySide parts: [Tensor], axis: Int, size: Int) {
        guard let first = parts.first else { return nil }
        var dimensions = first.shape.dimensions
        dimensions[axis] = size
        let shape = Shape(dimensions)
        func joined<Value>(_ values: (Tensor) -> [Value]?, zero: Value) -> [Value]? {
            let outer = first.shape.dimensions.prefix(axis).reduce(1, *)
            let inner = first.shape.dimensions.dropFirst(axis + 1).reduce(1, *)
            let lists = parts.compactMap(values)
            guard lists.count == parts.count else { return nil }
            var result: [Value] = []
            result.reserveCapacity(shape.count)
            for row in 0..<outer {
                var count = 0
                for (part, list) in zip(parts, lists) {
                    let width = part.shape[axis] * inner
                    result += list[row * width..<(row + 1) * width]
                    count += part.shape[axis]
                }
                result += repeatElement(zero, count: (size - count) * inner)
            }
            return result
        }
        switch first.type {
        case .float32:
            guard let values = joined(\.floats, zero: 0) else { return nil }
            self.init(shape: shape, floats: values)
        case .int64:
            guard let values = joined(\.integers, zero: 0) else { return nil }
            self.init(shape: shape, integers: values)
        case .int32:
            guard let values = joined({ $0.int32s }, zero: 0) else { return nil }
            self.init(shape: shape, elements: .int32(values))
        default: return nil
        }
    }

    private var int32s: [Int32]? {
        if case .int32(let values) = elements { values } else { nil }
    }

    fileprivate func part(of floats: [Float], axis: Int, _ range: Range<Int>) -> Tensor {
        let outer = shape.dimensions.prefix(axis).reduce(1, *)
        let inner = shape.dimensions.dropFirst(axis + 1).reduce(1, *)
        var dimensions = shape.dimensions
        dimensions[axis] = range.count
        var values: [Float] = []
        values.reserveCapacity(outer * range.count * inner)
        for row in 0..<outer {
            let start = (row * shape[axis] + range.lowerBound) * inner
            values += floats[start..<start + range.count * inner]
        }
        return Tensor(shape: Shape(dimensions), floats: values)
    }
}
