import Compute
import Graph

/// A Loop or Scan whose body is one plan: its iterations share one arena, and nothing is looked up in between.
struct Repetition {
    private let node: Node
    private let inner: PreparedNode.Inner
    private let captured: [Tensor?]
    private let memory: MemoryUse
    private let isCancelled: () -> Bool

    init?(
        _ prepared: PreparedNode,
        captured: [[Tensor?]],
        _ memory: MemoryUse,
        _ isCancelled: @escaping () -> Bool
    ) {
        guard ["Loop", "Scan"].contains(prepared.node.op), let inner = prepared.graphs.first,
            let captured = captured.first
        else { return nil }
        node = prepared.node
        self.inner = inner
        self.captured = captured
        (self.memory, self.isCancelled) = (memory, isCancelled)
    }

    private var graph: Graph { inner.program.graph }

    /// The results; nil where it has to be computed by definition.
    func run(_ tensors: [Tensor?]) throws(ModelError) -> [Tensor]? {
        node.op == "Loop" ? try loop(tensors) : try scan(tensors)
    }

    // MARK: Loop

    private func loop(_ tensors: [Tensor?]) throws(ModelError) -> [Tensor]? {
        let given = tensors.map { $0 }
        let limit = given.first.flatMap { $0 }.map { $0.elements.signed?.first ?? 0 } ?? .max
        let goesOn = given.dropFirst().first.flatMap { $0 }?.elements.booleans?.first ?? true
        let states = given.dropFirst(2).compactMap { $0 }
        guard limit > 0, goesOn, given.count == states.count + 2,
            graph.inputs.count == given.count, graph.outputs.count > states.count
        else { return nil }
        let first =
            [
                Tensor(shape: [], integers: [0]), Tensor(shape: [], elements: .booleans([true])),
            ] + states
        guard let body = try repeated(first) else { return nil }
        var runs = try BodyRuns(body)
        try runs.fill(first)
        for index in states.indices {
            guard runs.feed(1 + index, to: 2 + index) else { return nil }
        }
        guard let flag = LoopFlag(body) else { return nil }
        var stacks: [ScanStack] = []
        for output in graph.outputs.indices.dropFirst(1 + states.count) {
            guard let stack = ScanStack(body, output, most: limit) else { return nil }
            stacks.append(stack)
        }
        var iteration = 0
        while true {
            if let port = body.inputs[0] { runs.position(of: port)[integer: 0] = iteration }
            for index in stacks.indices { try stacks[index].prepare(iteration, runs, memory) }
            try runs.run(isCancelled: isCancelled)
            for stack in stacks { stack.take(iteration, runs) }
            iteration += 1
            guard iteration < limit, flag.goesOn(runs) else { break }
            runs.advance()
        }
        var results: [Tensor] = []
        for (index, state) in states.enumerated() {
            if let port = body.port(of: 1 + index) {
                results.append(runs.tensor(port))
            } else {
                results.append(state)
            }
        }
        for stack in stacks { results.append(try stack.tensor(iteration)) }
        return results
    }

    private func repeated(_ first: [Tensor]) throws(ModelError) -> RepeatedBody? {
        guard first.allSatisfy({ $0.count > 0 }) else { return nil }
        let body = try inner.program.repeated(first, captured: captured, memory, isCancelled)
        if let body { try memory.require(bytes: body.segment.plan.runBytes) }
        return body
    }

    // MARK: Scan

