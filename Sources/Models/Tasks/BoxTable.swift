import Glibc
import Graph

/// Where the numbers of each box lie in a network's outputs.
struct BoxTable {
    let boxes: DetectionForm.Output
    fileprivate let scores: DetectionForm.Output?
    fileprivate let labels: DetectionForm.Output?
    /// Boxes.
    let count: Int
    /// Scores of each.
    let classes: Int
    /// Whether an output has a row for each box, and not a column.
    fileprivate let hasRows: Bool
    fileprivate let scoresHaveRows: Bool
    /// Where the scores begin among a box's numbers.
    fileprivate let first: Int
    /// Where the number stands that says whether there is anything at all.
    fileprivate let certain: Int?
    /// Where the class stands, if it is a number of its own.
    fileprivate let labelled: Int?
    fileprivate let width: Int

    func place(of box: Int, _ number: Int) -> Int {
        hasRows ? box * width + number : number * count + box
    }

    func score(of box: Int, _ label: Int) -> Float {
        guard let scores else { return boxes.values[place(of: box, first + label)] }
        return scores.values[scoresHaveRows ? box * classes + label : label * count + box]
    }

    func certainty(of box: Int) -> Float? {
        certain.map { boxes.values[place(of: box, $0)] }
    }

    func label(of box: Int) -> Int? {
        if let labels { return Int(exactly: labels.values[box].rounded()) ?? -1 }
        return labelled.map { Int(exactly: boxes.values[place(of: box, $0)].rounded()) ?? -1 }
    }
}

extension DetectionForm {
    func table(_ outputs: [Output], labels: Int) throws(ModelError) -> BoxTable {
        guard let boxes = outputs.first, boxes.shape.count == 2 else {
            throw refusal("[N, boxes, numbers]", outputs.first)
        }
        if head == .boxes { return try table(boxes, Array(outputs.dropFirst())) }
        let fixed =
            switch head {
            case .yolov5: 5
            case .yolov8: 4
            case .rows, .boxes: 6
            }
        let classes = labels + (background == nil ? 0 : 1)
        let (rows, columns) = (boxes.shape[0], boxes.shape[1])
        let hasRows: Bool
        if head == .rows {
            guard columns == fixed || rows == fixed else { throw refusal("[N, boxes, 6]", boxes) }
            hasRows = columns == fixed
        } else if labels > 0 {
            guard columns == fixed + classes || rows == fixed + classes else {
                throw refusal("[N, \(fixed) + \(classes) classes, boxes]", boxes)
            }
            hasRows = columns == fixed + classes
        } else {
            // A network has more boxes than classes.
            hasRows = columns <= rows
        }
        let width = hasRows ? columns : rows
        guard width > fixed || head == .rows else {
            throw refusal("[N, \(fixed) + classes, boxes]", boxes)
        }
        return BoxTable(
            boxes: boxes,
            scores: nil,
            labels: nil,
            count: hasRows ? rows : columns,
            classes: head == .rows ? 1 : width - fixed,
            hasRows: hasRows,
            scoresHaveRows: true,
            first: head == .rows ? 4 : fixed,
            certain: head == .yolov5 ? 4 : nil,
            labelled: head == .rows ? 5 : nil,
            width: width
        )
    }

    /// Boxes and scores apart.
    private func table(_ boxes: Output, _ others: [Output]) throws(ModelError) -> BoxTable {
        guard boxes.shape[1] == 4 || boxes.shape[0] == 4 else {
            throw refusal("[N, boxes, 4]", boxes)
        }
        let hasRows = boxes.shape[1] == 4
        let count = boxes.shape[hasRows ? 0 : 1]
        let scores = others[0]
        let isFlat = scores.shape == [count]
        guard isFlat || scores.shape.count == 2 && scores.shape.contains(count) else {
            throw refusal("[N, \(count), classes]", scores)
        }
        let haveRows = isFlat || scores.shape[0] == count
        let labels = others.count > 1 ? others[1] : nil
        if let labels, labels.values.count != count { throw refusal("[N, \(count)]", labels) }
        return BoxTable(
            boxes: boxes,
            scores: scores,
            labels: labels,
            count: count,
            classes: isFlat ? 1 : scores.shape[haveRows ? 1 : 0],
            hasRows: hasRows,
            scoresHaveRows: haveRows,
            first: 0,
            certain: nil,
            labelled: nil,
            width: 4
        )
    }

    private func refusal(_ expected: String, _ output: Output?) -> ModelError {
        let shape = output.map { "[N, \($0.shape.map(String.init).joined(separator: ", "))]" }
        return .invalidManifest(
            field: "model.json, detection, form",
            expected: "outputs such as \(head.rawValue) has, \(expected)",
            got: shape ?? "no output"
        )
    }
}

func exponential(_ number: Double) -> Double { exp(number) }
