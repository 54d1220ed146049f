import Graph
import HTTP
import Models
import TensorFormats

extension Call {
    /// The body's symbols, or the steps of a system that runs by itself, and the state they start from.
    mutating func steps(
        of model: Model
    ) throws(ServiceError) -> (steps: [Int32], start: CarriedState) {
        switch model.manifest.input {
        case .tokens(_, let vocabulary):
            let sent = try sequences(of: vocabulary)[0]
            return (sent.tokens, try carriedState(of: model, sent.options.carried))
        default:
            let reader = StepsReader(model: model, limit: configuration.sequenceLimit)
            let (steps, numbers, options) = try reader.steps(of: request)
            var start = try carriedState(of: model, options)
            if let numbers {
                guard session == nil else {
                    throw .unwantedField(
                        "state",
                        reason: "given with a session, which has one",
                        got: "numbers"
                    )
                }
                start = CarriedState(state: try reader.state(numbers))
            }
            return (Array(repeating: 0, count: steps), start)
        }
    }
}

/// Reads `{"steps": T, "state": […]}`; without a state the system starts from zeros, or where it stands.
struct StepsReader {
    static let expected = "{\"steps\": 100} or {\"steps\": 100, \"state\": [0.5, …]}"

    let model: Model
    let limit: Int

    private struct Document {
        var steps: Int?
        var state: TensorData?
        var options = CarriedOptions()
    }

    /// How many steps to run, the numbers of the state that is given, and a token or what else is said of one.
    func steps(
        of request: Request
    ) throws(ServiceError) -> (steps: Int, state: TensorData?, options: CarriedOptions) {
        try request.checkJSONBody(expecting: Self.expected)
        let document = try document(request.body)
        guard let steps = document.steps else {
            throw .missingField("steps", expected: "the number of steps to run")
        }
        guard (1...max(1, limit)).contains(steps) else {
            throw .invalidValue(
                field: "steps",
                expected: "an integer from 1 to \(limit)",
                got: String(steps)
            )
        }
        return (steps, document.state, document.options)
    }

    private func document(_ body: Bytes) throws(ServiceError) -> Document {
        // One number more than there may be tells that there are too many.
        let most = model.stateCount + 1
        return try body.readJSON { (reader) throws(ServiceError) in
            var document = Document()
            do throws(JSONError) {
                try reader.object { (key, reader) throws(JSONError) in
                    switch key {
                    case "steps": document.steps = try reader.integer()
                    case "state" where try reader.peek() != .string:
                        document.state = try reader.tensor(limit: most)
                    default:
                        guard try document.options.read(key, &reader) else {
                            throw reader.unknownKey(key, known: ["steps"] + CarriedOptions.names)
                        }
                    }
                }
            } catch .tooManyValues {
                throw shapeError("more numbers")
            } catch {
                throw .json(error)
            }
            return document
        }
    }

    func state(_ given: TensorData) throws(ServiceError) -> SequenceState {
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