    private func scan(_ tensors: [Tensor?]) throws(ModelError) -> [Tensor]? {
        let values = tensors.compactMap { $0 }
        guard node.opset >= 9, values.count == tensors.count, graph.inputs.count == values.count,
            case .int(let count) = node.attributes["num_scan_inputs"], count >= 1,
            count <= values.count, graph.outputs.count >= values.count - count
        else { return nil }
        let states = Array(values.dropLast(count))
        let outputs = graph.outputs.count - states.count
        guard let inputs = scanned(values.suffix(count)),
            let outward = directions("scan_output_directions", outputs),
            let axes = axes("scan_output_axes", outputs),
            let steps = inputs.first?.count, steps > 0,
            inputs.allSatisfy({ $0.count == steps })
        else { return nil }
        let first = states + inputs.map { $0.first }
        guard let body = try repeated(first) else { return nil }
        var runs = try BodyRuns(body)
        try runs.fill(first)
        for index in states.indices {
            guard runs.feed(index, to: index) else { return nil }
        }
        var stacks: [ScanStack] = []
        for index in 0..<outputs {
            let stack = ScanStack(
                body,
                states.count + index,
                most: steps,
                isBackward: outward[index],
                all: true
            )
            guard let stack else { return nil }
            stacks.append(stack)
        }
        // Large inputs are read where these have them.
        defer { withExtendedLifetime(inputs) {} }
        for step in 0..<steps {
            for (index, input) in inputs.enumerated() {
                guard let port = body.inputs[states.count + index] else { continue }
                input.give(step, port, runs)
            }
            for index in stacks.indices { try stacks[index].prepare(step, runs, memory) }
            try runs.run(isCancelled: isCancelled)
            for stack in stacks { stack.take(step, runs) }
            if step + 1 < steps { runs.advance() }
        }
        var results: [Tensor] = []
        for (index, state) in states.enumerated() {
            if let port = body.port(of: index) {
                results.append(runs.tensor(port))
            } else {
                results.append(state)
            }
        }
        for (stack, axis) in zip(stacks, axes) {
            guard let tensor = try stack.tensor(steps).movingFirst(to: axis) else { return nil }
            results.append(tensor)
        }
        return results
    }

    private func scanned(_ tensors: ArraySlice<Tensor>) -> [ScanInput]? {
        guard let inward = directions("scan_input_directions", tensors.count),
            let axes = axes("scan_input_axes", tensors.count)
        else { return nil }
        var inputs: [ScanInput] = []
        for (index, tensor) in tensors.enumerated() {
            guard let input = ScanInput(tensor, axis: axes[index], isBackward: inward[index]) else {
                return nil
            }
            inputs.append(input)
        }
        return inputs
    }

    private func directions(_ name: String, _ count: Int) -> [Bool]? {
        axes(name, count)?.map { $0 == 1 }
    }

    /// A list of `count` numbers, all 0 where it is left out.
    private func axes(_ name: String, _ count: Int) -> [Int]? {
        guard let attribute = node.attributes[name] else {
            return Array(repeating: 0, count: count)
        }
        guard case .ints(let list) = attribute, list.count == count else { return nil }
        return list
    }
}

/// Whether a Loop goes on, as its body says.
private struct LoopFlag {
    private let port: Plan.Port?
    private let isFixed: Bool

    init?(_ body: RepeatedBody) {
        switch body.outputs[0] {
        case .port(let port):
            guard port.type == .bool, port.count == 1 else { return nil }
            (self.port, isFixed) = (port, true)
        case .fixed(let tensor):
            guard let flag = tensor.elements.booleans?.first else { return nil }
            (port, isFixed) = (nil, flag)
        case .given(1): (port, isFixed) = (nil, true)
        case .given: return nil
        }
    }

    func goesOn(_ runs: borrowing BodyRuns) -> Bool {
        guard let port else { return isFixed }
        return runs.position(of: port)[byte: 0] != 0
    }
}

extension Tensor {
    /// With the first axis at another place; nil where there is no such place.
    fileprivate func movingFirst(to axis: Int) -> Tensor? {
        let place = axis < 0 ? axis + shape.rank : axis
        guard (0..<shape.rank).contains(place) else { return nil }
        guard place > 0 else { return self }
        var order = Array(1..<shape.rank)
        order.insert(0, at: place)
        return transposed(order)
    }
}
