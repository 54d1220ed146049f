import Compute
import Graph
import Models

extension Call {
    /// The body's pictures, ready for the model; throws when the model takes none.
    func preparation() throws(ServiceError) -> PicturePreparation {
        let model = try model
        let maximumPixels = configuration.maximumPixels
        return try host.preparations.value(
            of: model,
            isFit: { $0.size.maximumPixels == maximumPixels }
        ) { () throws(ServiceError) in
            let preparation = PicturePreparation(model.manifest, maximumPixels: maximumPixels)
            guard let preparation else {
                throw .wrongTask(model, "take a picture")
            }
            return preparation
        }
    }

    /// Decodes the body's pictures.
    ///
    /// Those to draw on are kept besides, in their own size or with sides of at most `shownSide`.
    mutating func pictures(
        for preparation: PicturePreparation,
        shownSide: Int? = nil
    ) throws(ServiceError) -> [PreparedPicture] {
        let files = PictureFiles(
            preparation: preparation,
            cancellation: cancellation,
            shownSide: shownSide
        )
        var reader = PictureReader(size: preparation.size, files: files)
        let pictures = try reader.pictures(of: request)
        warnings += reader.files.warnings
        return pictures
    }

    /// What decodes the files of a request.
    func pictureFiles(for preparation: PicturePreparation) -> PictureFiles {
        PictureFiles(preparation: preparation, cancellation: cancellation)
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
        let normalisation = normalisation
        return NetworkInput(name: inputName, shape: picture.shape(normalisation)) { values in
            picture.write(to: &values, normalisation)
        }
    }
}
