import Compute
import Foundation
import NetworkSupport
import TestSupport
import Testing

@testable import Engine
@testable import Graph
@testable import Models
@testable import Onnx

/// Every operator against vectors that PyTorch computed in float64 (Tests/Golden/generate.py).
@Suite struct GoldenTests {
    @Test("agrees with float64", arguments: GoldenCase.all, KernelSet.supported.map(\.name))
    func agrees(_ file: GoldenCase, kernels name: String) throws {
        let kernels = try KernelSet.select(name)
        let golden = try file.read()
        for dynamicInputs in golden.dynamicInputChoices {
            let (graph, inputs) = golden.graph(dynamic: dynamicInputs)
            let results = try GraphRunner(kernels: kernels)
                .run(graph, inputs: inputs, outputs: golden.outputs.map(\.name))
            for (result, expected) in zip(results, golden.outputs) {
                #expect(result.shape.dimensions == expected.shape, "\(file) \(expected.name)")
                let scale = expected.data.reduce(0) { max($0, abs($1)) }
                expectClose(
                    result.values,
                    expected.data,
                    .close,
                    scale: scale,
                    "\(file) \(expected.name)"
                )
            }
        }
    }

    @Test func `every operator has golden vectors`() {
        let covered = Set(GoldenCase.all.map(\.operation))
        // Operators that only imported graphs use are compared with ONNX's own cases; what no plan computes is its own
        // definition; what rewrites make of quantised nodes is compared with these (IntegerTests).
        let imported = OnnxCase.committed.compactMap {
            try? OnnxFile.read($0.folder.appending(path: "model.onnx"))
        }.flatMap { $0.nodes.map(\.op) }
        let missing = Set(Operators.all.filter { $0.value.isPlanned }.keys).subtracting(covered)
            .subtracting(imported)
            .subtracting([Narrow.name, MatrixTranspose.name, Attention.name])
            .subtracting(Families.ownIntegers.keys)
        #expect(missing.isEmpty, "no vectors for \(missing.sorted())")
        #expect(GoldenCase.all.count > 150)
    }
}

/// A file of Tests/Golden.
struct GoldenCase: Sendable, CustomTestStringConvertible, CustomStringConvertible {
    let operation: String
    let file: URL

    var description: String {
        "\(operation)/\(file.deletingPathExtension().lastPathComponent)"
    }
    var testDescription: String { description }

    static let all: [GoldenCase] = {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Golden")
        let files = FileManager.default
        let folders = (try? files.contentsOfDirectory(atPath: root.path)) ?? []
        return folders.sorted().flatMap { folder in
            let names = (try? files.contentsOfDirectory(atPath: root.appending(path: folder).path))
            return (names ?? []).filter { $0.hasSuffix(".json") }.sorted().map {
                GoldenCase(operation: folder, file: root.appending(path: "\(folder)/\($0)"))
            }
        }
    }()

    func read() throws -> GoldenVectors {
        try JSONDecoder().decode(GoldenVectors.self, from: Data(contentsOf: file))
    }
}

/// The contents of such a file.
struct GoldenVectors: Decodable {
    struct Values: Decodable {
        let name: String
        let type: String?
        let shape: [Int]
        let data: [Double]

        var tensor: Tensor {
            type == "int64"
                ? Tensor(shape: Shape(shape), integers: data.map { Int($0) })
                : Tensor(shape: Shape(shape), floats: data.map { Float($0) })
        }
    }

    let op: String
    let attributes: [String: JSONValue]
    let inputs: [Values]
    let outputs: [Values]

    /// Which inputs arrive at run time; the others are constants, as in a trained model.
    var dynamicInputChoices: [Set<Int>] {
        switch op {
        case "Gather": [[1]]
        case "Add", "Mul", "MatMul", "Gemm": [[0], Set(inputs.indices)]
        case "RNN", "GRU", "LSTM", "Jordan":
            [[0], Set(inputs.indices.filter { isState(inputs[$0].name) }).union([0])]
        default: [[0]]
        }
    }

    private func isState(_ name: String) -> Bool { name.hasPrefix("initial_") }

    /// ONNX's place of each input of a recurrent operator, whose files leave absent ones out.
    private static let recurrentSlots = ["X", "W", "R", "B", "", "initial_h", "initial_c"]
    private static let jordanSlots = ["X", "W", "R", "B", "V", "C", "initial_f"]

    private var slots: [String] {
        guard Operators.has(.recurrent, op) else { return inputs.map(\.name) }
        let given = Set(inputs.map(\.name))
        return (op == "Jordan" ? Self.jordanSlots : Self.recurrentSlots).map {
            given.contains($0) ? $0 : ""
        }
    }

    func graph(dynamic: Set<Int>) -> (Graph, [String: Tensor]) {
        var graph = Graph()
        var given: [String: Tensor] = [:]
        var node = Node(name: "node", op: op, inputs: slots, outputs: outputs.map(\.name))
        for (name, value) in attributes { node.attributes[name] = value.attribute }
        for (index, input) in inputs.enumerated() {
            if dynamic.contains(index) {
                graph.inputs.append(
                    Graph.Input(
                        name: input.name,
                        type: input.type == "int64" ? .int64 : .float32,
                        dimensions: input.shape.map { _ in nil }
                    )
                )
                given[input.name] = input.tensor
            } else {
                graph.constants[input.name] = input.tensor
            }
        }
        graph.nodes = [node]
        return (graph, given)
    }
}

extension JSONValue: Decodable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else {
            self = .array(try container.decode([JSONValue].self))
        }
    }
}

extension JSONValue {
    fileprivate var attribute: Attribute {
        switch self {
        case .number(let number): integer.map(Attribute.int) ?? .float(Float(number))
        case .string(let text): .string(text)
        case .array(let values):
            if values.allSatisfy({ $0.integer != nil }) {
                .ints(values.compactMap(\.integer))
            } else {
                .floats(values.compactMap { if case .number(let x) = $0 { Float(x) } else { nil } })
            }
        default: .int(0)
        }
    }
}
