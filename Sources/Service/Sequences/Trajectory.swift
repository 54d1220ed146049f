import Images
import Models
import TensorFormats

/// A layer's values after the last step of a sequence, or after every step.
struct Trajectory {
    let model: Model
    let layer: String
    let steps: Int
    /// Steps from the beginning of the sequence up to the last one here.
    let end: Int
    /// Numbers of one state.
    let width: Int
    /// Whether every step's state is here, or the last one's alone.
    let isWhole: Bool
    /// [steps, width], or [width].
    let values: [Float]
    /// What was read at each step; empty of a system that runs by itself.
    let symbols: [String]
    /// What is said of the state beside.
    let carried: [(String, JSON)]

    private var shape: [Int] { isWhole ? [steps, width] : [width] }

    func encoded(as form: AnswerForm) throws(ServiceError) -> Answer {
        if form != .npy, let index = values.firstIndex(where: { !$0.isFinite }) {
            throw .nonFiniteResult(output: layer, index: index)
        }
        switch form {
        case .npy: return Answer(.npy, body: NPY.encode(shape: shape, values: values.span))
        case .csv: return Answer(.csv, body: csv)
        case .png: return try answer(picture)
        default: return Answer(.json, body: try document.text(of: layer))
        }
    }

    private var document: JSON {
        let document: JSON = [
            "model": .string(model.name), "version": .string(model.version),
            "layer": .string(layer), "shape": .integers(shape),
            isWhole ? "states" : "state": .tensor(shape: shape, values: values),
            "position": .integer(end),
        ]
        return document.adding(carried)
    }

    /// One line for each step; positions count from 1.
    private var csv: [UInt8] {
        let first = isWhole ? end - steps + 1 : end
        let rows = stride(from: 0, to: values.count, by: max(width, 1)).map { start in
            [String(first + start / width)]
                + values[start..<start + width].map { $0.description }
        }
        return CSV.encode(header: ["position"] + (0..<width).map { "unit\($0)" }, rows: rows)
    }

    /// Lines of more units than these cannot be told apart.
    private static let mostLines = 16
    /// Units and steps that a map has room for.
    private static let longestSide = 2048

    private var picture: (image: Image, legend: String) {
        width > Self.mostLines && max(width, steps) <= Self.longestSide ? map : lines
    }

    /// A row for each unit, time to the right; few steps are drawn wide.
    private var map: (image: Image, legend: String) {
        let repeats = max(1, min(2 * width, Self.longestSide) / steps)
        var cells: [Float] = []
        cells.reserveCapacity(width * steps * repeats)
        for unit in 0..<width {
            for step in 0..<steps {
                for _ in 0..<repeats { cells.append(values[step * width + unit]) }
            }
        }
        let mosaic = MapMosaic(
            maps: cells,
            count: 1,
            height: width,
            width: steps * repeats,
            normalisation: .symmetric,
            colours: .diverging
        )
        let largest = values.reduce(0) { max($0, $1.magnitude) }
        let legend = """
            \(steps) steps to the right, a row for each of \(width) units; \
            \(mosaic.colours.rawValue) from -\(largest) to \(largest), 0 in the middle
            """
        return (mosaic.render(steps: steps, symbols: symbols), legend)
    }

    /// The units over time, and beside them the path of the first two.
    private var lines: (image: Image, legend: String) {
        let plot = TrajectoryPlot(values: values, steps: steps, units: width, symbols: symbols)
        return (plot.render(), plot.legend)
    }

    private func answer(
        _ picture: (image: Image, legend: String)
    ) throws(ServiceError) -> Answer {
        try Answer(picture.image, legend: "\(layer) [\(steps), \(width)]: \(picture.legend)")
    }
}
