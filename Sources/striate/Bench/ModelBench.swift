import Texts
import Compute
import Engine
import Graph
import Models

/// Whole models without the server: microseconds a pass, one worker and all of them.
struct ModelBench {
    let models: [Model]
    let alone: [Model]
    let rounds: Int

    func run() throws {
        print("models (median of a pass; multiply–adds per second from the best)")
        for (model, single) in zip(models, alone) {
            switch model.manifest.input {
            case .image(let name, let channels, let height, let width):
                let shape: Shape = [1, channels, height ?? 224, width ?? 224]
                for batch in [1, 8] {
                    var batched = shape
                    batched[0] = batch
                    try image(model, beside: single, input: name, batched)
                }
            case .series(let name, let channels, let length):
                try image(model, beside: single, input: name, [1, channels, length ?? 100])
            case .tokens where model.manifest.task == .treeClassification: break
            case .tensors: break
            case .tokens, .clock:
                try sequence(model, symbols: model.manifest.input.symbolCount ?? 1)
            }
        }
    }

    private func image(
        _ model: Model,
        beside single: Model,
        input name: String,
        _ shape: Shape
    ) throws {
        let outputs = model.manifest.outputs
        let plans = try [single, model].map { try $0.plan(inputs: [name: shape], outputs: outputs) }
        func pass(_ plan: Plan) throws(ModelError) {
            try plan.run { inputs throws(ModelError) in
                try inputs.withFloats(name) { span throws(ModelError) in span[0] = 0.5 }
            } read: { _ throws(ModelError) in
            }
        }
        let times = try interleaved(
            rounds: rounds,
            [("one", { try pass(plans[0]) }), ("all", { try pass(plans[1]) })]
        )
        report("\(model.name) \(shape)", times["one"], times["all"], work: plans[0].multiplyAdds)
    }

    /// A step of one symbol, and a chunk of 64.
    private func sequence(_ model: Model, symbols: Int) throws {
        for count in [1, 64] {
            let tokens = (0..<count).map { Int32($0 * 7 % symbols) }
            let times = try interleaved(
                rounds: rounds,
                [
                    (
                        "one",
                        {
                            var state = model.initialState()
                            try model.advance(
                                tokens,
                                state: &state,
                                outputs: model.manifest.outputs
                            ) { _, _ in }
                        }
                    )
                ]
            )
            report("\(model.name), \(count) symbols", times["one"], nil, work: 0)
        }
    }

    private func report(_ name: String, _ one: Samples?, _ all: Samples?, work: Int) {
        guard let one else { return }
        var line =
            "  " + column(name, 32) + column(fixed(one.median * 1e6, 1), 10, right: true) + " µs"
        if let all {
            line += column(fixed(all.median * 1e6, 1), 10, right: true) + " µs with all workers"
        }
        if work > 0 { line += "  \(fixed(2e-9 * Double(work) / one.minimum, 1)) GFLOP/s" }
        print(line)
    }
}
