import Compute
import Graph
import Images
import Models
import Telemetry
import TensorFormats

/// `GET /models/{m}/kernels`: a convolution's kernels, or a recurrent cell's matrices, as one picture, or as numbers.
enum Kernels {
    static let route = Route(
        method: .get,
        template: "/models/{model}/kernels",
        summary:
            "The kernels of a convolution, or the matrices of a recurrent cell, as one picture or as numbers.",
        placement: .queue,
        isRevalidated: true,
        query: [
            QueryKey(
                name: "layer",
                kind: .text,
                summary: "A convolution's or a cell's name; the first one unless given."
            )
        ],
        forms: [.png, .json, .npy],
        document: document,
        answer: answer
    )

    private static let document = RouteDocument(
        answer: Schema.answer(
            "Kernels",
            [("layer", Schema.string), ("shape", Schema.integers), ("data", Schema.nested)]
        ),
        answerExample: [
            "model": "brackets", "version": "1", "layer": "counter", "shape": [1, 1, 3],
            "maxout_pairs": false, "gates": ["h"], "inputs": 2,
            "data": [[[.number(0.5), .number(-0.5), 1]]],
        ]
    )

    @Sendable static func answer(_ call: inout Call) throws(ServiceError) -> Answer {
        let model = try call.model
        let form = call.form
        let layer = try layer(named: call.text("layer"), of: model)
        call.stopwatch.enter(.compute)
        let kernels: LayerKernels
        do throws(ModelError) {
            kernels = try model.kernels(layer: layer)
        } catch {
            throw call.cancellation.explain(error)
        }
        call.stopwatch.enter(.encode)
        if form != .png { try call.checkAnswer(numbers: kernels.values.count) }
        let shape = kernels.shape.dimensions
        switch form {
        case .npy:
            return Answer(.npy, body: NPY.encode(shape: shape, values: kernels.values.span))
        case .json:
            var members: [(String, JSON)] = [
                ("model", .string(model.name)), ("version", .string(model.version)),
                ("layer", .string(layer)), ("shape", .integers(shape)),
                ("maxout_pairs", .boolean(kernels.isMaxoutPair)),
            ]
            if let cell = kernels.cell {
                members += [
                    ("gates", .array(cell.gates.map { .string($0) })),
                    ("inputs", .integer(cell.inputs)),
                ]
            }
            members.append(("data", .tensor(shape: shape, values: kernels.values)))
            return Answer(.json, body: try JSON.object(members).text(of: layer))
        default: return try picture(of: kernels, layer, model.workers)
        }
    }

    /// The first layer that has kernels unless a name is given.
    private static func layer(named name: String?, of model: Model) throws(ServiceError) -> String {
        if let name { return name }
        guard let layer = model.layersWithKernels.first else {
            throw .wrongTask(
                model,
                "show kernels, having neither a convolution nor a recurrent cell"
            )
        }
        return layer
    }

    /// Kernels [O, I, kh, kw], one row of tiles for each output where there are several inputs; of a series
    /// [O, I, k], one tile for each output with a row for each input; of a cell a tile for each gate.
    private static func picture(
        of kernels: LayerKernels,
        _ layer: String,
        _ workers: Workers
    ) throws(ServiceError) -> Answer {
        let shape = kernels.shape.dimensions
        guard (3...4).contains(shape.count), !shape.contains(0) else {
            throw .shape(
                field: "layer",
                expected: "one with kernels of one or two axes",
                got: "\(layer) of \(kernels.shape)"
            )
        }
        let isSeries = shape.count == 3
        let outputs = shape[0]
        let inputs = isSeries ? 1 : shape[1]
        var mosaic = MapMosaic(
            maps: kernels.values,
            count: outputs * inputs,
            height: isSeries ? shape[1] : shape[2],
            width: isSeries ? shape[2] : shape[3],
            normalisation: .symmetricPerMap,
            colours: .diverging
        )
        var legend = "\(layer) \(shape): "
        if let cell = kernels.cell {
            mosaic.columns = cell.gates.count > 4 ? cell.gates.count / 2 : min(2, cell.gates.count)
            mosaic.wantedSize = 1600
            legend +=
                "gates \(cell.gates.joined(separator: ", ")), a row for each unit, its weights of \(cell.inputs) inputs "
                + "before those of the units; "
        } else if isSeries {
            legend += "time to the right, a row for each input channel; "
        }
        if let connections = kernels.connections {
            let columns = (connections.map(\.input).max() ?? 0) + 1
            mosaic.columns = columns
            mosaic.places = connections.map { $0.output * columns + $0.input }
            legend +=
                "a row for each output channel, a column for each input it is connected with; "
        } else if inputs > 1 {
            mosaic.columns = inputs
            mosaic.normalisation = .symmetricPerRow
            mosaic.wantedSize = 2400
            legend += "a row for each output channel, a column for each input; "
        } else if kernels.isMaxoutPair {
            mosaic.columns = evenColumns(for: outputs)
            mosaic.group = 2
            legend += "the two kernels of a maxout pair side by side; "
        }
        return try Answer(mosaic, legend: legend + mosaic.legend, workers)
    }

    /// An even number of columns, so that no pair is torn apart: the fewest empty places, a wide rectangle.
    static func evenColumns(for count: Int) -> Int {
        let wished = (Double(count) * 1.6).squareRoot()
        let candidates = stride(from: 2, through: max(2, count), by: 2)
            .filter { (0.7...1.6).contains(Double($0) / wished) }
        let best = candidates.min { first, second in
            let empty = [first, second].map { ($0 - count % $0) % $0 }
            guard empty[0] == empty[1] else { return empty[0] < empty[1] }
            return abs(Double(first) - wished) < abs(Double(second) - wished)
        }
        return best ?? 2
    }
}
