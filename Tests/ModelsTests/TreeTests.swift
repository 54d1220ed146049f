import Compute
import Foundation
import NetworkSupport
import TestSupport
import Testing

@testable import Graph
@testable import Models

/// Recursive networks against their definition in double precision, node by node.
@Suite struct TreeTests {
    private static let symbols = 6
    private static let labels = 3

    /// A random composition tanh(W [left; right] + b) with a softmax readout.
    private struct Network {
        let width: Int
        var weights: [String: Tensor] = [:]

        init(_ random: inout SeededGenerator) {
            width = random.int(1...40)
            let shapes: [(String, Shape)] = [
                ("embedded.weight", [symbols, width]), ("sum.weight", [width, 2 * width]),
                ("sum.bias", [width]), ("logits.weight", [labels, width]),
                ("logits.bias", [labels]),
            ]
            for (name, shape) in shapes {
                weights[name] = Tensor(shape: shape, floats: random.floats(shape.count))
            }
        }

        func model(_ tree: String? = nil, labels: String = "x\ny\nz") throws -> Model {
            let builder = try ModelFolderBuilder()
            let names =
                #""leaf": "embedded", "children": "children", "composed": "composed", "node": "node""#
            try builder.write(
                """
                {"name": "tree", "task": "tree-classification", "labels": "labels.txt",
                 "input": {"name": "tokens", "vocabulary": "vocabulary.json"},
                 "tree": \(tree ?? "{\(names), \"width\": \(width)}"),
                 "layers": [
                  {"name": "embedded", "op": "Gather"},
                  {"name": "sum", "op": "Gemm", "inputs": ["children"]},
                  {"name": "composed", "op": "Tanh"},
                  {"name": "logits", "op": "Gemm", "inputs": ["node"]},
                  {"name": "label", "op": "Softmax"}
                 ],
                 "outputs": ["label"], "logits": "logits"}
                """,
                to: "model.json"
            )
            try builder.write(#"["a", "b", "c", "d", "e", "f"]"#, to: "vocabulary.json")
            try builder.write(labels, to: "labels.txt")
            try builder.write(weights)
            return try builder.load()
        }

        /// A node's vector by definition, from the vectors of its children: errors grow with the
        /// weights on the way up, so that only one composition at a time has a tolerance.
        func vector(_ node: Tree.Node, _ children: (Int) -> [Double]) -> [Double] {
            switch node {
            case .leaf(let token): return row("embedded.weight", Int(token), width)
            case .composed(let left, let right):
                return apply("sum", children(left) + children(right)).map { tanh($0) }
            }
        }

        func logits(_ vector: [Double]) -> [Double] { apply("logits", vector) }

        private func apply(_ layer: String, _ input: [Double]) -> [Double] {
            (weights["\(layer).bias"]?.floats ?? []).enumerated().map { unit, bias in
                zip(row("\(layer).weight", unit, input.count), input)
                    .reduce(Double(bias)) { $0 + $1.0 * $1.1 }
            }
        }

        private func row(_ name: String, _ index: Int, _ count: Int) -> [Double] {
            (weights[name]?.floats ?? [])[index * count..<(index + 1) * count].map { Double($0) }
        }
    }

    /// A random tree of `leaves` leaves: any two neighbours become one until there is one.
    private func tree(_ leaves: Int, _ random: inout SeededGenerator) -> Tree {
        var tree = Tree()
        var row = (0..<leaves).map { _ in
            tree.addLeaf(Int32(random.int(0...Self.symbols - 1)))
        }
        while row.count > 1 {
            let place = random.int(0...row.count - 2)
            row[place] = tree.compose(row[place], row[place + 1])
            row.remove(at: place + 1)
        }
        return tree
    }

    private func subtree(_ node: Int, of whole: Tree, into tree: inout Tree) -> Int {
        switch whole.nodes[node] {
        case .leaf(let token): return tree.addLeaf(token)
        case .composed(let left, let right):
            let first = subtree(left, of: whole, into: &tree)
            return tree.compose(first, subtree(right, of: whole, into: &tree))
        }
    }

    @Test func `every node agrees with the composition of its children in float64`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        for leaves in [1, 2, 3, 40, 300] {
            let network = Network(&random)
            let model = try network.model()
            let tree = tree(leaves, &random)
            #expect(tree.nodes.count == 2 * leaves - 1)
            let vectors = try model.compose(tree)
            try model.read("logits", at: Array(tree.nodes.indices), of: vectors) {
                (node, row) throws(ModelError) in
                let comment = "seed \(seed), \(leaves) leaves, node \(node)"
                let tolerance = Tolerance(relative: 1e-5, absolute: 1e-5)
                let expected = network.vector(tree.nodes[node]) { vectors[$0].map { Double($0) } }
                expectClose(Array(vectors[node]), expected, tolerance, scale: 1, comment)
                let logits = network.logits(vectors[node].map { Double($0) })
                expectClose(numbers(row), logits, tolerance, scale: 1, comment)
            }
        }
    }

    @Test func `node by node gives the same bits as level by level`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        let network = Network(&random)
        let model = try network.model()
        let tree = tree(150, &random)
        let vectors = try model.compose(tree)
        var together: [[Float]] = Array(repeating: [], count: tree.nodes.count)
        try model.read("label", at: Array(tree.nodes.indices), of: vectors) {
            (node, row) throws(ModelError) in together[node] = numbers(row)
        }
        for node in tree.nodes.indices {
            var alone = Tree()
            let root = subtree(node, of: tree, into: &alone)
            let own = try model.compose(alone)
            expectSameBits(Array(own[root]), Array(vectors[node]), "seed \(seed), node \(node)")
            try model.read("label", at: [root], of: own) { (_, row) throws(ModelError) in
                expectSameBits(numbers(row), together[node], "seed \(seed), node \(node)")
            }
        }
    }

    @Test func `a chain of thousands is a tree as well`() throws {
        var random = SeededGenerator(seed: 2)
        let model = try Network(&random).model()
        var tree = Tree()
        var node = tree.addLeaf(0)
        for index in 1..<3000 { node = tree.compose(node, tree.addLeaf(Int32(index % 6))) }
        let vectors = try model.compose(tree)
        #expect(vectors[node].allSatisfy { $0.isFinite && abs($0) <= 1 })
        #expect(throws: ModelError.cancelled) {
            _ = try model.compose(tree, isCancelled: { true })
        }
    }

    @Test func `mistakes in the file are named when it is loaded`() throws {
        var random = SeededGenerator(seed: 4)
        let network = Network(&random)
        let names = #""children": "children", "composed": "composed", "node": "node""#
        for (tree, phrase) in [
            (#"{"leaf": "embedded", \#(names), "width": \#(network.width + 1)}"#, "[1, "),
            (#"{"leaf": "nothing", \#(names), "width": \#(network.width)}"#, "\"nothing\""),
            (#"{"leaf": "embedded", \#(names)}"#, "width"),
            (#"{"leaf": "logits", \#(names), "width": \#(network.width)}"#, "logits"),
            ("null", "tree-classification"),
        ] {
            #expect {
                _ = try network.model(tree)
            } throws: {
                "\($0)".contains(phrase)
            }
        }
        #expect { _ = try network.model(labels: "x\ny") } throws: { "\($0)".contains("3 labels") }
    }
}

private func numbers(_ row: Span<Float>) -> [Float] {
    row.indices.map { row[$0] }
}
