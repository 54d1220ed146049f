import Compute
import Engine
import Graph
import Models

/// What turns a body into a model's inputs.
enum InputReader {
    case pictures(PicturePreparation)
    case series(SeriesReader)

    /// What one input is called in tables.
    var noun: String {
        switch self {
        case .pictures: "picture"
        case .series: "series"
        }
    }
}

extension Call {
    /// How the path's model takes its inputs; throws when it takes neither pictures nor series.
    func inputReader() throws(ServiceError) -> InputReader {
        let manifest = try model.manifest
        if let series = SeriesReader(manifest, limit: configuration.seriesNumbers) {
            return .series(series)
        }
        return .pictures(try preparation())
    }

    /// Decodes the body.
    mutating func inputs(_ reader: InputReader) throws(ServiceError) -> [NetworkInput] {
        switch reader {
        case .pictures(let preparation):
            try pictures(for: preparation).map { preparation.input($0) }
        case .series(let reader): try reader.inputs(of: request)
        }
    }

    /// Refuses an answer of more numbers than configured, or of more than there is memory for, before it is computed.
    ///
    /// `each` is what a number takes in bytes on its way to an answer of an unusual form.
    mutating func checkAnswer(numbers: Int, each: Int? = nil) throws(ServiceError) {
        let limit = configuration.answerNumbers
        guard numbers <= limit else { throw .answerTooLarge(limit: limit, got: numbers) }
        let room = try model.answerRoom()
        try room.take(bytes: numbers.times(each ?? form.bytesPerNumber), for: nil)
        answerRoom = room
    }

    /// How many numbers the named outputs of an input hold.
    func count(of outputs: [String], for input: NetworkInput) throws(ServiceError) -> Int {
        let model = try model
        do throws(ModelError) {
            let shapes = [input.name: input.shape]
            guard let plan = try model.wholePlan(inputs: shapes, outputs: outputs) else {
                // Of an input of the reference size, where the file's own is free.
                let layers = model.layers.filter { outputs.contains($0.name) }
                return layers.reduce(0) { $0 + $1.outputShape.count }
            }
            return plan.outputs.reduce(0) { $0 + $1.shape.count }
        } catch {
            throw .model(error)
        }
    }

    /// Runs one input through the model and copies the named outputs.
    func run(_ input: NetworkInput, outputs: [String]) throws(ServiceError) -> [NamedTensor] {
        let model = try model
        do throws(ModelError) {
            return try model.run(
                input,
                outputs: outputs,
                isCancelled: { cancellation.isCancelled }
            )
        } catch {
            throw cancellation.explain(error)
        }
    }
}
