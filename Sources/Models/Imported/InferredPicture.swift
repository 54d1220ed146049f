import Graph

extension InferredPicture {
    /// Nil unless that is certain: one float32 input with one or three channels, and for each picture scores of classes, for
    /// which the input's sides must be fixed, or maps.
    ///
    /// `size` is said of a file that leaves it open.
    init?(_ signature: ModelSignature, size: (height: Int, width: Int)? = nil) {
        guard signature.inputs.count == 1, signature.outputs.count == 1,
            case let (port, output) = (signature.inputs[0], signature.outputs[0]),
            output.type == .float32, !output.hasAnyRank,
            let axes = PictureAxes(port, orThree: size != nil)
        else { return nil }
        let height = port.dimensions[axes.height] ?? size?.height
        let width = port.dimensions[axes.width] ?? size?.width
        guard height != 1, width != 1 else { return nil }
        switch output.dimensions.count {
        case 2 where output.dimensions[1] != nil && height != nil && width != nil:
            task = .imageClassification
        case 4 where output.dimensions[axes.isLast ? 3 : 1] != nil: task = .imageFeatures
        default: return nil
        }
        isChannelsLast = axes.isLast
        input = .image(name: port.name, channels: axes.channels, height: height, width: width)
    }

    /// What to write so that a file that looks like a network of pictures is one; nil for other files.
    static func advice(_ signature: ModelSignature) -> String? {
        guard let port = signature.inputs.first, let axes = PictureAxes(port, orThree: true),
            signature.inputs.count == 1, let output = signature.outputs.first
        else { return nil }
        let sides = [axes.height, axes.width].map { port.dimensions[$0] ?? 224 }
        let isOpen = [axes.height, axes.width].contains { port.dimensions[$0] == nil }
        let input =
            "\"input\": {\"name\": \"\(port.name)\", \"channels\": \(axes.channels), "
            + "\"height\": \(sides[0]), \"width\": \(sides[1])}"
        let reason: String
        let lines: String
        switch output.dimensions.count {
        case 2 where signature.outputs.count == 1 || !isOpen:
            reason = isOpen ? "the sides of its pictures are open" : "it has several outputs"
            lines = "\"task\": \"image-classification\", \"outputs\": [\"\(output.name)\"]"
        case 3:
            reason = "what its boxes mean is not certain"
            lines = "\"task\": \"image-detection\", \"detection\": {\"form\": \"yolov8\"}"
        default:
            reason = "what its outputs are for is not certain"
            lines = "\"task\": \"image-features\", \"outputs\": [\"\(output.name)\"]"
        }
        return "served as plain tensors, though it looks like a network of pictures: \(reason). "
            + "Say it in a model.json beside the file, such as {\(lines), \(input)}"
    }
}

/// Where a picture's sides and channels lie in a tensor.
private struct PictureAxes {
    let channels: Int
    let isLast: Bool

    var height: Int { isLast ? 1 : 2 }
    var width: Int { isLast ? 2 : 3 }

    /// Nil for what is no picture; open channels are three where that may be assumed.
    init?(_ port: ModelSignature.Port, orThree: Bool) {
        guard port.type == .float32, !port.hasAnyRank, port.dimensions.count == 4 else {
            return nil
        }
        let (first, last) = (port.dimensions[1], port.dimensions[3])
        func isColour(_ size: Int?) -> Bool { size == 1 || size == 3 }
        isLast = isColour(last) && !isColour(first)
        guard let channels = isLast ? last : first ?? (orThree ? 3 : nil), isColour(channels)
        else { return nil }
        self.channels = channels
    }
}
