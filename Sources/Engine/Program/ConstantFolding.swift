import Graph

/// Computes once what depends on constants only.
struct ConstantFolding {
    /// Elements of the largest result that is computed ahead where its inputs are smaller.
    private static let largestGrowth = 1 << 16

    /// Elements from which on a constant of one repeated number is made when it is read.
    private static let smallestFill = 1 << 12
    private static let largestFill = 1 << 30

    /// What is computed ahead and still read has, all of it together, the room of one request.
    private let memory: MemoryUse
    private var graph: Graph
    private let unrolling: UnrollingRoom
    /// Values that were computed ahead and are in `memory`.
    private var made: Set<String> = []
    /// Values that a node reads which cannot be computed ahead.
    private var staying: Set<String> = []

    /// Nodes that cannot be computed ahead stay, and so does their error.
    static func apply(to graph: Graph, memory: MemoryUse, unrolling: UnrollingRoom) -> Graph {
        var folding = ConstantFolding(memory: memory, graph: graph, unrolling: unrolling)
        folding.graph.nodes = []
        var last: [String: Int] = [:]
        let names = graph.nodes.map { $0.namesRead.union($0.outputs) }
        for (index, names) in names.enumerated() { for name in names { last[name] = index } }
        for name in graph.outputs { last[name] = nil }
        for (index, node) in graph.nodes.enumerated() {
            folding.take(node)
            for name in names[index] where last[name] == index { folding.release(name) }
        }
        dropUnread(&folding.graph)
        return folding.graph
    }

    private mutating func take(_ node: Node) {
        if let branch = Graph.branch(of: node, condition: constant(node, 0)) {
            graph.constants.merge(branch.constants) { $1 }
            branch.nodes.forEach { take($0) }
            return
        }
        if let loop = UnrolledLoop(node, in: graph, memory, unrolling) {
            graph.constants.merge(loop.constants) { $1 }
            loop.nodes.forEach { take($0) }
            return
        }
        guard let values = filled(node) ?? dequantized(node) ?? transposed(node) ?? evaluate(node),
            values.allSatisfy({ (try? memory.hold($0)) != nil })
        else {
            graph.nodes.append(node)
            staying.formUnion(node.namesRead)
            return
        }
        for (name, value) in zip(node.outputs, values) where !name.isEmpty {
            graph.constants[name] = value
            made.insert(name)
        }
    }

    /// A value that no later node reads is given up, unless one before needs it.
    private mutating func release(_ name: String) {
        guard !staying.contains(name), let value = graph.constants.removeValue(forKey: name),
            made.contains(name)
        else { return }
        memory.drop(value)
    }

    /// A ConstantOfShape of many float32 numbers: weights that a file leaves out, made anew whenever they are read.
    private func filled(_ node: Node) -> [Tensor]? {
        guard node.op == "ConstantOfShape", let sizes = constant(node, 0)?.elements.signed,
            let value = (try? Operators.make(node) as? FilledShape)?.number,
            let count = Shape(sizes).checkedCount,
            (Self.smallestFill...Self.largestFill).contains(count), Shape(sizes).isUsual
        else { return nil }
        let stored = StoredFloats(
            count: count,
            isMade: true,
            makePart: { part in [Float](repeating: value, count: part.count) }
        )
        return [Tensor(shape: Shape(sizes), stored: stored)]
    }

    /// A DequantizeLinear of weights: they stay integers, which plans may compute with as they are.
    private func dequantized(_ node: Node) -> [Tensor]? {
        QuantizedNumbers(node) { constant(node, $0) }.map { [$0.tensor] }
    }

    /// A Transpose of a matrix that was dequantised: its integers stay as they are.
    private func transposed(_ node: Node) -> [Tensor]? {
        guard node.op == "Transpose", let numbers = constant(node, 0)?.quantized,
            numbers.integers.shape.rank == 2,
            node.attributes["perm"] ?? .ints([1, 0]) == .ints([1, 0])
        else { return nil }
        return numbers.transposed.map { [$0.tensor] }
    }

    private func constant(_ node: Node, _ index: Int) -> Tensor? {
        index < node.inputs.count ? graph.constants[node.inputs[index]] : nil
    }

    private func evaluate(_ node: Node) -> [Tensor]? {
        let inputs = node.inputs.filter { !$0.isEmpty }
        let hasGraph = node.attributes.values.contains {
            if case .graph = $0 { true } else { false }
        }
        guard !hasGraph, inputs.allSatisfy({ graph.constants[$0] != nil }) else { return nil }
        let size = inputs.reduce(0) { $0 + (graph.constants[$1]?.count ?? 0) }
        guard size <= memory.free / 16 else { return nil }
        // Numbers that cannot be read are left to the plan, which says so.
        let tensors = node.inputs.map { $0.isEmpty ? nil : try? graph.constants[$0]?.loaded() }
        let limit = min(96 * (Self.largestGrowth + size), memory.free)
        let operands = Operands(
            node: node,
            tensors: tensors,
            context: .folding(memoryLimit: limit)
        )
        guard let values = try? Operators.make(node).outputs(operands),
            values.count >= node.outputs.count
        else { return nil }
        return values
    }

    private static func dropUnread(_ graph: inout Graph) {
        let read = graph.namesRead
        graph.constants = graph.constants.filter { read.contains($0.key) }
    }
}
