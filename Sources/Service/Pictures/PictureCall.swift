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
}

extension Model {
    /// Runs one picture and copies the named outputs, in their order.
    func run(
        _ picture: PreparedPicture,
        through preparation: PicturePreparation,
        outputs: [String],
        isCancelled: () -> Bool
    ) throws(ModelError) -> [NamedTensor] {
        try run(preparation.input(picture), outputs: outputs, isCancelled: isCancelled)
    }
}

extension PicturePreparation {
    /// The picture as the network's input.
    func input(_ picture: PreparedPicture) -> NetworkInput {
        let (mean, scale) = (mean, scale)
        return NetworkInput(name: inputName, shape: picture.shape) { values in
            picture.write(to: &values, mean: mean, scale: scale)
        }
    }
}
