import Engine
public import Graph

/// The vector of every node of a tree.
public struct TreeVectors: Sendable {
    /// Numbers of one vector.
    public let width: Int
    fileprivate var values: [Float]

    /// A node's vector.
    public subscript(node: Int) -> ArraySlice<Float> {
        values[node * width..<(node + 1) * width]
    }
}

extension Model {
    /// Rows that plans are made for: any number of nodes is cut into these, largest first.
    private static let batches = [64, 16, 4, 1]

    /// Computes the vectors of a tree's nodes, level by level: p = composition(left, right).
    ///
    /// Nodes of one height go through ordinary plans together; a row's bits do not depend on its batch.
    /// - Throws: `wrongTask`, `tokenOutOfRange`, `tooLarge`, `cancelled`.
    public func compose(
        _ tree: Tree,
        isCancelled: () -> Bool = { false }
    ) throws(ModelError) -> TreeVectors {
        guard let names = manifest.tree, let symbols = manifest.input.symbolCount else {
            throw .wrongTask(model: name, task: manifest.task.name)
        }
        let (count, overflow) = tree.nodes.count.multipliedReportingOverflow(by: names.width)
        guard !overflow, count <= memoryLimit / MemoryLayout<Float>.stride else {
            throw .tooLarge(bytes: overflow ? .max : count * 4, limit: memoryLimit)
        }
        var vectors = TreeVectors(width: names.width, values: Array(repeating: 0, count: count))
        for (height, level) in tree.levels.enumerated() {
            try forEachBatch(level) { (nodes) throws(ModelError) in
                if height == 0 {
                    try embed(
                        nodes,
                        of: tree,
                        names: names,
                        symbols: symbols,
                        into: &vectors,
                        isCancelled: isCancelled
                    )
                } else {
                    try combine(
                        nodes,
                        of: tree,
                        names: names,
                        into: &vectors,
                        isCancelled: isCancelled
                    )
                }
            }
        }
        return vectors
    }

    /// The rows of `output` for some nodes' vectors, in their order.
    ///
    /// - Throws: `unknownLayer`, `cancelled`.
    public func read(
        _ output: String,
        at nodes: [Int],
        of vectors: TreeVectors,
        isCancelled: () -> Bool = { false },
        each: (_ node: Int, _ row: Span<Float>) throws(ModelError) -> Void
    ) throws(ModelError) {
        guard let names = manifest.tree else {
            throw .wrongTask(model: name, task: manifest.task.name)
        }
        try forEachBatch(nodes) { (nodes) throws(ModelError) in
            let plan = try plan(
                inputs: [names.node: [nodes.count, names.width]],
                outputs: [output]
            )
            try plan.run(isCancelled: isCancelled) { inputs throws(ModelError) in
                try inputs.withFloats(names.node) { span throws(ModelError) in
                    for (row, node) in nodes.enumerated() {
                        vectors.copy(node, into: &span, at: row * names.width)
                    }
                }
            } read: { results throws(ModelError) in
                let width = try results.shape(of: output).count / nodes.count
                try results.withFloats(output) { span throws(ModelError) in
                    for (row, node) in nodes.enumerated() {
                        try each(node, span.extracting(row * width..<(row + 1) * width))
                    }
                }
            }
        }
    }

    private func forEachBatch(
        _ nodes: [Int],
        _ body: (ArraySlice<Int>) throws(ModelError) -> Void
    ) throws(ModelError) {
        var done = 0
        while done < nodes.count {
            let length = Self.batches.first { $0 <= nodes.count - done } ?? 1
            try body(nodes[done..<done + length])
            done += length
        }
    }

    /// Vectors of leaves: symbols [T, 1] through the leaf layer.
    private func embed(
        _ nodes: ArraySlice<Int>,
        of tree: Tree,
        names: TreeNames,
        symbols: Int,
        into vectors: inout TreeVectors,
        isCancelled: () -> Bool
    ) throws(ModelError) {
        var tokens: [Int32] = []
        for node in nodes {
            guard case .leaf(let token) = tree.nodes[node] else { continue }
            guard token >= 0, token < symbols else {
                throw .tokenOutOfRange(
                    position: tokens.count,
                    token: Int(token),
                    count: symbols
                )
            }
            tokens.append(token)
        }
        let input = manifest.input.name
        let plan = try plan(inputs: [input: [tokens.count, 1]], outputs: [names.leaf])
        try plan.run(isCancelled: isCancelled) { inputs throws(ModelError) in
            try inputs.withIntegers(input) { span throws(ModelError) in
                for index in tokens.indices { span[index] = Int(tokens[index]) }
            }
        } read: { results throws(ModelError) in
            try vectors.store(nodes, from: results, names.leaf)
        }
    }

    private func combine(
        _ nodes: ArraySlice<Int>,
        of tree: Tree,
        names: TreeNames,
        into vectors: inout TreeVectors,
        isCancelled: () -> Bool
    ) throws(ModelError) {
        let width = names.width
        let plan = try plan(
            inputs: [names.children: [nodes.count, 2 * width]],
            outputs: [names.composed]
        )
        try plan.run(isCancelled: isCancelled) { inputs throws(ModelError) in
            try inputs.withFloats(names.children) { span throws(ModelError) in
                for (row, node) in nodes.enumerated() {
                    guard case .composed(let left, let right) = tree.nodes[node] else { continue }
                    vectors.copy(left, into: &span, at: 2 * row * width)
                    vectors.copy(right, into: &span, at: (2 * row + 1) * width)
                }
            }
        } read: { results throws(ModelError) in
            try vectors.store(nodes, from: results, names.composed)
        }
    }
}

extension TreeVectors {
    fileprivate func copy(_ node: Int, into span: inout MutableSpan<Float>, at start: Int) {
        for index in 0..<width { span[start + index] = values[node * width + index] }
    }

    fileprivate mutating func store(
        _ nodes: ArraySlice<Int>,
        from results: PlanOutputs,
        _ output: String
    ) throws(ModelError) {
        var rows: [Float] = []
        try results.withFloats(output) { span throws(ModelError) in
            rows = span.indices.map { span[$0] }
        }
        for (row, node) in nodes.enumerated() {
            for index in 0..<width { values[node * width + index] = rows[row * width + index] }
        }
    }
}
