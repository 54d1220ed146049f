import Compute
import Images
import Inference

extension Call {
    /// The body's pictures, ready for the model; throws when the model takes none.
    func preparation() throws(ServiceError) -> PicturePreparation {
        let model = try model
        let maximumPixels = service.configuration.maximumPixels
        guard let preparation = PicturePreparation(model.manifest, maximumPixels: maximumPixels)
        else {
            throw .wrongTask(
                model: model.name,
                operation: "take a picture",
                offered: model.manifest.operations
            )
        }
        return preparation
    }

    /// Decodes the body's pictures.
    func pictures(
        for preparation: PicturePreparation
    ) throws(ServiceError) -> [PreparedPicture] {
        let limits = ImageLimits(maximumPixels: service.configuration.maximumPixels)
        let reader = PictureReader(size: preparation.size, limits: limits)
        var prepared: [PreparedPicture] = []
        for picture in try reader.pictures(of: request) {
            try cancellation.check()
            prepared.append(preparation.prepare(picture))
        }
        return prepared
    }

    /// Refuses an answer of more numbers than configured, before it is computed.
    func checkAnswer(numbers: Int) throws(ServiceError) {
        let limit = service.configuration.answerNumbers
        guard numbers <= limit else { throw .answerTooLarge(limit: limit, got: numbers) }
    }

    /// How many numbers the named outputs of a picture hold.
    func count(
        of outputs: [String],
        for picture: PreparedPicture,
        through preparation: PicturePreparation
    ) throws(ServiceError) -> Int {
        let model = try model
        do throws(ModelError) {
            let plan = try model.plan(
                inputs: [preparation.inputName: picture.shape],
                outputs: outputs
            )
            return plan.outputs.reduce(0) { $0 + $1.shape.count }
        } catch {
            throw .model(error)
        }
    }

    /// Runs one picture through the model and copies the named outputs.
    func run(
        _ picture: PreparedPicture,
        through preparation: PicturePreparation,
        outputs: [String]
    ) throws(ServiceError) -> [NamedTensor] {
        do throws(ModelError) {
            return try model(run: picture, preparation, outputs)
        } catch {
            throw cancellation.explain(error)
        }
    }

    private func model(
        run picture: PreparedPicture,
        _ preparation: PicturePreparation,
        _ outputs: [String]
    ) throws(ModelError) -> [NamedTensor] {
        guard let model = try? model else { return [] }
        return try model.run(
            picture,
            through: preparation,
            outputs: outputs,
            isCancelled: { cancellation.isCancelled }
        )
    }
}

/// A copied output of one picture; the batch's dimension of one is dropped.
struct NamedTensor: Sendable {
    let name: String
    let shape: [Int]
    let values: [Float]
}

extension Model {
    /// Runs one picture and copies the named outputs, in their order.
    func run(
        _ picture: PreparedPicture,
        through preparation: PicturePreparation,
        outputs: [String],
        isCancelled: () -> Bool
    ) throws(ModelError) -> [NamedTensor] {
        let plan = try plan(inputs: [preparation.inputName: picture.shape], outputs: outputs)
        return try plan.run(
            isCancelled: isCancelled,
            fill: { (inputs) throws(ModelError) in
                try inputs.withFloats(preparation.inputName) { values in
                    picture.write(to: &values, mean: preparation.mean, scale: preparation.scale)
                }
            },
            read: { (results) throws(ModelError) in
                var tensors: [NamedTensor] = []
                for name in outputs {
                    let shape = Array(try results.shape(of: name).dimensions.dropFirst())
                    let values = try results.withFloats(name) { span in
                        [Float](copying: span)
                    }
                    tensors.append(NamedTensor(name: name, shape: shape, values: values))
                }
                return tensors
            }
        )
    }
}

extension [Float] {
    init(copying span: Span<Float>) {
        self.init(capacity: span.count) { output in
            for index in span.indices { output.append(span[index]) }
        }
    }
}
