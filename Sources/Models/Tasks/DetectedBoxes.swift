public import Graph

/// A box around something a network sees.
public struct DetectedBox: Sendable, Equatable {
    /// The class, counted without a background.
    public var label: Int
    public var score: Float
    /// In pixels from the left and the top, where a picture's first pixel goes from 0 to 1.
    public var left: Float
    public var top: Float
    public var right: Float
    public var bottom: Float

    public init(
        label: Int,
        score: Float,
        left: Float,
        top: Float,
        right: Float,
        bottom: Float
    ) {
        (self.label, self.score) = (label, score)
        (self.left, self.top, self.right, self.bottom) = (left, top, right, bottom)
    }

    var area: Float { max(0, right - left) * max(0, bottom - top) }

    /// The common part of two boxes over what they cover together (Jaccard).
    func overlap(with other: DetectedBox) -> Float {
        let width = min(right, other.right) - max(left, other.left)
        let height = min(bottom, other.bottom) - max(top, other.top)
        guard width > 0, height > 0 else { return 0 }
        let common = width * height
        return common / (area + other.area - common)
    }
}

extension DetectionForm {
    /// An output of one input: its shape without the batch, and its numbers.
    public struct Output: Sendable {
        let shape: [Int]
        let values: [Float]

        public init(shape: [Int], values: [Float]) {
            (self.shape, self.values) = (shape, values)
        }
    }

    /// The boxes of at least this score, in pixels of the network's input; the highest score first.
    ///
    /// `outputs` are those that `outputs(of:)` names, in its order; `labels` says how many classes the model names, 0 for
    /// an unknown number. Relative boxes are multiplied by the input's `width` and `height`; those with numbers that are
    /// not finite are left out. An output that is not what the form says is an error, `invalidManifest`.
    public func boxes(
        in outputs: [Output],
        labels: Int,
        width: Int,
        height: Int,
        above confidence: Float
    ) throws(ModelError) -> [DetectedBox] {
        let table = try table(outputs, labels: labels)
        var found: [DetectedBox] = []
        var row = [Float](repeating: 0, count: table.classes)
        for index in 0..<table.count {
            guard let (label, score) = best(of: index, in: table, &row), score >= confidence
            else { continue }
            var box = box(
                label,
                score,
                (0..<4).map { table.boxes.values[table.place(of: index, $0)] }
            )
            if units == .relative {
                (box.left, box.right) = (box.left * Float(width), box.right * Float(width))
                (box.top, box.bottom) = (box.top * Float(height), box.bottom * Float(height))
            }
            guard box.area.isFinite, box.right >= box.left, box.bottom >= box.top else { continue }
            found.append(box)
        }
        // Of equal scores the first stays first, whatever sorts.
        let order = found.indices.sorted {
            (found[$1].score, $0) < (found[$0].score, $1)
        }
        return order.prefix(Self.mostCompared).map { found[$0] }
    }

    /// The likeliest class of a box, and its score; nil where there is none, or numbers are not finite.
    private func best(
        of index: Int,
        in table: BoxTable,
        _ row: inout [Float]
    ) -> (Int, Float)? {
        if let label = table.label(of: index) {
            guard label != background, label >= 0 else { return nil }
            return (shifted(label), activated(table.score(of: index, 0)))
        }
        for label in row.indices { row[label] = table.score(of: index, label) }
        if activation == .softmax { Self.softmax(&row) }
        var best: (label: Int, score: Float)?
        for label in row.indices where label != background {
            if row[label] > best?.score ?? -.infinity { best = (label, row[label]) }
        }
        guard let best else { return nil }
        let score = activation == .softmax ? best.score : activated(best.score)
        return (shifted(best.label), score * (table.certainty(of: index).map(activated) ?? 1))
    }

    /// Labels do not count the background.
    private func shifted(_ label: Int) -> Int {
        background.map { label > $0 ? label - 1 : label } ?? label
    }

    private func activated(_ number: Float) -> Float {
        activation == .sigmoid ? 1 / (1 + Float(exponential(-Double(number)))) : number
    }

    private static func softmax(_ row: inout [Float]) {
        let most = row.max() ?? 0
        for index in row.indices { row[index] = Float(exponential(Double(row[index] - most))) }
        let sum = row.reduce(0, +)
        for index in row.indices { row[index] /= sum }
    }

    private func box(_ label: Int, _ score: Float, _ n: [Float]) -> DetectedBox {
        let (left, top, right, bottom) =
            switch corners {
            case .xyxy: (n[0], n[1], n[2], n[3])
            case .xywh: (n[0], n[1], n[0] + n[2], n[1] + n[3])
            case .cxcywh: (n[0] - n[2] / 2, n[1] - n[3] / 2, n[0] + n[2] / 2, n[1] + n[3] / 2)
            case .yxyx: (n[1], n[0], n[3], n[2])
            }
        return DetectedBox(
            label: label,
            score: score,
            left: left,
            top: top,
            right: right,
            bottom: bottom
        )
    }
}

extension [DetectedBox] {
    /// At most `count` boxes, none of which covers a likelier one of its class by more than `iou` (non-maximum
    /// suppression); those of the highest scores come first, as they do here.
    public func selected(iou: Float, count: Int) -> [DetectedBox] {
        var kept: [DetectedBox] = []
        for box in self where kept.count < count {
            let isCovered = kept.contains { $0.label == box.label && $0.overlap(with: box) > iou }
            if !isCovered { kept.append(box) }
        }
        return kept
    }
}
