import Compute
import Graph
import Models
import Texts

extension Call {
    /// A tensor of picture files, one text each, as the numbers the network takes; other tensors stay what they are.
    ///
    /// Every file is prepared as the model's manifest says; all must come out in one size.
    mutating func pictures(_ tensor: Tensor, for name: String) throws(ServiceError) -> Tensor {
        guard case .strings(let files) = tensor.elements, !files.isEmpty else { return tensor }
        let maximumPixels = configuration.maximumPixels
        guard
            let preparation = PicturePreparation(
                try model.manifest,
                maximumPixels: maximumPixels
            ), preparation.inputName == name
        else { return tensor }
        var decoder = pictureFiles(for: preparation)
        defer { warnings += decoder.warnings }
        var shape: Shape?
        var values: [Float] = []
        for (index, file) in files.enumerated() {
            let picture = try decoder.decode(file, part: "\(name)[\(index)]")
            guard decoder.pixels <= maximumPixels else {
                throw .picturesTooLarge(limit: maximumPixels)
            }
            let size = picture.shape(preparation.normalisation)
            guard shape == nil || shape == size else {
                throw fault(
                    "The pictures of \(quoted(name)) come out in different sizes.",
                    "wrong_shape",
                    name
                )
            }
            shape = size
            let count = size.count
            guard
                (files.count - index) * count + values.count <= configuration.answerNumbers
            else { throw .picturesTooLarge(limit: maximumPixels) }
            values += [Float](filling: count) { span in
                picture.write(to: &span, preparation.normalisation)
            }
        }
        var whole = shape ?? []
        whole[0] = files.count
        return Tensor(shape: whole, floats: values)
    }
}

extension [Float] {
    /// `count` numbers that `fill` writes, all of them.
    fileprivate init(filling count: Int, _ fill: (inout MutableSpan<Float>) -> Void) {
        self.init(repeating: 0, count: count)
        var span = mutableSpan
        fill(&span)
    }
}
