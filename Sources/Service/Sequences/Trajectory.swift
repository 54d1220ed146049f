import Images
import Inference
import TensorFormats

/// A layer's values after the last step of a sequence, or after every step.
struct Trajectory {
    let model: Model
    let layer: String
    let steps: Int
    /// Numbers of one state.
    let width: Int
    /// Whether every step's state is here, or the last one's alone.
    let isWhole: Bool
    /// [steps, width], or [width].
    let values: [Float]

    private var shape: [Int] { isWhole ? [steps, width] : [width] }

    func encoded(as form: AnswerForm) throws(ServiceError) -> Answer {
        if form != .npy, let index = values.firstIndex(where: { !$0.isFinite }) {
            throw .nonFiniteResult(output: layer, index: index)
        }
        switch form {
        case .npy: return Answer(.npy, body: NPY.encode(shape: shape, values: values.span))
        case .csv: return Answer(.csv, body: csv)
        case .png: return picture
        default: return Answer(.json, body: try document.text(of: layer))
        }
    }

    private var document: JSON {
        [
            "model": .string(model.name), "version": .string(model.version),
            "layer": .string(layer), "shape": .integers(shape),
            isWhole ? "states" : "state": .tensor(shape: shape, values: values),
            "position": .integer(steps),
        ]
    }

    /// One line for each step; positions count from 1.
    private var csv: [UInt8] {
        let first = isWhole ? 1 : steps
        let rows = stride(from: 0, to: values.count, by: max(width, 1)).map { start in
            [String(first + start / width)]
                + values[start..<start + width].map { $0.description }
        }
        return CSV.encode(header: ["position"] + (0..<width).map { "unit\($0)" }, rows: rows)
    }

    /// The units over time, and beside them the path of the first two.
    private var picture: Answer {
        let plot = TrajectoryPlot(values: values, steps: steps, units: width)
        return Answer(
            .png,
            body: plot.render().encodedPNG(),
            headers: [("X-Striate-Picture", "\(layer) [\(steps), \(width)]: \(plot.legend)")]
        )
    }
}
