import Graph
import Models
import Telemetry
import TensorFormats

/// `POST /v1/models/{m}:explain` of KServe's first protocol: what `/explain` answers, for each instance.
enum ExplainInstances {
    static let routes = TensorFlowServing.paths(":explain").map { template in
        Route(
            method: .post,
            template: template,
            summary:
                "KServe: {\"instances\": […]} to explanations, each as /models/{model}/explain answers it.",
            body: .tensors,
            placement: .queue,
            query: Explain.keys,
            forms: [],
            conventions: .tensorFlow,
            document: RouteDocument(
                request: Schema.object("ExplainRequest", [("instances", Schema.nested)]),
                requestExample: ["instances": [[0]]],
                answer: Schema.object("ExplainResponse", [("explanations", Schema.nested)]),
                answerExample: ["explanations": [["method": "occlusion"]]]
            ),
            answer: answer
        )
    }

    @Sendable static func answer(_ call: inout Call) throws(ServiceError) -> Answer {
        let model = try call.model
        guard model.manifest.operations.contains("explain"),
            let output = model.manifest.outputs.first
        else { throw .wrongTask(model, "explain its answers") }
        let target = try call.target(of: model)
        let (_, inputs) = try call.instances()
        let name = model.manifest.input.name
        guard inputs.count == 1, let tensor = inputs[name], tensor.shape.count > 0 else {
            throw call.fault("\"\(name)\" alone is explained.", "invalid_value", name)
        }
        call.stopwatch.enter(.compute)
        let explanations: [JSON]
        if case .tokens(_, let vocabulary) = model.manifest.input {
            explanations = [try call.symbols(tensor, of: vocabulary, output, target: target)]
        } else {
            explanations = try call.windows(tensor, output, target)
        }
        call.stopwatch.enter(.encode)
        return Answer(["explanations": .array(explanations)])
    }
}

extension Call {
    /// Each of a batch of pictures or series.
    fileprivate mutating func windows(
        _ tensor: Tensor,
        _ output: String,
        _ target: Int?
    ) throws(ServiceError) -> [JSON] {
        let model = try model
        guard let values = tensor.floats, (3...4).contains(tensor.shape.rank) else {
            throw fault(
                "Pictures are [N, C, H, W], series [N, C, L], of FP32; this is \(tensor.shape).",
                "wrong_shape",
                model.manifest.input.name
            )
        }
        let shape = Shape([1] + tensor.shape.dimensions.dropFirst())
        let grid = try grid(of: shape, for: model)
        try checkExplanation(numbers: tensor.shape[0] * grid.count, input: shape.count)
        var answers: [JSON] = []
        for index in 0..<tensor.shape[0] {
            let part = Array(values[index * shape.count..<(index + 1) * shape.count])
            let input = NetworkInput(name: model.manifest.input.name, shape: shape) { span in
                for place in part.indices { span[place] = part[place] }
            }
            let explained = ExplainedInput(
                model: model,
                explanation: try occlusion(of: input, grid: grid, output: output, target: target),
                grid: grid,
                picture: nil
            )
            answers.append(.object(explained.members))
        }
        return answers
    }

    /// One sequence.
    fileprivate func symbols(
        _ tensor: Tensor,
        of vocabulary: Vocabulary,
        _ output: String,
        target: Int?
    ) throws(ServiceError) -> JSON {
        let model = try model
        let tokens = (tensor.integers ?? []).compactMap { Int32(exactly: $0) }
        let isOne = tensor.shape.rank == 1 || tensor.shape.dimensions.contains(tokens.count)
        guard isOne, (2...Model.longestExplained).contains(tokens.count) else {
            throw fault(
                "One sequence of 2 to \(Model.longestExplained) symbols is explained.",
                "wrong_shape",
                model.manifest.input.name
            )
        }
        let explained = ExplainedSymbols(
            model: model,
            vocabulary: vocabulary,
            tokens: tokens,
            explanation: try omission(of: tokens, output: output, target: target)
        )
        return .object(explained.members)
    }
}
