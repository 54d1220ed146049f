import Compute
import Graph

extension Families {
    static let controls: [String: DeclaredOperator] = [
        "If": .init(Branch.self, takes: 1...1, gives: 1 ... .max),
        "Loop": .init(Loop.self, takes: 0 ... .max, gives: 1 ... .max),
        // Before opset 9 the first input may be left out.
        "Scan": .init(Scan.self, takes: 0 ... .max, gives: 1 ... .max),
    ]
}

struct Branch: Operator {
    static var bytesPerInput: Int { 0 }
    init(_ attributes: inout AttributeReader) throws(ModelError) {
        _ = try attributes.graph("then_branch")
        _ = try attributes.graph("else_branch")
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        guard let flags = try operands(0).elements.booleans, flags.count == 1 else {
            throw operands.fail("the condition must be one truth value")
        }
        return try operands.context.run(flags[0] ? "then_branch" : "else_branch", [])
    }
}

struct Loop: Operator {
    static var bytesPerInput: Int { 0 }
    private let body: Graph

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        body = try attributes.graph("body")
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let limit = try operands.optionalInteger(0) ?? .max
        var goesOn = operands.optional(1)?.elements.booleans?.first ?? true
        var carried: [Tensor] = []
        for index in operands.tensors.indices.dropFirst(2) { carried.append(try operands(index)) }
        guard body.inputs.count == carried.count + 2, body.outputs.count > carried.count else {
            throw operands.fail(
                "the body takes \(body.inputs.count) values, \(carried.count + 2) come"
            )
        }
        var scanned = [[Tensor]](repeating: [], count: body.outputs.count - 1 - carried.count)
        var iteration = 0
        while iteration < limit, goesOn {
            try operands.poll()
            let inputs =
                [
                    Tensor(shape: [], integers: [iteration]),
                    Tensor(shape: [], elements: .booleans([goesOn])),
                ] + carried
            let outputs = try operands.context.run("body", inputs)
            guard let flag = outputs[0].elements.booleans?.first else {
                throw operands.fail("the body's first output must be a truth value")
            }
            goesOn = flag
            carried = Array(outputs[1..<1 + carried.count])
            for (index, value) in outputs[(1 + carried.count)...].enumerated() {
                scanned[index].append(value)
                try operands.context.memory.hold(value)
            }
            iteration += 1
        }
        defer { scanned.joined().forEach(operands.context.memory.drop) }
        var results = carried
        for (index, values) in scanned.enumerated() {
            let info = body.outputInfo[safe: 1 + carried.count + index]
            results.append(try operands.stacked(values, like: info, axis: 0))
        }
        return results
    }
}

