import Graph
import HTTP
import Models
import TensorFormats

/// Symbols, or steps without any, and the state they start from.
struct SequenceRun {
    let tokens: [Int32]
    var state: SequenceState
}

extension Call {
    /// The body's symbols, or the steps of a system that runs by itself.
    func sequenceRun(of model: Model) throws(ServiceError) -> SequenceRun {
        switch model.manifest.input {
        case .tokens(_, let vocabulary):
            return SequenceRun(
                tokens: try sequences(of: vocabulary)[0].tokens,
                state: model.initialState()
            )
        default:
            return try StepsReader(model: model, limit: configuration.sequenceLimit)
                .run(of: request)
        }
    }
}

/// Reads `{"steps": T, "state": […]}`; without a state the system starts from zeros.
struct StepsReader {
    static let expected = "{\"steps\": 100} or {\"steps\": 100, \"state\": [0.5, …]}"

    let model: Model
    let limit: Int

    func run(of request: Request) throws(ServiceError) -> SequenceRun {
        try request.checkJSONBody(expecting: Self.expected)
        let (steps, state) = try document(request.body)
        guard let steps else {
            throw .missingField("steps", expected: "the number of steps to run")
        }
        guard (1...max(1, limit)).contains(steps) else {
            throw .invalidValue(
                field: "steps",
                expected: "an integer from 1 to \(limit)",
                got: String(steps)
            )
        }
        return SequenceRun(
            tokens: Array(repeating: 0, count: steps),
            state: try self.state(state)
        )
    }

    private func document(
        _ body: Bytes
    ) throws(ServiceError) -> (steps: Int?, state: TensorData?) {
        // One number more than there may be tells that there are too many.
        let most = model.stateCount + 1
        return try body.readJSON { (reader) throws(ServiceError) in
            var steps: Int?
            var state: TensorData?
            do throws(JSONError) {
                try reader.object { (key, reader) throws(JSONError) in
                    switch key {
                    case "steps": steps = try reader.integer()
                    case "state": state = try reader.tensor(limit: most)
                    default: throw reader.unknownKey(key, known: ["steps", "state"])
                    }
                }
            } catch .tooManyValues {
                throw shapeError("more numbers")
            } catch {
                throw .json(error)
            }
            return (steps, state)
        }
    }

    private func state(_ given: TensorData?) throws(ServiceError) -> SequenceState {
        guard let given else { return model.initialState() }
        guard given.shape.count == 1, given.values.count == model.stateCount else {
            throw shapeError("\(given.shape)")
        }
        do throws(ModelError) {
            return try model.state(of: given.values)
        } catch {
            throw .model(error)
        }
    }

    private func shapeError(_ got: String) -> ServiceError {
        .shape(field: "state", expected: "[\(model.stateCount)]", got: got)
    }
}
