import Compute
import Foundation
import TestSupport
import Testing

@testable import Engine
@testable import Graph

/// Attention in the words of exporters is one step, and computes the same.
@Suite struct AttentionTests {
    struct Case: CustomTestStringConvertible {
        let batch: [Int]
        let queries: Int
        let keys: Int
        let size: Int
        var width = 8
        /// Axes that are broadcast over the scores; empty without a mask.
        var mask: [Int] = []
        var scale = Scale.after
        var isTurned = false

        var testDescription: String {
            "\(batch)×\(queries)×\(keys)×\(size)→\(width), mask \(mask), \(scale), \(isTurned)"
        }
    }

    enum Scale { case after, divided, both, none }

    private static let cases: [Case] = [
        Case(batch: [3], queries: 5, keys: 7, size: 4),
        Case(batch: [2, 3], queries: 64, keys: 33, size: 16, width: 32, isTurned: true),
        Case(batch: [2, 2], queries: 9, keys: 20, size: 8, mask: [2, 1, 1, 20], isTurned: true),
        Case(batch: [2, 2], queries: 6, keys: 6, size: 5, mask: [6, 6], scale: .divided),
        Case(batch: [1, 2], queries: 130, keys: 40, size: 24, mask: [1], scale: .both),
        Case(batch: [1, 3], queries: 1, keys: 50, size: 64, mask: [1, 3, 1, 50], isTurned: true),
        Case(batch: [], queries: 50, keys: 300, size: 17, width: 33, scale: .none),
        Case(batch: [40], queries: 2, keys: 3, size: 2, width: 1),
        Case(batch: [1, 1], queries: 200, keys: 500, size: 32, width: 64, isTurned: true),
    ]

    private func draft(_ c: Case) -> PatternDraft {
        var d = PatternDraft(seed: UInt64(c.queries * 31 + c.keys))
        /// [batch, length, heads, size] to [batch, heads, length, size] or, for keys, [batch, heads, size, length].
        func operand(_ rows: Int, _ columns: Int, isKey: Bool = false) -> String {
            guard c.isTurned else {
                let shape = isKey ? [columns, rows] : [rows, columns]
                return d.input(Shape(c.batch + shape), scale: 1)
            }
            let x = d.input(Shape([c.batch[0], rows, c.batch[1], columns]), scale: 1)
            let order = isKey ? [0, 2, 3, 1] : [0, 2, 1, 3]
            return d.add("Transpose", [x], ["perm": .ints(order)])
        }
        var (q, k) = (operand(c.queries, c.size), operand(c.keys, c.size, isKey: true))
        let v = operand(c.keys, c.width)
        if c.scale == .both {
            (q, k) = (d.add("Mul", [q, d.number(0.6)]), d.add("Mul", [k, d.number(0.6)]))
        }
        var scores = d.add("MatMul", [q, k])
        if c.scale == .after { scores = d.add("Mul", [d.number(0.4), scores]) }
        if c.scale == .divided { scores = d.add("Div", [scores, d.number(2.5)]) }
        if !c.mask.isEmpty {
            scores = d.add("Add", [scores, d.input(Shape(c.mask), scale: 3)])
        }
        let shares = d.add("Softmax", [scores], ["axis": .int(-1)])
        var result = d.add("MatMul", [shares, v])
        if c.isTurned { result = d.add("Transpose", [result], ["perm": .ints([0, 2, 1, 3])]) }
        d.finish(result)
        return d
    }

    @Test("attention is one step", arguments: cases)
    func isOneStep(testCase: Case) throws {
        let draft = draft(testCase)
        let values = try draft.defined()
        #expect(try draft.rewritten(values) == [Attention.name])
        try PatternTests.expectSame(draft, values, testCase.testDescription)
    }

    /// As PyTorch's exporter guards rows of which everything is masked.
    @Test(arguments: [3, 400])
    func `rows without a score are 0 where they are guarded`(keys: Int) throws {
        var draft = PatternDraft(seed: 3)
        let (q, k, v) = (draft.input([60, 6]), draft.input([6, keys]), draft.input([keys, 5]))
        let mask = (0..<60 * keys).map { place in
            let (row, column) = (place / keys, place % keys)
            return row % 7 == 2 || column == row % keys ? -Float.infinity : 0
        }
        let masked = draft.add(
            "Add",
            [
                draft.add("MatMul", [q, k]),
                draft.constant(Tensor(shape: [60, keys], floats: mask)),
            ]
        )
        let shares = draft.add("Softmax", [masked])
        let guarded = draft.add("Where", [draft.add("IsNaN", [shares]), draft.number(0), shares])
        draft.finish(draft.add("MatMul", [guarded, v]))
        let values = try draft.defined()
        #expect(try draft.rewritten(values) == [Attention.name])
        try PatternTests.expectSame(draft, values, "guarded")
    }