struct Scan: Operator {
    static var bytesPerInput: Int { 0 }
    private let body: Graph
    private let inputCount: Int
    private let inputAxes: [Int]?
    private let outputAxes: [Int]?
    private let inputDirections: [Int]?
    private let outputDirections: [Int]?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        body = try attributes.graph("body")
        inputCount = try attributes.int("num_scan_inputs", default: 0)
        if attributes.opset < 9 {
            inputDirections = try attributes.ints("directions")
            (inputAxes, outputAxes, outputDirections) = (nil, nil, nil)
        } else {
            inputDirections = try attributes.ints("scan_input_directions")
            outputDirections = try attributes.ints("scan_output_directions")
            inputAxes = try attributes.ints("scan_input_axes")
            outputAxes = try attributes.ints("scan_output_axes")
        }
        guard inputCount >= 1, inputCount <= body.inputs.count,
            body.outputs.count >= body.inputs.count - inputCount
        else {
            throw attributes.mismatch(
                "num_scan_inputs",
                "1 or more, and an output of the body for each of its other inputs",
                .int(inputCount)
            )
        }
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        var values: [Tensor] = []
        let isBatched = operands.node.opset < 9
        for index in operands.tensors.indices.dropFirst(isBatched ? 1 : 0) {
            values.append(try operands(index))
        }
        guard values.count == body.inputs.count, inputCount <= values.count else {
            throw operands.fail("the body takes \(body.inputs.count) values, \(values.count) come")
        }
        let states = values.count - inputCount
        guard isBatched else {
            return try scan(Array(values[..<states]), Array(values[states...]), operands)
        }
        // Before opset 9 every value had a batch first.
        guard operands.optional(0) == nil, let batch = values.first?.shape.dimensions.first,
            values.allSatisfy({ $0.shape.rank >= 1 && $0.shape[0] == batch })
        else { throw operands.fail("sequence_lens and batches that differ are not supported") }
        var rows: [[Tensor]] = []
        for row in 0..<batch {
            let own = values.map { $0.slice(axis: 0, row) }
            rows.append(try scan(Array(own[..<states]), Array(own[states...]), operands))
        }
        var results: [Tensor] = []
        for index in body.outputs.indices {
            results.append(try operands.stacked(rows.map { $0[index] }, like: nil, axis: 0))
        }
        return results
    }

    private func scan(
        _ initial: [Tensor],
        _ inputs: [Tensor],
        _ operands: Operands
    ) throws(ModelError) -> [Tensor] {
        var axes: [Int] = []
        for (index, input) in inputs.enumerated() {
            axes.append(try operands.axis(inputAxes?[safe: index] ?? 0, rank: input.shape.rank))
        }
        let steps = inputs[0].shape[axes[0]]
        guard zip(inputs, axes).allSatisfy({ $0.shape[$1] == steps }) else {
            throw operands.fail("the scanned inputs differ in length")
        }
        var states = initial
        var scanned = [[Tensor]](repeating: [], count: max(0, body.outputs.count - states.count))
        for step in 0..<steps {
            try operands.poll()
            let slices = inputs.indices.map { index in
                let isBackward = inputDirections?[safe: index] == 1
                return inputs[index].slice(axis: axes[index], isBackward ? steps - 1 - step : step)
            }
            let outputs = try operands.context.run("body", states + slices)
            states = Array(outputs[..<states.count])
            for (index, value) in outputs[states.count...].enumerated() {
                scanned[index].append(value)
                try operands.context.memory.hold(value)
            }
        }
        defer { scanned.joined().forEach(operands.context.memory.drop) }
        for (index, values) in scanned.enumerated() {
            let ordered = outputDirections?[safe: index] == 1 ? values.reversed() : values
            let info = body.outputInfo[safe: states.count + index]
            states.append(
                try operands.stacked(ordered, like: info, axis: outputAxes?[safe: index] ?? 0)
            )
        }
        return states
    }
}

extension Array {
    subscript(safe index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}

extension Tensor {
    /// The part at `index` of an axis, without that axis.
    func slice(axis: Int, _ index: Int) -> Tensor {
        var rest = shape.dimensions
        var strides = rowMajorStrides(rest)
        let offset = index * strides[axis]
        rest.remove(at: axis)
        strides.remove(at: axis)
        return strided(rest, strides: strides, offset: offset)
    }
}

extension Operands {
    /// Tensors of one shape along a new axis; of none, no elements in the shape that `info` declares.
    fileprivate func stacked(
        _ tensors: [Tensor],
        like info: Graph.Input?,
        axis: Int
    ) throws(ModelError) -> Tensor {
        guard let first = tensors.first, let shape = tensors.first?.shape else {
            let shape = Shape([0] + (info?.dimensions.map { $0 ?? 0 } ?? []))
            guard shape.isUsual else { throw fail("the body's output is declared as \(shape)") }
            return Tensor(
                shape: shape,
                elements: .zeros(0, info?.type ?? .float32)
            )
        }
        guard tensors.allSatisfy({ $0.shape == shape && $0.type == first.type }) else {
            throw fail("the body's outputs change their shape or type")
        }
        _ = try count([tensors.count] + shape.dimensions)
        let all = Tensor.Elements(joining: tensors.map(\.elements)) ?? first.elements
        let stack = Tensor(shape: Shape([tensors.count] + shape.dimensions), elements: all)
        let axis = try self.axis(axis, rank: stack.shape.rank)
        guard axis > 0 else { return stack }
        var order = Array(1..<stack.shape.rank)
        order.insert(0, at: axis)
        return stack.transposed(order)
    }
}
