import Compute
import TestSupport
import Testing

@testable import Engine
@testable import Graph

/// LSTMs with weights of 8 bits, whose rows are rounded, beside the operator's definition.
@Suite struct IntegerRecurrenceTests {
    private struct Layer {
        let steps: Int
        let inputs: Int
        let hidden: Int
        let directions: Int
        let weightType: ElementType
        let scalesPerGate: Bool
        let hasStates: Bool
        let random: SeededGenerator

        init(seed: Int) {
            var random = SeededGenerator(seed: UInt64(seed))
            steps = random.int(1...5)
            inputs = random.int(1...40)
            hidden = seed % 5 == 4 ? random.int(100...150) : random.int(1...40)
            directions = seed % 3 == 2 ? 2 : 1
            weightType = seed % 4 == 3 ? .uint8 : .int8
            scalesPerGate = seed % 2 == 1
            hasStates = seed % 3 != 1
            self.random = random
        }

        func graph() throws -> Graph {
            var random = random
            func weights(_ columns: Int) throws -> Tensor {
                let shape: Shape = [directions, 4 * hidden, columns]
                let count = scalesPerGate ? directions * 4 * hidden : directions
                let range = weightType.integerRange
                let integers = (0..<shape.count).map { _ in random.int(range) }
                let numbers = QuantizedNumbers(
                    integers: Tensor(
                        shape: shape,
                        elements: try #require(Tensor.Elements(integers, as: weightType))
                    ),
                    scales: (0..<count).map { _ in Float(random.int(1...60)) / 9000 },
                    zeros: weightType == .uint8
                        ? (0..<count).map { _ in random.int(100...150) } : nil,
                    axis: scalesPerGate ? 1 : 0,
                    roundsRows: true
                )
                return try #require(numbers).tensor
            }
            var graph = Graph()
            graph.constants["W"] = try weights(inputs)
            graph.constants["R"] = try weights(hidden)
            let biases: Shape = [directions, 8 * hidden]
            graph.constants["B"] = Tensor(shape: biases, floats: random.floats(biases.count))
            var node = Node(name: "lstm", op: "LSTM", opset: 14)
            node.inputs = ["x", "W", "R", "B"] + (hasStates ? ["", "h", "c"] : [])
            node.outputs = ["y", "yh", "yc"]
            node.attributes = ["hidden_size": .int(hidden)]
            if directions == 2 { node.attributes["direction"] = .string("bidirectional") }
            graph.nodes = [node]
            graph.outputs = ["y", "yh", "yc"]
            graph.inputs = [.init(name: "x", type: .float32, dimensions: [steps, nil, inputs])]
            if hasStates {
                graph.inputs += ["h", "c"].map {
                    .init(name: $0, type: .float32, dimensions: [directions, nil, hidden])
                }
            }
            return graph
        }

        func given(batch: Int) -> [String: Tensor] {
            var random = random
            var given: [String: Tensor] = [:]
            let x: Shape = [steps, batch, inputs]
            given["x"] = Tensor(shape: x, floats: random.floats(x.count).map { $0 * 3 })
            guard hasStates else { return given }
            for name in ["h", "c"] {
                let shape: Shape = [directions, batch, hidden]
                given[name] = Tensor(shape: shape, floats: random.floats(shape.count))
            }
            return given
        }
    }

    private func run(
        _ graph: Graph,
        _ given: [String: Tensor],
        _ kernels: KernelSet,
        threads: Int
    ) throws -> [Tensor] {
        let program = try Program(
            graph,
            tools: ProgramTools(
                kernels: kernels,
                workers: Workers(count: threads),
                memoryLimit: 1 << 28
            )
        )
        #expect(program.wholePlan(like: given, outputs: graph.outputs) != nil, "not planned")
        return try program.run(given, outputs: graph.outputs, isCancelled: { false })
    }

    @Test(arguments: 0..<20)
    func `rounded rows give the definition's states, and the same bits however they are computed`(
        _ seed: Int
    ) throws {
        let layer = Layer(seed: seed)
        let graph = try layer.graph()
        let given = layer.given(batch: [1, 3, 7][seed % 3])
        let operands = Operands(
            node: graph.nodes[0],
            tensors: graph.nodes[0].inputs.map { given[$0] ?? graph.constants[$0] },
            context: .folding(memoryLimit: 1 << 28)
        )
        let expected = try Operators.make(graph.nodes[0]).evaluate(operands)
        let first = try run(graph, given, KernelSet.select(nil), threads: 1)
        for (result, reference) in zip(first, expected) {
            #expect(result.shape == reference.shape)
            let errors = zip(result.floats ?? [], reference.floats ?? []).map { abs($0 - $1) }
            // A number that lies between two steps may be rounded to either.
            #expect(errors.max() ?? 1 < 0.01, "seed \(seed)")
            #expect(errors.reduce(0, +) / Float(max(1, errors.count)) < 1e-4, "seed \(seed)")
        }
        for kernels in KernelSet.supported {
            for threads in [1, 2] {
                let results = try run(graph, given, kernels, threads: threads)
                #expect(
                    results.map(\.shape) == first.map(\.shape),
                    "\(kernels), \(threads) threads, seed \(seed)"
                )
                for (result, other) in zip(results, first) {
                    let pairs = zip(result.floats ?? [], other.floats ?? [])
                    // Gates are functions of float32, whose last bits are the instruction set's.
                    let isSame =
                        kernels.name.hasPrefix("avx512")
                        ? pairs.allSatisfy { $0 == $1 } : pairs.allSatisfy { abs($0 - $1) < 0.01 }
                    #expect(isSame, "\(kernels), \(threads) threads, seed \(seed)")
                }
            }
        }
    }

    @Test(arguments: 0..<6)
    func `a sequence's states do not depend on its neighbours`(_ seed: Int) throws {
        let layer = Layer(seed: seed * 3 + 1)
        let graph = try layer.graph()
        let batch = 5
        let given = layer.given(batch: batch)
        let kernels = try KernelSet.select(nil)
        let together = try run(graph, given, kernels, threads: 2)
        for index in 0..<batch {
            let own = given.mapValues { rows($0, index, axis: 1) }
            let alone = try run(graph, own, kernels, threads: 1)
            #expect(rows(together[0], index, axis: 2).floats == alone[0].floats, "seed \(seed)")
            #expect(rows(together[2], index, axis: 1).floats == alone[2].floats, "seed \(seed)")
        }
    }

    /// The part of a tensor at one place along an axis.
    private func rows(_ tensor: Tensor, _ index: Int, axis: Int) -> Tensor {
        var sizes = tensor.shape.dimensions
        let inner = sizes[(axis + 1)...].reduce(1, *)
        let count = sizes[axis]
        sizes[axis] = 1
        let values = (tensor.floats ?? []).enumerated().filter { place, _ in
            place / inner % count == index
        }
        return Tensor(shape: Shape(sizes), floats: values.map(\.element))
    }
}
