import Compute
import Foundation
import NetworkSupport
import TestSupport
import Testing

@testable import Graph
@testable import Models

/// A network with a connection table, a tiling and a locally connected layer, from its folder.
@Suite struct UnsharedLoadingTests {
    private static let manifest = """
        {"name": "tiny", "task": "image-features",
         "input": {"name": "image", "channels": 3, "height": 8, "width": 8},
         "layers": [
          {"name": "table", "op": "Conv", "kernel": [3, 3], "channels": 2,
           "connections": [[0, 2], [1]]},
          {"name": "tiled", "op": "TiledConv", "kernel": [3, 3], "channels": 4, "padding": "same", "tile": 2},
          {"name": "pool", "op": "LpPool", "kernel": [2, 2], "strides": [2, 2], "p": 2},
          {"name": "local", "op": "LocallyConnected", "kernel": [2, 2], "channels": 5}
         ],
         "outputs": ["local"]}
        """

    private static var weights: [String: Tensor] {
        var random = SeededGenerator(seed: 3)
        func tensor(_ shape: Shape) -> Tensor {
            Tensor(shape: shape, floats: random.floats(shape.count))
        }
        return [
            "table.weight": tensor([3, 3, 3]), "table.bias": tensor([2]),
            "tiled.weight": tensor([4, 2, 3, 3, 2, 2]), "tiled.bias": tensor([4]),
            "local.weight": tensor([5, 2, 2, 4, 2, 2]), "local.bias": tensor([5, 2, 2]),
        ]
    }

    @Test func `it loads, computes, and says what it costs`() throws {
        let builder = try ModelFolderBuilder()
        try builder.write(Self.manifest, to: "model.json")
        try builder.write(Self.weights)
        let model = try builder.load()
        let image = [Float](repeating: 0.5, count: 3 * 64)
        let output = try model.answer(image, shape: [1, 3, 8, 8], output: "local")
        #expect(output.count == 5 * 4)
        #expect(
            model.layers.map(\.outputShape) == [
                [1, 2, 6, 6], [1, 4, 6, 6], [1, 4, 3, 3], [1, 5, 2, 2],
            ]
        )
        #expect(model.layers.map(\.parameters) == [29, 292, 0, 340])
        #expect(
            model.layers.map(\.multiplyAdds) == [
                3 * 9 * 36, 4 * 2 * 9 * 36, 0, 5 * 4 * 4 * 2 * 2,
            ]
        )
        let fields = model.layers.map { $0.receptiveField?.height }
        #expect(fields == [3, 5, 6, 8])
        #expect(model.layersWithKernels == ["table", "tiled", "local"])
        #expect(try model.kernels(layer: "table").shape == [3, 1, 3, 3])
        let tiled = try model.kernels(layer: "tiled")
        #expect(tiled.shape == [16, 2, 3, 3])
        // The kernel of output 1 at place (1, 0) of the tiling, its last weight.
        let source = Self.weights["tiled.weight"]?.floats ?? []
        #expect(tiled.values[(1 * 4 + 2) * 18 + 17] == source[(1 * 18 + 17) * 4 + 2])
        #expect(try model.kernels(layer: "local").shape == [20, 4, 2, 2])
    }

    static let mistakes = [
        LoadingTests.Mistake(
            "[[0, 2], [1]]",
            "[[0, 3], [1]]",
            says: "table",
            "channel 3",
            "3 channels"
        ),
        LoadingTests.Mistake(
            "[[0, 2], [1]]",
            "[[2, 0], [1]]",
            says: "table",
            "connections, list 1",
            "increasing"
        ),
        LoadingTests.Mistake("[[0, 2], [1]]", "[[0, 2]]", says: "table", "connections", "2"),
        LoadingTests.Mistake("[[0, 2], [1]]", "[0, 2]", says: "table", "connections, list 1"),
        LoadingTests.Mistake("[[0, 2], [1]]", "[[0, 2], [1, 2]]", says: "table", "[4, kh, kw]"),
        LoadingTests.Mistake("[[0, 2], [1]]", "\"all\"", says: "table", "connections", "all"),
        LoadingTests.Mistake("\"tile\": 2", "\"tile\": 0", says: "tiled", "tile", "0"),
        LoadingTests.Mistake("\"tile\": 2", "\"tile\": [2, 2, 2]", says: "tiled", "tile"),
        LoadingTests.Mistake("\"tile\": 2", "\"tile\": 3", says: "tiled", "[O, I, kh, kw, 3, 3]"),
        LoadingTests.Mistake(", \"tile\": 2", "", says: "tiled", "tile"),
        LoadingTests.Mistake("\"p\": 2", "\"p\": 0", says: "pool", "p", "0"),
        LoadingTests.Mistake(
            "\"kernel\": [2, 2], \"channels\": 5",
            "\"kernel\": [2, 3], \"channels\": 5",
            says: "local",
            "kernel"
        ),
        LoadingTests.Mistake("\"height\": 8", "\"height\": 10", says: "local", "3×2", "2×2"),
        LoadingTests.Mistake(
            "\"height\": 8, \"width\": 8",
            "\"height\": 2, \"width\": 8",
            says: "table",
            "3×3",
            "2×8"
        ),
    ]

    @Test("a mistake is named", arguments: mistakes)
    func names(_ mistake: LoadingTests.Mistake) throws {
        try mistake.expectNamed(in: Self.manifest, Self.weights)
    }
}
