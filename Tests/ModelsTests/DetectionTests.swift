import Foundation
import Graph
import TestSupport
import Testing

@testable import Models

@Suite struct `Detected boxes` {
    private func form(_ text: String) throws -> DetectionForm {
        let value = try JSONValue(Array(text.utf8))
        let fields = try JSONFields(value, at: "detection")
        let form = try DetectionForm(fields)
        guard fields.mistakeCount == 0 else { throw ModelError.unknownField(field: text, hint: "") }
        return form
    }

    /// Five boxes with three scores each, by row: centre, sizes, certainty, scores.
    private static let rows: [[Float]] = [
        [10, 20, 4, 8, 0.5, 0.1, 0.9, 0.2], [10.5, 20, 4, 8, 1, 0.1, 0.8, 0.2],
        [50, 60, 20, 10, 1, 0.7, 0.1, 0.2], [50, 60, 20, 10, 1, 0.1, 0.2, 0.6],
        [90, 90, 1, 1, 1, 0, 0, 0.1],
    ]

    /// The same numbers by column.
    private func turned(_ rows: [[Float]]) -> DetectionForm.Output {
        let values = rows[0].indices.flatMap { column in rows.map { $0[column] } }
        return .init(shape: [rows[0].count, rows.count], values: values)
    }

    private func flat(_ rows: [[Float]]) -> DetectionForm.Output {
        .init(shape: [rows.count, rows[0].count], values: Array(rows.joined()))
    }

    private func found(
        _ form: DetectionForm,
        _ outputs: [DetectionForm.Output],
        labels: Int = 3,
        above confidence: Float = 0.25
    ) throws -> [DetectedBox] {
        try form.boxes(in: outputs, labels: labels, width: 100, height: 200, above: confidence)
    }