    /// As masked_fill is exported, either way round.
    @Test(arguments: [-Float.infinity, -.greatestFiniteMagnitude], [true, false])
    func `a number in place of scores is a mask that is added`(
        number: Float,
        keepsTrue: Bool
    ) throws {
        var draft = PatternDraft(seed: 8)
        let (q, k) = (draft.input([2, 50, 6]), draft.input([2, 6, 60]))
        let keep = draft.add("Greater", [draft.input([50, 60]), draft.number(0)])
        let scores = draft.add("Mul", [draft.add("MatMul", [q, k]), draft.number(0.4)])
        let least = draft.constant(Tensor(shape: [1], floats: [number]))
        let masked = draft.add("Where", keepsTrue ? [keep, scores, least] : [keep, least, scores])
        draft.finish(
            draft.add("MatMul", [draft.add("Softmax", [masked]), draft.input([2, 60, 5])])
        )
        let values = try draft.defined()
        #expect(try draft.rewritten(values) == ["Greater", "Where", Attention.name])
        try PatternTests.expectSame(draft, values, "\(number), \(keepsTrue)")
    }

    @Test func `a mask of zeros is no input`() throws {
        var draft = PatternDraft(seed: 4)
        let (q, k, v) = (draft.input([8, 6]), draft.input([6, 9]), draft.input([9, 5]))
        let numbers = [Float](repeating: 0, count: 72)
        let zeros = draft.constant(Tensor(shape: [8, 9], floats: numbers))
        let scores = draft.add("Add", [draft.add("MatMul", [q, k]), zeros])
        draft.finish(draft.add("MatMul", [draft.add("Softmax", [scores]), v]))
        let values = try draft.defined()
        #expect(try draft.rewrittenNodes(values).map(\.inputs) == [[q, k, v]])
        try PatternTests.expectSame(draft, values, "zeros")
    }

    @Test func `shares that are asked for stay a value`() throws {
        var draft = PatternDraft(seed: 1)
        let (q, k, v) = (draft.input([4, 6]), draft.input([6, 9]), draft.input([9, 5]))
        let shares = draft.add("Softmax", [draft.add("MatMul", [q, k])])
        draft.finish(draft.add("MatMul", [shares, v]), shares)
        let values = try draft.defined()
        #expect(try draft.rewritten(values) == ["MatMul", "Softmax", "MatMul"])
        try PatternTests.expectSame(draft, values, "shares")
    }

    @Test func `what the operator Attention expands to is one step`() throws {
        var draft = PatternDraft(seed: 2)
        let shape: Shape = [2, 3, 10, 8]
        let inputs = (0..<3).map { _ in draft.input(shape) }
        draft.finish(draft.add("Attention", inputs + [draft.input([2, 1, 10, 10])]))
        let expanded = try Expansion.apply(to: draft.graph)
        let tools = ProgramTools(
            kernels: KernelSet.supported[KernelSet.supported.count - 1],
            workers: Workers(count: 1),
            memoryLimit: 1 << 28
        )
        let program = try Program(expanded, tools: tools)
        let results = try program.run(draft.inputs, outputs: expanded.outputs) { false }
        #expect(results[0].shape == shape)
        let parts = try (inputs + ["x3"]).map { try #require(draft.inputs[$0]?.floats) }
        expectClose(try #require(results[0].floats), Self.naive(parts), .close, scale: 1)
    }

    /// Heads of ten queries and keys of eight numbers, three of which share a mask.
    private static func naive(_ parts: [[Float]]) -> [Double] {
        var result = [Double](repeating: 0, count: 480)
        for head in 0..<6 {
            for query in 0..<10 {
                var scores = (0..<10).map { key -> Double in
                    let products = (0..<8).map { place in
                        Double(parts[0][(head * 10 + query) * 8 + place])
                            * Double(parts[1][(head * 10 + key) * 8 + place])
                    }
                    let mask = Double(parts[3][(head / 3 * 10 + query) * 10 + key])
                    return products.reduce(0, +) / 8.0.squareRoot() + mask
                }
                let largest = scores.max() ?? 0
                scores = scores.map { exp($0 - largest) }
                let sum = scores.reduce(0, +)
                for place in 0..<8 {
                    result[(head * 10 + query) * 8 + place] = (0..<10).reduce(0) { total, key in
                        total + scores[key] / sum * Double(parts[2][(head * 10 + key) * 8 + place])
                    }
                }
            }
        }
        return result
    }
}
