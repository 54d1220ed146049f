import Images
import Models
import TensorFormats

/// The layers' values of each picture or series, in the form the client wants.
struct FeatureAnswer {
    let model: Model
    /// What an input is called.
    let noun: String
    /// For each input, the layers in the order asked for.
    let results: [[NamedTensor]]

    func encoded(as form: AnswerForm) throws(ServiceError) -> Answer {
        switch form {
        case .png: try picture()
        case .npy: Answer(.npy, body: try npy())
        case .csv: Answer(.csv, body: try csv())
        default: Answer(.json, body: try document().text(of: "features"))
        }
    }

    private func document() throws(ServiceError) -> JSON {
        for tensor in results.joined() {
            if let index = tensor.values.firstNonFinite {
                throw .nonFiniteResult(output: tensor.name, index: index)
            }
        }
        let lists = results.map { tensors -> [(String, JSON)] in
            [("layers", .object(tensors.map { ($0.name, Self.document(of: $0)) }))]
        }
        return .answer(of: model, lists)
    }

    private static func document(of tensor: NamedTensor) -> JSON {
        [
            "shape": .integers(tensor.shape),
            "data": .tensor(shape: tensor.shape, values: tensor.values),
        ]
    }

    /// One input's values, or a batch when all have the same shape.
    private func npy() throws(ServiceError) -> [UInt8] {
        let tensors = results.compactMap(\.first)
        guard let first = tensors.first else { return [] }
        guard let odd = tensors.first(where: { $0.shape != first.shape }) else {
            let shape = tensors.count == 1 ? first.shape : [tensors.count] + first.shape
            let values = tensors.flatMap(\.values)
            return NPY.encode(shape: shape, values: values.span)
        }
        throw .shape(
            field: noun == "picture" ? "the pictures" : "the series",
            expected: "the same for all in an .npy answer: \(first.shape)",
            got: "\(odd.shape)"
        )
    }

    /// One line for each value; only vectors make a table.
    private func csv() throws(ServiceError) -> [UInt8] {
        let tensors = results.compactMap(\.first)
        if let maps = tensors.first(where: { $0.shape.count != 1 }) {
            throw .invalidValue(
                field: "pool",
                expected: "max or mean for text/csv, whose rows are single numbers",
                got: "maps of shape \(maps.shape)"
            )
        }
        var lines: [[String]] = []
        for (input, tensor) in tensors.enumerated() {
            for (channel, value) in tensor.values.enumerated() {
                lines.append([String(input), String(channel), value.description])
            }
        }
        return CSV.encode(header: [noun, "channel", "value"], rows: lines)
    }

    /// One input's maps as a mosaic; a vector is drawn as squares, a series as a row for each channel.
    private func picture() throws(ServiceError) -> Answer {
        guard results.count == 1, let tensor = results.first?.first else {
            throw .invalidValue(
                field: "the form",
                expected: "one file for an image/png answer",
                got: "\(results.count) files"
            )
        }
        if let index = tensor.values.firstNonFinite {
            throw .nonFiniteResult(output: tensor.name, index: index)
        }
        let isMaps = tensor.shape.count == 3
        let isSeries = tensor.shape.count == 2
        // Sums that no nonlinearity has seen speak for and against: zero is their middle.
        let isSigned = (isMaps || isSeries) && model.layersWithKernels.contains(tensor.name)
        let mosaic = MapMosaic(
            maps: tensor.values,
            count: isMaps || isSeries ? tensor.shape[0] : tensor.values.count,
            height: isMaps ? tensor.shape[1] : 1,
            width: isMaps ? tensor.shape[2] : isSeries ? tensor.shape[1] : 1,
            columns: isSeries ? 1 : nil,
            normalisation: isSigned ? .symmetricPerMap : isMaps ? .perMap : .shared,
            colours: isSigned ? .diverging : .viridis
        )
        let legend = "\(tensor.name) \(tensor.shape): \(mosaic.legend)"
        return try Answer(mosaic, legend: legend, model.workers)
    }
}
