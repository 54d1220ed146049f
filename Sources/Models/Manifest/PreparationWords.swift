import Graph

extension Manifest {
    /// How an input is prepared, as a sentence; nil where nothing is done to it.
    public var preparation: String? {
        switch input {
        case .image(_, let channels, let height, let width):
            return pictures(channels, height, width)
        case .series(_, let channels, let length):
            let size =
                "series of \(channels) channels and \(length.map(String.init) ?? "any number of") steps"
            return preprocessing.map { "\(size), \($0.formula(of: "value"))" } ?? size
        case .tokens(_, let vocabulary):
            return "sequences of \(vocabulary.symbols.count) symbols"
        case .clock, .tensors: return nil
        }
    }

    private func pictures(_ channels: Int, _ height: Int?, _ width: Int?) -> String {
        let preprocessing = preprocessing
        let grey = channels == 1 ? "grey" : "RGB"
        let colour = preprocessing?.colour == .bgr ? "BGR" : grey
        var text = "pictures of any size in \(colour)"
        if let height, let width {
            text = "pictures of \(height)x\(width) in \(colour), "
            let resize = preprocessing?.resize.rawValue ?? "area"
            switch preprocessing?.fit ?? .stretch {
            case .stretch: text += "stretched (\(resize))"
            case .pad: text += "the whole picture between bars (\(resize))"
            case .crop:
                text +=
                    preprocessing?.shorterSide.map {
                        "the shorter side to \($0) pixels (\(resize)), the middle cut out"
                    } ?? "the largest part of these proportions (\(resize))"
            }
        }
        if preprocessing?.background == .dark { text += ", a bright background inverted" }
        text += ", " + (preprocessing?.formula(of: "sample") ?? "x = sample / 255")
        return text + (isChannelsLast ? ", channels last" : "")
    }
}

extension Preprocessing {
    /// What is done to a number: `x = (sample / 255 − [0.5, 0.5, 0.5]) / [0.5, 0.5, 0.5]`.
    fileprivate func formula(of noun: String) -> String {
        var text = noun
        if noun == "sample" { text += rescale.map { $0 == 1 ? "" : " · \($0)" } ?? " / 255" }
        func list(_ numbers: [Float]) -> String {
            Set(numbers).count == 1 ? numbers[0].description : "\(numbers)"
        }
        let isShifted = mean.contains { $0 != 0 }
        let isScaled = scale.contains { $0 != 1 }
        if isShifted {
            text = (isScaled ? "(" : "") + "\(text) − \(list(mean))" + (isScaled ? ")" : "")
        }
        return "x = " + text + (isScaled ? " / \(list(scale))" : "")
    }
}
