import Models

extension Call {
    /// The longest side of a picture that an answer is drawn on.
    static let shownSide = 1280

    /// What a task says of the path's model; `read` finds it in the manifest, if the model is for that.
    func form<Form>(
        _ operation: String,
        _ read: (Manifest) -> Form?
    ) throws(ServiceError) -> Form {
        let model = try model
        guard let form = read(model.manifest) else {
            throw .wrongTask(model, operation)
        }
        return form
    }

    /// The body's pictures for the model, with one to draw on where a picture is asked for.
    mutating func shownPictures(
        for preparation: PicturePreparation
    ) throws(ServiceError) -> [PreparedPicture] {
        let isDrawn = form == .png
        let pictures = try pictures(for: preparation, shownSide: isDrawn ? Self.shownSide : nil)
        guard pictures.count == 1 || !isDrawn else {
            throw .invalidValue(
                field: "the form",
                expected: "one file for an image/png answer",
                got: "\(pictures.count) files"
            )
        }
        return pictures
    }

    /// A query key's number from 0 to 1; nil when it is not given.
    func fraction(_ key: String) throws(ServiceError) -> Float? {
        guard let text = text(key) else { return nil }
        guard let value = Float(text), (0...1).contains(value) else {
            throw .invalidValue(field: key, expected: "a number from 0 to 1", got: text)
        }
        return value
    }

    /// Runs a picture through the model, for outputs as a task reads them.
    func outputs(
        _ names: [String],
        of picture: PreparedPicture,
        _ preparation: PicturePreparation
    ) throws(ServiceError) -> [DetectionForm.Output] {
        try run(preparation.input(picture), outputs: names).map { tensor in
            DetectionForm.Output(shape: tensor.shape, values: tensor.values)
        }
    }
}
