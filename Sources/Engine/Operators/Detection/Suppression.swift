import Graph

extension Families {
    static let detections: [String: DeclaredOperator] = [
        "NonMaxSuppression": .init(NonMaxSuppression.self, takes: 2...5, gives: 1...1),
        "RoiAlign": .init(RoiAlign.self, takes: 3...3, gives: 1...1),
        "MaxRoiPool": .init(MaxRoiPool.self, takes: 2...2, gives: 1...1),
        "com.microsoft.CropAndResize": .init(CropAndResize.self, takes: 4...4, gives: 1...1),
    ]
}

/// The best boxes of each class, without those that overlap a better one too much.
struct NonMaxSuppression: Operator {
    private let isCentred: Bool

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        isCentred = try attributes.flag("center_point_box", default: false)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let (boxes, scores) = (try operands(0).shape, try operands(1).shape)
        guard boxes.rank == 3, scores.rank == 3, boxes[2] == 4, boxes[0] == scores[0],
            boxes[1] == scores[2]
        else { throw operands.fail("boxes \(boxes) and scores \(scores) do not fit") }
        let limit = min(max(0, try operands.optionalInteger(2) ?? 0), boxes[1])
        let overlap = try threshold(3, operands) ?? 0
        let lowest = try threshold(4, operands)
        let corners = try operands.floats(0)
        let values = try operands.floats(1)
        let all = stride(from: 0, to: corners.count, by: 4).map { start in
            Box(corners[start..<start + 4], isCentred: isCentred)
        }
        var selected: [Int] = []
        for image in 0..<boxes[0] {
            for label in 0..<scores[1] {
                let start = (image * scores[1] + label) * boxes[1]
                let own = all[image * boxes[1]..<(image + 1) * boxes[1]]
                let best = try best(
                    Array(own),
                    values[start..<start + boxes[1]],
                    (limit, overlap, lowest),
                    for: operands
                )
                for box in best { selected += [image, label, box] }
                _ = try operands.count([selected.count])
            }
        }
        return [Tensor(shape: [selected.count / 3, 3], integers: selected)]
    }

    private func threshold(_ input: Int, _ operands: Operands) throws(ModelError) -> Double? {
        guard operands.optional(input) != nil else { return nil }
        let values = try operands.floats(input)
        guard values.count == 1 else {
            throw operands.fail("input \(input + 1) must be one number, not \(values.count)")
        }
        return values[0]
    }

    private func best(
        _ boxes: [Box],
        _ scores: ArraySlice<Double>,
        _ bounds: (limit: Int, overlap: Double, lowest: Double?),
        for operands: Operands
    ) throws(ModelError) -> [Int] {
        try operands.poll()
        guard bounds.limit > 0 else { return [] }
        let first = scores.startIndex
        var waiting: [Candidate] = []
        waiting.reserveCapacity(boxes.count)
        for (box, score) in scores.enumerated() {
            if let lowest = bounds.lowest, !(score > lowest) { continue }
            waiting.append(Candidate(score: scores[first + box], box: box))
        }
        var candidates = BestFirst(waiting)
        var (kept, compared) = ([Int](), 0)
        while kept.count < bounds.limit, let candidate = candidates.next()?.box {
            compared += kept.count
            if compared > 1 << 16 {
                try operands.poll()
                compared = 0
            }
            if !kept.contains(where: { boxes[candidate].overlaps(boxes[$0], bounds.overlap) }) {
                kept.append(candidate)
            }
        }
        return kept
    }
}

private struct Candidate {
    let score: Double
    let box: Int

    /// Of equal scores the first box counts; NaN is the lowest.
    func comesBefore(_ other: Candidate) -> Bool {
        if score > other.score { return true }
        if other.score > score { return false }
        return score.isNaN == other.score.isNaN ? box < other.box : other.score.isNaN
    }
}

/// Candidates in their order, of which mostly few are asked for: a heap.
private struct BestFirst {
    private var heap: [Candidate]

    init(_ candidates: [Candidate]) {
        heap = candidates
        for place in stride(from: heap.count / 2 - 1, through: 0, by: -1) { sink(from: place) }
    }

    mutating func next() -> Candidate? {
        guard let last = heap.popLast() else { return nil }
        guard let best = heap.first else { return last }
        heap[0] = last
        sink(from: 0)
        return best
    }

    private mutating func sink(from start: Int) {
        let moved = heap[start]
        var place = start
        while true {
            var child = 2 * place + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count, heap[child + 1].comesBefore(heap[child]) { child += 1 }
            guard heap[child].comesBefore(moved) else { break }
            heap[place] = heap[child]
            place = child
        }
        heap[place] = moved
    }
}

/// A rectangle by its sides.
private struct Box {
    let left, right, top, bottom: Double

    /// Two opposite corners, y first, or the centre, x first, with width and height.
    init(_ values: ArraySlice<Double>, isCentred: Bool) {
        let (a, b, c, d) = (
            values[values.startIndex], values[values.startIndex + 1],
            values[values.startIndex + 2], values[values.startIndex + 3]
        )
        if isCentred {
            (left, right, top, bottom) = (a - c / 2, a + c / 2, b - d / 2, b + d / 2)
        } else {
            (left, right, top, bottom) = (min(b, d), max(b, d), min(a, c), max(a, c))
        }
    }

    private var area: Double { (right - left) * (bottom - top) }

    /// Whether the common area is more than `share` of what both cover.
    func overlaps(_ other: Box, _ share: Double) -> Bool {
        let width = min(right, other.right) - max(left, other.left)
        let height = min(bottom, other.bottom) - max(top, other.top)
        guard width > 0, height > 0 else { return false }
        let common = width * height
        let union = area + other.area - common
        guard common > 0, area > 0, other.area > 0, union > 0 else { return false }
        return common / union > share
    }
}