    @Test func `of YOLOv5 have a certainty that scores are multiplied by, in rows or columns`()
        throws
    {
        let form = try form(#"{"form": "yolov5"}"#)
        for output in [flat(Self.rows), turned(Self.rows)] {
            let boxes = try found(form, [output])
            #expect(boxes.map(\.label) == [1, 0, 2, 1])
            #expect(boxes.map(\.score) == [0.8, 0.7, 0.6, 0.45])
            #expect(boxes[0].left == 8.5 && boxes[0].right == 12.5)
            #expect(boxes[0].top == 16 && boxes[0].bottom == 24)
            #expect(boxes.selected(iou: 0.45, count: 10).map(\.label) == [1, 0, 2])
            #expect(boxes.selected(iou: 0.45, count: 1).map(\.score) == [0.8])
        }
    }

    @Test func `of YOLOv8 are columns or rows, told apart by the number of labels`() throws {
        let form = try form(#"{"form": "yolov8", "confidence": 0.5}"#)
        #expect(form.confidence == 0.5)
        let rows = Self.rows.map { Array($0[..<4] + $0[5...]) }
        for output in [flat(rows), turned(rows)] {
            #expect(try found(form, [output]).map(\.score) == [0.9, 0.8, 0.7, 0.6])
        }
        #expect(throws: ModelError.self) { try found(form, [flat(rows)], labels: 4) }
        // Without labels a network has more boxes than numbers for each.
        let many = Array(repeating: rows, count: 3).flatMap { $0 }
        #expect(try found(form, [turned(many)], labels: 0).count == 12)
    }

    @Test func `that a network has selected itself are rows of six`() throws {
        let form = try form(#"{"form": "rows"}"#)
        let rows: [[Float]] = [
            [1, 2, 3, 4, 0.9, 1], [5, 6, 9, 9, 0.1, 0], [1, 1, 2, 2, .nan, 0], [3, 3, 1, 1, 1, 0],
        ]
        let boxes = try found(form, [flat(rows)])
        let only = DetectedBox(label: 1, score: 0.9, left: 1, top: 2, right: 3, bottom: 4)
        #expect(boxes == [only])
    }

    @Test func `apart from their scores may be fractions, with a background and logits`() throws {
        let form = try form(
            """
            {"form": "boxes", "boxes": "b", "scores": "s", "corners": "yxyx", "units": "relative",
             "activation": "softmax", "background": 0}
            """
        )
        #expect(form.outputs(of: ["x", "s", "b"]) == ["b", "s"])
        let boxes: [[Float]] = [[0.1, 0.2, 0.3, 0.4], [0, 0, 1, 1]]
        let scores: [[Float]] = [[0, 2, 1], [9, 0, 0]]
        let found = try found(form, [flat(boxes), flat(scores)], labels: 2)
        let sum = 1 + exp(2.0) + exp(1.0)
        // The background is no label, however sure a network is of it: the second box has a score of nearly nothing.
        #expect(found.count == 1)
        #expect(abs(found[0].score - Float(exp(2.0) / sum)) < 1e-6)
        let expected: [Float] = [20, 20, 40, 60]
        for (edge, value) in zip(
            [found[0].left, found[0].top, found[0].right, found[0].bottom],
            expected
        ) {
            #expect(abs(edge - value) < 1e-4)
        }
        #expect(found[0].label == 0)
    }

    @Test func `with classes of their own have one score each`() throws {
        let form = try form(
            #"{"form": "boxes", "boxes": "b", "scores": "s", "classes": "c", "activation": "sigmoid"}"#
        )
        let outputs: [DetectionForm.Output] = [
            flat([[1, 1, 2, 2], [3, 3, 4, 4]]), .init(shape: [2], values: [0, -9]),
            .init(shape: [2], values: [7, 8]),
        ]
        let boxes = try found(form, outputs)
        #expect(boxes.map(\.label) == [7] && boxes.map(\.score) == [0.5])
    }

    @Test(arguments: [
        #"{}"#, #"{"form": "yolov4"}"#, #"{"form": "boxes", "boxes": "b"}"#,
        #"{"form": "yolov8", "scores": "s"}"#, #"{"form": "yolov8", "iou": 2}"#,
        #"{"form": "yolov8", "units": "miles"}"#, #"{"form": "yolov8", "more": 1}"#,
    ])
    func `a form that says too little or too much is refused`(text: String) {
        #expect(throws: ModelError.self) { try form(text) }
    }

    @Test func `outputs of other shapes are refused`() throws {
        for (text, shape) in [
            (#"{"form": "yolov5"}"#, [8]), (#"{"form": "yolov5"}"#, [4, 3]),
            (#"{"form": "rows"}"#, [5, 7]),
            (#"{"form": "boxes", "boxes": "b", "scores": "s"}"#, [5, 7]),
        ] {
            let output = DetectionForm.Output(
                shape: shape,
                values: [Float](repeating: 1, count: shape.reduce(1, *))
            )
            #expect(throws: ModelError.self, "\(text)") {
                try found(form(text), [output, output], labels: 0)
            }
        }
    }

    @Test func `are selected as by comparing all of them`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<50 {
            let boxes = (0..<Int.random(in: 0...60, using: &generator)).map { _ in
                let (x, y) = (
                    Float.random(in: 0...50, using: &generator),
                    Float.random(in: 0...50, using: &generator)
                )
                return DetectedBox(
                    label: Int.random(in: 0...2, using: &generator),
                    score: Float(Int.random(in: 0...9, using: &generator)) / 10,
                    left: x,
                    top: y,
                    right: x + Float.random(in: 0...30, using: &generator),
                    bottom: y + Float.random(in: 0...30, using: &generator)
                )
            }.enumerated().sorted { ($1.element.score, $0.offset) < ($0.element.score, $1.offset) }
                .map(\.element)
            var isKept = [Bool](repeating: true, count: boxes.count)
            for (index, box) in boxes.enumerated() where isKept[index] {
                for later in index + 1..<max(index + 1, boxes.count)
                where boxes[later].label == box.label && box.overlap(with: boxes[later]) > 0.3 {
                    isKept[later] = false
                }
            }
            let expected = zip(boxes, isKept).filter(\.1).map(\.0)
            #expect(boxes.selected(iou: 0.3, count: 100) == expected, "seed \(seed)")
        }
    }

    @Test func `a class map is the highest score, the class itself, or what is certain enough`()
        throws
    {
        func map(_ text: String, _ shape: [Int], _ values: [Float]) throws -> ClassMap {
            let value = try JSONValue(Array(text.utf8))
            let form = try SegmentationForm(JSONFields(value, at: "segmentation"))
            return try form.classMap(
                of: .init(shape: shape, values: values),
                above: form.confidence
            )
        }
        let scores = try map(#"{}"#, [3, 1, 2], [0, 5, 1, 2, 0, 9])
        #expect(scores == ClassMap(width: 2, height: 1, classes: [1, 2]))
        #expect(try map(#"{"form": "classes"}"#, [1, 2], [3, 0]).classes == [3, 0])
        #expect(try map(#"{"form": "mask"}"#, [1, 2, 1], [0.5, 0.4]).classes == [1, 0])
        let logits = #"{"form": "mask", "activation": "sigmoid", "confidence": 0.9}"#
        #expect(try map(logits, [1, 1, 2], [3, 1]).classes == [1, 0])
        #expect(throws: ModelError.self) { try map(#"{}"#, [1, 2, 2], [1, 1, 1, 1]) }
        #expect(throws: ModelError.self) { try map(#"{"form": "mask"}"#, [2, 1, 1], [1, 1]) }
    }
}

@Suite struct `Notes of exporters` {
    @Test(arguments: [
        ("{0: 'person', 1: \"child's bike\"}", ["person", "child's bike"]),
        (#"{0: 'it\'s', 1: 'a: b, {c}'}"#, ["it's", "a: b, {c}"]),
        (#"["cat", "dog"]"#, ["cat", "dog"]), ("cat, black dog", ["cat", "black dog"]),
        ("{1: 'a', 0: 'b'}", []), ("{0: 'a'", ["a"]), ("", []), ("{0: 'a", []),
    ])
    func `name classes in the words of several languages`(text: String, labels: [String]) {
        #expect(ExporterNotes(["names": text]).labels == labels)
    }

    @Test func `say what a network is for, and for which size`() {
        let notes = ExporterNotes(["task": "detect", "imgsz": "[480, 640]", "classes": "a,b"])
        #expect(notes.task == "detect" && notes.labels == ["a", "b"])
        #expect(notes.size?.height == 480 && notes.size?.width == 640)
        #expect(ExporterNotes(["imgsz": "[0, 640]"]).size == nil)
        #expect(ExporterNotes([:]).size == nil)
    }
}
