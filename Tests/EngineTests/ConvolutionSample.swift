import Compute
import NetworkSupport
import TestSupport

@testable import Engine
@testable import Graph
@testable import Models

/// A random image with random kernels that fit it.
struct ConvolutionSample {
    let name: String
    private(set) var random: SeededGenerator
    private(set) var image: Tensor
    /// [O, I, kh, kw].
    private(set) var kernels: Tensor

    init(seed: UInt64) {
        name = "seed \(seed)"
        random = SeededGenerator(seed: seed)
        let channels = [1, 3, 16, 20, 33][random.int(0...4)]
        let size = [random.int(5...12), random.int(5...21)]
        let kernel = [random.int(1...5), random.int(1...5)]
        let outputs = [1, 6, 16, 33][random.int(0...3)]
        image = Self.tensor([1, channels, size[0], size[1]], &random)
        kernels = Self.tensor([outputs, channels, kernel[0], kernel[1]], &random)
    }

    private static func tensor(_ shape: Shape, _ random: inout SeededGenerator) -> Tensor {
        Tensor(shape: shape, floats: random.floats(shape.count))
    }

    /// How large sums become on the way to a result, however small that is: rounding errors are of them.
    var termScale: Double {
        Double(kernels.shape.dimensions.dropFirst().reduce(1, *)).squareRoot()
    }

    mutating func pick(_ choices: [Int]) -> Int {
        choices[random.int(0...choices.count - 1)]
    }

    /// The same shapes with other numbers.
    mutating func another() -> ConvolutionSample {
        var other = self
        other.image = Self.tensor(image.shape, &random)
        other.kernels = Self.tensor(kernels.shape, &random)
        return other
    }

    /// Puts the channels of images of the same size below each other, and all their kernels.
    mutating func join(_ parts: [ConvolutionSample]) {
        let (image, kernel) = (image.shape, kernels.shape)
        self.image = Tensor(
            shape: [1, image[1] * parts.count, image[2], image[3]],
            floats: parts.flatMap { $0.image.floats ?? [] }
        )
        kernels = Tensor(
            shape: [kernel[0] * parts.count, kernel[1], kernel[2], kernel[3]],
            floats: parts.flatMap { $0.kernels.floats ?? [] }
        )
    }

    /// The image moved down and to the right, zeros coming in.
    func shifted(rows: Int, columns: Int) -> ConvolutionSample {
        var moved = self
        let (shape, old) = (image.shape, image.floats ?? [])
        var values = [Float](repeating: 0, count: old.count)
        for plane in 0..<shape[1] {
            for row in rows..<shape[2] {
                for column in columns..<shape[3] {
                    values[(plane * shape[2] + row) * shape[3] + column] =
                        old[(plane * shape[2] + row - rows) * shape[3] + column - columns]
                }
            }
        }
        moved.image = Tensor(shape: shape, floats: values)
        return moved
    }

    // MARK: Weights of the variants

    /// Rows and columns of the output without padding.
    private var positions: (rows: Int, columns: Int) {
        let (input, kernel) = (image.shape, kernels.shape)
        return (input[2] - kernel[2] + 1, input[3] - kernel[3] + 1)
    }

    /// Other kernels at every position, [O, rows, columns, I, kh, kw], and the output's shape.
    mutating func localWeights() -> (Tensor, Shape) {
        let (shape, positions) = (kernels.shape, positions)
        let weights = Self.tensor(
            [shape[0], positions.rows, positions.columns, shape[1], shape[2], shape[3]],
            &random
        )
        return (weights, [1, shape[0], positions.rows, positions.columns])
    }

    /// The sample's own kernels at every position.
    func repeatedKernels() -> Tensor {
        let (shape, positions) = (kernels.shape, positions)
        let (kernel, values) = (shape[1] * shape[2] * shape[3], kernels.floats ?? [])
        let floats = (0..<shape[0]).flatMap { output in
            (0..<positions.rows * positions.columns).flatMap { _ in
                values[output * kernel..<(output + 1) * kernel]
            }
        }
        return Tensor(
            shape: [
                shape[0], positions.rows, positions.columns, shape[1], shape[2], shape[3],
            ],
            floats: floats
        )
    }

    /// [O, rows, columns, I, kh, kw] as a tiling's [O, I, kh, kw, rows, columns].
    func tiledWeights(from local: Tensor) -> Tensor {
        let (shape, values) = (local.shape, local.floats ?? [])
        let (positions, kernel) = (shape[1] * shape[2], shape[3] * shape[4] * shape[5])
        var floats: [Float] = []
        for output in 0..<shape[0] {
            for place in 0..<kernel {
                for position in 0..<positions {
                    floats.append(values[(output * positions + position) * kernel + place])
                }
            }
        }
        return Tensor(
            shape: [shape[0], shape[3], shape[4], shape[5], shape[1], shape[2]],
            floats: floats
        )
    }

    // MARK: Running

    /// An image of outputs, and what it cost.
    struct Output {
        let shape: Shape
        let values: [Float]
        let multiplyAdds: Int

        var largest: Double { values.reduce(0) { max($0, Double(abs($1))) } }

        /// The values at the places that `isWanted`.
        func values(
            where isWanted: (_ channel: Int, _ row: Int, _ column: Int) -> Bool
        ) -> [Float] {
            values.indices.filter { index in
                let (place, column) = index.quotientAndRemainder(dividingBy: shape[3])
                return isWanted(place / shape[2], place % shape[2], column)
            }.map { values[$0] }
        }
    }

    func convolved(
        _ set: KernelSet,
        _ attributes: [String: Attribute] = [:],
        strides: [Int] = [1, 1]
    ) throws -> Output {
        try run("Conv", kernels, attributes.merging(["strides": .ints(strides)]) { $1 }, set)
    }

    func run(
        _ op: String,
        _ weights: Tensor,
        _ attributes: [String: Attribute],
        _ set: KernelSet
    ) throws -> Output {
        var graph = Graph()
        graph.inputs = [
            Graph.Input(name: "image", type: .float32, dimensions: [nil, nil, nil, nil])
        ]
        graph.constants["weights"] = weights
        graph.nodes = [
            Node(
                name: "layer",
                op: op,
                attributes: attributes,
                inputs: ["image", "weights"],
                outputs: ["layer"]
            )
        ]
        var builder = PlanBuilder(
            graph: graph,
            operators: Operators.table,
            kernels: set,
            weights: WeightStore(),
            numerics: .precise
        )
        _ = try builder.lowerAll(inputs: ["image": image.shape])
        let result = try GraphRunner(kernels: set)
            .run(graph, inputs: ["image": image], outputs: ["layer"])[0]
        return Output(
            shape: result.shape,
            values: result.values,
            multiplyAdds: builder.work["layer"] ?? 0
        )
    }
}
