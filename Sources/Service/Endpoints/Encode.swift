import Compute
import Inference
import TensorFormats

/// `POST /models/{m}/encode`: a sequence to the hidden state after it, or to all states.
enum Encode {
    static let route = Route(
        method: .post,
        template: "/models/{model}/encode",
        summary: "The hidden state after a sequence, or after each of its steps.",
        body: .sequence,
        placement: .queue,
        query: [
            QueryKey(
                name: "layer",
                kind: .text,
                summary: "A layer's name; the last recurrent one unless given."
            ),
            QueryKey(
                name: "all",
                kind: .flag,
                summary: "true: the states after every step."
            ),
        ],
        forms: [.json, .npy],
        answer: answer
    )

    @Sendable static func answer(_ call: inout Call) throws(ServiceError) -> Answer {
        let symbols = try call.symbolModel()
        let form = call.form
        let wantsAll = try call.flag("all")
        let layer = try layer(named: call.text("layer"), of: symbols.model)
        let tokens = try call.sequence(for: symbols).tokens
        if wantsAll {
            let width = symbols.model.layers.first { $0.name == layer }?.outputShape.count ?? 1
            try call.checkAnswer(numbers: tokens.count * width)
        }
        call.stopwatch.enter(.compute)
        var state = symbols.model.initialState()
        var values: [Float] = []
        var size = 0
        try call.advance(symbols.model, tokens, state: &state, output: layer) {
            (step, row) throws(ModelError) in
            guard wantsAll || step == tokens.count - 1 else { return }
            size = row.count
            for index in row.indices { values.append(row[index]) }
        }
        call.stopwatch.enter(.encode)
        let shape = wantsAll ? [tokens.count, size] : [size]
        if form == .npy {
            return Answer(.npy, body: NPY.encode(shape: shape, values: values.span))
        }
        let document: JSON = [
            "model": .string(symbols.model.name), "version": .string(symbols.model.version),
            "layer": .string(layer), "shape": .integers(shape),
            wantsAll ? "states" : "state": .tensor(shape: shape, values: values),
            "position": .integer(tokens.count),
        ]
        return Answer(.json, body: try document.text(of: layer))
    }

    private static func layer(named name: String?, of model: Model) throws(ServiceError) -> String {
        let known = model.layers.map(\.name)
        if let name {
            guard known.contains(name) else {
                throw .model(.unknownLayer(name, available: known))
            }
            return name
        }
        let recurrent = model.layers.last { ["RNN", "LSTM", "GRU"].contains($0.op) }
        guard let recurrent else { throw .missingField("layer", expected: "a layer's name") }
        return recurrent.name
    }
}
