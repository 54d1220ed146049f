import Graph
import Models
import NetworkSupport
import TestSupport
import Testing

/// One pixel changes; the units that change must be exactly such whose windows have it.
@Suite struct ReceptiveFieldTests {
    @Test(arguments: [
        ("lenet", ["conv1", "pool2", "conv3", "pool4"]), ("fashion", ["conv1", "pool1", "conv2"]),
    ])
    func `the units that a pixel changes are those that see it`(
        _ name: String,
        _ layers: [String]
    ) throws {
        let model = try ShippedModels.load(name, verifies: false)
        guard case .image(_, _, let height?, let width?) = model.manifest.input else {
            Issue.record("\(name) takes no picture of one size")
            return
        }
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let pixels = (0..<height * width).map { _ in Float.random(in: 0.2...0.8, using: &random) }
        let shape: Shape = [1, 1, height, width]
        for layer in layers {
            let summary = try #require(model.layers.first { $0.name == layer })
            let field = try #require(summary.receptiveField)
            let places = try #require(field.places)
            let sizes = summary.outputShape.dimensions.suffix(3)
            let (rows, columns) = (sizes[sizes.startIndex + 1], sizes[sizes.startIndex + 2])
            let before = try model.answer(pixels, shape: shape, output: layer)
            for _ in 0..<12 {
                let y = Int.random(in: 0..<height, using: &random)
                let x = Int.random(in: 0..<width, using: &random)
                // Large, so that a maximum is sure to be another one.
                var changed = pixels
                changed[y * width + x] += 40
                let after = try model.answer(changed, shape: shape, output: layer)
                for unit in 0..<rows * columns {
                    let (row, column) = (unit / columns, unit % columns)
                    let top = places.top + row * places.down
                    let left = places.left + column * places.right
                    let sees =
                        (top..<top + field.height).contains(y)
                        && (left..<left + field.width).contains(x)
                    let moves = stride(from: unit, to: before.count, by: rows * columns)
                        .contains { abs(before[$0] - after[$0]) > (layer == "conv1" ? 0 : 0.01) }
                    #expect(sees || !moves, "\(layer) (\(row), \(column)) and pixel (\(y), \(x))")
                    // Behind a saturated unit or another maximum nothing may be seen to change.
                    if layer == "conv1" { #expect(sees == moves) }
                }
            }
        }
    }

    @Test func `a map has as many units as windows fit`() throws {
        let model = try ShippedModels.load("lenet", verifies: false)
        let fields = model.layers.prefix(6).map { layer in
            layer.receptiveField?.places.map { [$0.top, $0.left, $0.down, $0.right] } ?? []
        }
        #expect(fields[0] == [-2, -2, 1, 1])
        #expect(fields[2] == [-2, -2, 2, 2])
        #expect(fields[5] == [-2, -2, 4, 4])
    }
}

/// The matrices of cells, as pictures and numbers show them.
@Suite struct RecurrentKernelTests {
    @Test func `a cell's kernels are W and R side by side, gate by gate`() throws {
        let model = try ShippedModels.load("scripture-lstm", verifies: false)
        let layer = try #require(model.layersWithKernels.first)
        let kernels = try model.kernels(layer: layer)
        let cell = try #require(kernels.cell)
        #expect(cell.gates == ["input", "output", "forget", "cell"])
        let node = try #require(model.graph.nodes.first { $0.op == "LSTM" })
        let input = try #require(model.graph.constants[node.inputs[1]]?.floats)
        let state = try #require(model.graph.constants[node.inputs[2]]?.floats)
        let (gates, units, width) = (kernels.shape[0], kernels.shape[1], kernels.shape[2])
        #expect(gates == 4 && width == cell.inputs + units)
        for (row, column) in [
            (0, 0), (units - 1, cell.inputs - 1), (3 * units, 5), (4 * units - 1, 0),
        ] {
            #expect(kernels.values[row * width + column] == input[row * cell.inputs + column])
            #expect(kernels.values[row * width + cell.inputs + 7] == state[row * units + 7])
        }
    }

    @Test func `both directions of a cell are there`() throws {
        let model = try ShippedModels.load("language", verifies: false)
        let kernels = try model.kernels(layer: "lower")
        #expect(
            kernels.cell?.gates.suffix(3) == [
                "update backward", "reset backward", "hidden backward",
            ]
        )
        #expect(kernels.shape == [6, 64, 69 + 64])
    }
}
