public import Graph
import HTTP
import Images
public import Models
import TensorFormats

/// Inputs of a model made of files, as they are made of what clients send.
public struct ExampleInputs {
    private let model: Model
    private let preparation: PicturePreparation?

    public init(for model: Model) {
        self.model = model
        preparation = PicturePreparation(model.manifest, maximumPixels: 1 << 30)
    }

    /// A PNG or JPEG file.
    public func picture(_ bytes: [UInt8], name: String) throws(EvaluationError) -> [String: Tensor]
    {
        guard let preparation else {
            throw .invalidData(
                file: name,
                reason: "is a picture, and \(model.name) takes none: give numbers as .npy"
            )
        }
        do throws(ServiceError) {
            var files = PictureFiles(preparation: preparation, cancellation: Cancellation.never)
            return inputs(try files.decode(bytes, part: name), preparation)
        } catch {
            throw .invalidData(file: name, reason: error.description)
        }
    }

    /// A grey picture of 0…255, row by row.
    public func grey(
        _ samples: [UInt8],
        width: Int,
        height: Int
    ) throws(EvaluationError) -> [String: Tensor] {
        guard let preparation else { throw .noPictureModel(model.name) }
        let image = Image(width: width, height: height, channels: 1, samples: samples)
        do {
            return inputs(
                preparation.prepared(try image.made(as: try preparation.target())),
                preparation
            )
        } catch {
            throw .invalidData(file: "images", reason: "\(error)")
        }
    }

    /// Numbers as the network takes them: one input, or a batch that is taken apart.
    public func numbers(
        npy bytes: [UInt8],
        name: String
    ) throws(EvaluationError) -> [[String: Tensor]] {
        let ports = model.signature.inputs.filter { !$0.isOptional }
        guard ports.count == 1, let port = ports.first else {
            throw .invalidData(
                file: name,
                reason: "holds one array, and \(model.name) takes \(ports.count) inputs"
            )
        }
        let data: TensorData
        do throws(NPYError) {
            // SAFETY: an array of bytes has no padding that could be read.
            data = try unsafe NPY.decode(bytes.span.bytes, limit: 1 << 30)
        } catch {
            throw .invalidData(file: name, reason: error.description)
        }
        var shape = data.shape
        if shape.count == port.dimensions.count - 1 { shape.insert(1, at: 0) }
        let fits =
            shape.count == port.dimensions.count && shape.allSatisfy { $0 > 0 }
            && zip(shape, port.dimensions).dropFirst().allSatisfy { $1 ?? $0 == $0 }
        guard fits else {
            throw .invalidData(
                file: name,
                reason: "has the shape \(data.shape); \(port.description) is expected"
            )
        }
        let count = data.values.count / shape[0]
        let own = Shape([1] + shape.dropFirst())
        let isWhole = (port.dimensions.first ?? nil) ?? 1 != 1
        let parts =
            isWhole
            ? [data.values[...]] : (0..<shape[0]).map { data.values[$0 * count..<($0 + 1) * count] }
        return try parts.map { (part) throws(EvaluationError) in
            let tensor = Tensor(shape: isWhole ? Shape(shape) : own, floats: Array(part))
            guard port.type != .float32 else { return states([port.name: tensor]) }
            guard let integers = Tensor.Elements(part.map { Int($0) }, as: port.type) else {
                throw .invalidData(file: name, reason: "\(port.description) is expected")
            }
            return states([port.name: Tensor(shape: tensor.shape, elements: integers)])
        }
    }

    /// A text: symbols in pieces of some, or a series as a CSV file.
    public func text(
        _ text: String,
        name: String,
        piece: Int = 64
    ) throws(EvaluationError) -> [[String: Tensor]] {
        if let series = SeriesReader(model.manifest, limit: 1 << 28) {
            return try self.series(text, name: name, series)
        }
        guard let symbols = SymbolModel(model) else {
            throw .invalidData(
                file: name,
                reason: "is text, and \(model.name) takes none: give pictures or numbers as .npy"
            )
        }
        let tokens: [Int32]
        do throws(VocabularyError) {
            tokens = try symbols.vocabulary.encode(text)
        } catch {
            throw .invalidData(file: name, reason: error.description)
        }
        return stride(from: 0, to: tokens.count, by: piece).map { start in
            let part = tokens[start..<min(start + piece, tokens.count)].map { Int($0) }
            return states([
                model.manifest.input.name: Tensor(shape: [part.count, 1], integers: part)
            ])
        }
    }

    private func series(
        _ text: String,
        name: String,
        _ reader: SeriesReader
    ) throws(EvaluationError) -> [[String: Tensor]] {
        do {
            let request = try Request(
                "POST",
                "/",
                headers: [("Content-Type", "text/csv")],
                body: Bytes(Array(text.utf8))
            )
            return try reader.inputs(of: request).map { states([$0.name: $0.tensor]) }
        } catch {
            throw .invalidData(file: name, reason: "\(error)")
        }
    }

    private func inputs(
        _ picture: PreparedPicture,
        _ preparation: PicturePreparation
    ) -> [String: Tensor] {
        let input = preparation.input(picture)
        return states([input.name: input.tensor])
    }

    /// With states that start from zeros.
    private func states(_ inputs: [String: Tensor]) -> [String: Tensor] {
        var inputs = inputs
        for port in model.signature.inputs where port.isOptional && inputs[port.name] == nil {
            inputs[port.name] = port.zeros
        }
        return inputs
    }
}
