import Graph
import Models
import Telemetry

/// One symbol of a sequence as tensors: a step like any other, so that it goes along with those of sessions.
struct InferWork: SequenceWork {
    var run: SequenceRun
    private let asked: InferRequest
    private let shapes: [Shape]
    private var rows: [[Float]] = []

    /// Nil for what is no such step: it is computed as the tensors that it is.
    init?(_ call: inout Call, _ model: Model, _ asked: InferRequest) throws(ServiceError) {
        let carries =
            asked.tensors.sequence != nil || call.session != nil || asked.carried.state != nil
            || asked.carried.returnsState
        guard carries, model.canStepTogether, asked.tensors.inputs.count == 1,
            let tokens = asked.tensors.inputs[model.manifest.input.name], tokens.count == 1,
            let token = tokens.integers?.first, let symbols = model.manifest.input.symbolCount,
            (0..<symbols).contains(token)
        else { return nil }
        let names = asked.tensors.outputs ?? model.signature.outputs.map(\.name)
        var shapes: [Shape] = []
        for name in names {
            guard let port = model.signature.outputs.first(where: { $0.name == name }),
                port.type == .float32
            else { return nil }
            shapes.append(Shape(port.dimensions.map { $0 ?? 1 }))
        }
        if let place = asked.tensors.sequence, call.session == nil {
            try call.beginSequence(place, of: model)
        }
        let start = try call.carriedState(of: model, asked.carried)
        guard start.unread == nil, model.isOfOneSequence(start.state) else { return nil }
        (self.asked, self.shapes) = (asked, shapes)
        run = SequenceRun(model, [Int32(token)], from: start, outputs: names)
        call.stopwatch.enter(.compute)
    }

    mutating func take(_ step: Int, _ rows: SequenceRows) throws(ModelError) {
        for index in shapes.indices {
            let row = try rows.withRow(index) { (row) throws(ModelError) in
                [Float](copying: row)
            }
            guard row.count == shapes[index].count else {
                throw .shape(
                    node: run.outputs[index],
                    reason: "it has \(row.count) numbers for a step, and not \(shapes[index])"
                )
            }
            self.rows.append(row)
        }
    }

    mutating func proceed(_ call: inout Call) throws(ServiceError) -> SequenceProgress {
        call.stopwatch.enter(.encode)
        let carried = try call.carry(CarriedState(state: run.state), addsPosition: true)
        let outputs = zip(run.outputs, zip(shapes, rows)).map {
            (name: $0, tensor: Tensor(shape: $1.0, floats: $1.1))
        }
        return .answers(
            try InferAnswer(
                model: run.model,
                asked: asked,
                outputs: outputs,
                carried: carried,
                namesCarried: call.route.isSessionStep
            ).encoded()
        )
    }
}
