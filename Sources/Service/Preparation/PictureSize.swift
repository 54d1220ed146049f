import TensorFormats

/// What a model's image input may measure; nil sides are free.
struct PictureSize: Sendable {
    let channels: Int
    let height: Int?
    let width: Int?
    let maximumPixels: Int

    /// Values a request may carry, a batch included.
    var maximumValues: Int { maximumPixels * channels }

    /// The shape in words: `[1, 28, 28]` or `[1, height, width]`.
    var description: String {
        let sides = [height.map(String.init) ?? "height", width.map(String.init) ?? "width"]
        return "[\(channels), \(sides.joined(separator: ", "))]"
    }

    /// Takes numbers 0…255 as one picture or a batch.
    ///
    /// Shapes: flat (fixed sizes only), [H, W] for one channel, [C, H, W], [H, W, C], [N, C, H, W].
    func pictures(from tensor: TensorData, field: String) throws(ServiceError) -> [PreparedPicture]
    {
        if let index = tensor.values.firstIndex(where: { !(0...255).contains($0) }) {
            throw .invalidValue(
                field: field,
                expected: "numbers from 0 to 255",
                got: "\(tensor.values[index]) at position \(index + 1)"
            )
        }
        guard !tensor.values.isEmpty, tensor.shape.allSatisfy({ $0 > 0 }) else {
            throw wrongShape(tensor, field)
        }
        if tensor.shape.count == 4 { return try batch(tensor, field) }
        return [try single(tensor, field)]
    }

    private func single(
        _ tensor: TensorData,
        _ field: String
    ) throws(ServiceError) -> PreparedPicture {
        let shape = tensor.shape
        switch shape.count {
        case 1:
            guard let height, let width, shape[0] == channels * height * width else { break }
            return picture(height, width, tensor.values)
        case 2 where channels == 1 && fits(shape[0], shape[1]):
            return picture(shape[0], shape[1], tensor.values)
        case 3 where shape[0] == channels && fits(shape[1], shape[2]):
            return picture(shape[1], shape[2], tensor.values)
        case 3 where shape[2] == channels && fits(shape[0], shape[1]):
            let planes = planar(tensor.values, count: shape[0] * shape[1])
            return picture(shape[0], shape[1], planes)
        default: break
        }
        throw wrongShape(tensor, field)
    }

    private func batch(
        _ tensor: TensorData,
        _ field: String
    ) throws(ServiceError) -> [PreparedPicture] {
        let shape = tensor.shape
        guard shape[1] == channels, fits(shape[2], shape[3]), shape[0] <= 64 else {
            throw wrongShape(tensor, field)
        }
        let count = channels * shape[2] * shape[3]
        return (0..<shape[0]).map { item in
            picture(shape[2], shape[3], Array(tensor.values[item * count..<(item + 1) * count]))
        }
    }

    private func fits(_ height: Int, _ width: Int) -> Bool {
        (self.height ?? height) == height && (self.width ?? width) == width
    }

    private func picture(_ height: Int, _ width: Int, _ values: [Float]) -> PreparedPicture {
        PreparedPicture(
            channels: channels,
            height: height,
            width: width,
            samples: .planes(values)
        )
    }

    /// [pixels, channels] to [channels, pixels].
    private func planar(_ values: [Float], count: Int) -> [Float] {
        (0..<channels).flatMap { channel in
            (0..<count).map { values[$0 * channels + channel] }
        }
    }

    private func wrongShape(_ tensor: TensorData, _ field: String) -> ServiceError {
        .shape(
            field: field,
            expected: "\(description), or a batch of at most 64 of these",
            got: "[\(tensor.shape.map(String.init).joined(separator: ", "))]"
        )
    }
}
