import Foundation
import HTTP
import Images
import NetworkSupport
import OnnxFormat
import SwiftProtobuf
import Testing

@testable import Service

/// Classifiers as people bring them: without a Softmax, with little or nothing said beside the file.
@Suite struct `Classifiers of one's own` {
    /// The mean of a picture [1, 1, 2, 2] times 1, 2 and 3, and what comes after that.
    private static func network(_ ends: [String]) throws -> Data {
        var nodes = [
            SmallOnnx.node("GlobalAveragePool", ["images"], ["mean"]),
            SmallOnnx.node("Flatten", ["mean"], ["flat"]),
            SmallOnnx.node("MatMul", ["flat", "weights"], ["v0"]),
        ]
        for (index, op) in ends.enumerated() {
            nodes.append(SmallOnnx.node(op, ["v\(index)"], ["v\(index + 1)"]))
        }
        let model = SmallOnnx.model(
            nodes,
            inputs: [SmallOnnx.port("images", [1, 1, 2, 2])],
            outputs: [SmallOnnx.port("v\(ends.count)", [1, 3])],
            constants: [SmallOnnx.tensor("weights", [1, 3], [1, 2, 3])]
        )
        return try model.serializedBytes()
    }

    /// The probabilities that a white picture gets, by label.
    private func answer(
        _ ends: [String] = [],
        manifest: String? = nil,
        labels: String? = nil,
        more: [String: Data] = [:],
        query: String = ""
    ) throws -> (status: Int, text: String, classes: [(label: String, probability: Double)]) {
        var files: [String: Data] = [:]
        let isAlone = manifest == nil && labels == nil && more.isEmpty
        files[isAlone ? "net.onnx" : "net/model.onnx"] = try Self.network(ends)
        for (name, data) in more { files["net/\(name)"] = data }
        if let manifest { files["net/model.json"] = Data(manifest.utf8) }
        if let labels { files["net/labels.txt"] = Data(labels.utf8) }
        return try SmallOnnx.inFolder(files) { folder in
            let service = Fixture.service(folders: [folder]) { _ in }
            let white = [UInt8](repeating: 255, count: 4)
            let picture = try Image(width: 2, height: 2, channels: 1, samples: white).encodedPNG()
            let path = "/models/net/classify\(query)"
            let reply = try Reply("POST", path, body: picture, from: service)
            let rows = try reply.json()["predictions"] as? [[String: Any]] ?? []
            let classes = rows.map { row in
                (row["label"] as? String ?? "", row["probability"] as? Double ?? -1)
            }
            return (reply.status, reply.text, classes)
        }
    }

    private let softmax = [1.0, 2, 3].map { exp($0) / (exp(1) + exp(2) + exp(3)) }

    private func agree(
        _ classes: [(label: String, probability: Double)],
        _ expected: [Double]
    ) -> Bool {
        classes.count == expected.count
            && zip(classes, expected).allSatisfy { abs($0.probability - $1) < 1e-6 }
    }

    @Test func `without a word beside it, scores get their softmax`() throws {
        let found = try answer()
        #expect(found.status == 200, "\(found.text)")
        #expect(found.classes.map(\.label) == ["2", "1", "0"])
        #expect(agree(found.classes, softmax.reversed()))
        #expect(try answer(query: "?top=3").classes.count == 3)
        #expect(try answer(query: "?top=4").text.contains("from 1 to 3"))
    }

    @Test func `distributions stay, and logarithms of one become it`() throws {
        for ends in [
            ["Softmax"], ["Softmax", "Identity"], ["LogSoftmax"], ["LogSoftmax", "Flatten"],
        ] {
            #expect(agree(try answer(ends).classes, softmax.reversed()), "\(ends)")
        }
        let sigmoids = [3.0, 2, 1].map { 1 / (1 + exp(-$0)) }
        #expect(agree(try answer(["Sigmoid"]).classes, sigmoids))
    }

    @Test func `labels alone are a manifest, as a list or in a file`() throws {
        for found in [
            try answer(manifest: #"{"labels": ["cat", "dog", "owl"]}"#),
            try answer(manifest: "{}", labels: "cat\ndog\nowl\n"),
            try answer(labels: "cat\ndog\nowl\n"),
        ] {
            #expect(found.classes.map(\.label) == ["owl", "dog", "cat"], "\(found.text)")
            #expect(agree(found.classes, softmax.reversed()))
        }
    }

    /// A network of [1, 2, 2, 3] whose only logit that is not 0 weighs every number by its place.
    @Test(
        arguments: [(nil, [1, 2, 2, 3]), ("nhwc", [nil, nil, nil, 3])] as [(String?, [Int64?])]
    )
    func `channels lie last where the file or the manifest says so`(
        layout: String?,
        dimensions: [Int64?]
    ) throws {
        let weights = (0..<24).map { $0.isMultiple(of: 2) ? Float($0 / 2 + 1) / 100 : 0 }
        let model = SmallOnnx.model(
            [
                SmallOnnx.node("Flatten", ["images"], ["flat"]),
                SmallOnnx.node("MatMul", ["flat", "weights"], ["scores"]),
            ],
            inputs: [SmallOnnx.port("images", dimensions)],
            outputs: [SmallOnnx.port("scores", [1, 2])],
            constants: [SmallOnnx.tensor("weights", [12, 2], weights)]
        )
        var files: [String: Data] = ["net/model.onnx": try model.serializedBytes()]
        if let layout {
            let manifest = """
                {"task": "image-classification", "preprocessing": {"layout": "\(layout)"},
                 "input": {"name": "images", "channels": 3, "height": 2, "width": 2}}
                """
            files["net/model.json"] = Data(manifest.utf8)
        }
        let samples = (0..<12).map { UInt8($0 * 20) }
        let logit = zip(samples, 1...).reduce(0) { $0 + Double($1.0) / 255 * Double($1.1) / 100 }
        let picture = try Image(width: 2, height: 2, channels: 3, samples: samples).encodedPNG()
        try SmallOnnx.inFolder(files) { folder in
            let service = Fixture.service(folders: [folder]) { _ in }
            let reply = try Reply("POST", "/models/net/classify", body: picture, from: service)
            let rows = try reply.json()["predictions"] as? [[String: Any]] ?? []
            #expect(rows.count == 2 && rows[0]["index"] as? Int == 0, "\(reply.text)")
            let probability = rows.first?["probability"] as? Double ?? 0
            #expect(abs(probability - 1 / (1 + exp(-logit))) < 1e-6)
        }
    }

    @Test func `a network from pictures to maps shows features`() throws {
        let model = SmallOnnx.model(
            [SmallOnnx.node("Relu", ["images"], ["maps"])],
            inputs: [SmallOnnx.port("images", [nil, 3, nil, nil])],
            outputs: [SmallOnnx.port("maps", [nil, 3, nil, nil])]
        )
        try SmallOnnx.inFolder(["net.onnx": try model.serializedBytes()]) { folder in
            let service = Fixture.service(folders: [folder]) { _ in }
            let picture = try Image(
                width: 2,
                height: 1,
                channels: 3,
                samples: [0, 51, 102, 153, 204, 255]
            ).encodedPNG()
            let reply = try Reply(
                "POST",
                "/models/net/features",
                [("Accept", "application/json")],
                body: picture,
                from: service
            )
            #expect(reply.status == 200, "\(reply.text)")
            let layers = try reply.json()["layers"] as? [String: [String: Any]]
            let maps = layers?["maps"]?["data"] as? [[[Double]]] ?? []
            #expect(maps == [[[0, 0.6]], [[0.2, 0.8]], [[0.4, 1]]], "\(reply.text)")
        }
    }

    @Test func `what is not certain is told with the lines that make it so`() throws {
        let model = SmallOnnx.model(
            [
                SmallOnnx.node("GlobalAveragePool", ["images"], ["mean"]),
                SmallOnnx.node("Flatten", ["mean"], ["scores"]),
            ],
            inputs: [SmallOnnx.port("images", [nil, 3, nil, nil])],
            outputs: [SmallOnnx.port("scores", [nil, 3])]
        )
        let data: Data = try model.serializedBytes()
        let picture = try Image(width: 1, height: 1, channels: 3, samples: [0, 51, 102])
            .encodedPNG()
        let manifest: String = try SmallOnnx.inFolder(["net.onnx": data]) { folder in
            let service = Fixture.service(folders: [folder]) { _ in }
            let reply = try Reply("POST", "/models/net/classify", body: picture, from: service)
            #expect(reply.status == 400 && reply.text.contains("sides of its pictures are open"))
            let index = try Reply("POST", "/v2/repository/index", from: service).text
            #expect(index.contains("image-classification"), "\(index)")
            let error = try #require(try reply.json()["error"] as? String)
            let start = try #require(error.range(of: "such as {"))
            return String(error[error.index(before: start.upperBound)...].dropLast())
        }
        // What it says is what one can write.
        try SmallOnnx.inFolder(["net/model.onnx": data, "net/model.json": Data(manifest.utf8)]) {
            let service = Fixture.service(folders: [$0]) { _ in }
            let reply = try Reply("POST", "/models/net/classify", body: picture, from: service)
            #expect(reply.status == 200, "\(manifest): \(reply.text)")
        }
    }

    @Test func `preprocessing alone is a manifest`() throws {
        let text = #"{"preprocessing": {"mean": [1], "scale": [1]}}"#
        #expect(agree(try answer(manifest: text).classes, [1.0 / 3, 1.0 / 3, 1.0 / 3]))
    }

    @Test func `what the scores are can be said, and no number beyond 1 is called a probability`()
        throws
    {
        let sigmoids = [3.0, 2, 1].map { 1 / (1 + exp(-$0)) }
        #expect(agree(try answer(manifest: #"{"scores": "sigmoid"}"#).classes, sigmoids))
        let wrong = try answer(manifest: #"{"scores": "probabilities"}"#)
        #expect(wrong.status == 500)
        #expect(wrong.text.contains(#"\"logits\" or \"sigmoid\""#), "\(wrong.text)")
    }

    @Test func `preparations have the words of torchvision and Keras`() throws {
        // A white picture is 1 after the division by 255: what is left of it scales the scores 1, 2 and 3.
        for (text, value) in [
            (#"{"mean": 0.5, "std": 0.25}"#, 2.0), (#"{"rescale": 1, "mean": [254]}"#, 1),
            (#"{"shorter_side": 3, "std": [0.5]}"#, 2),
            (#"{"fit": "crop", "resize": "bicubic"}"#, 1),
        ] {
            let found = try answer(manifest: "{\"preprocessing\": \(text)}")
            let powers = [1.0, 2, 3].map { exp($0 * value) }
            let expected = powers.map { $0 / powers.reduce(0, +) }
            #expect(agree(found.classes, expected.reversed()), "\(text): \(found.text)")
        }
    }

    @Test(arguments: [
        #"{"preprocessing": {"shorter_side": 1}}"#,
        #"{"preprocessing": {"shorter_side": 4, "fit": "pad"}}"#,
        #"{"preprocessing": {"mean": [1, 2]}}"#, #"{"preprocessing": {"std": 0}}"#,
        #"{"preprocessing": "vgg"}"#, #"{"preprocessing": {"colour": "bgr"}}"#,
        #"{"scores": "odds"}"#, #"{"labels": [1]}"#, #"{"labels": ["a"],}"#,
    ])
    func `what cannot be is refused when it is loaded`(text: String) throws {
        #expect(try answer(manifest: text).status == 404, "\(text)")
    }

    @Test func `files of Hugging Face beside it say the rest`() throws {
        let config = #"{"id2label": {"0": "cat", "2": "owl", "1": "dog"}, "hidden_size": 8}"#
        let steps = """
            {"do_center_crop": true, "crop_size": {"height": 2, "width": 2}, "size": {"shortest_edge": 3},
             "do_rescale": true, "rescale_factor": 0.00392156862745098, "resample": 3,
             "image_mean": [0.5], "image_std": [0.25], "feature_extractor_type": "ViTFeatureExtractor"}
            """
        let found = try answer(
            more: ["config.json": Data(config.utf8), "preprocessor_config.json": Data(steps.utf8)]
        )
        let powers = [1.0, 2, 3].map { exp($0 * 2) }
        #expect(found.classes.map(\.label) == ["owl", "dog", "cat"], "\(found.text)")
        #expect(agree(found.classes, powers.map { $0 / powers.reduce(0, +) }.reversed()))
        // What a manifest says counts more.
        let named = try answer(
            manifest: #"{"labels": ["a", "b", "c"]}"#,
            more: ["config.json": Data(config.utf8)]
        )
        #expect(named.classes.map(\.label) == ["c", "b", "a"], "\(named.text)")
    }

    @Test(arguments: ["-5", "1e14", "0", "16777216", "0.5"])
    func `a size that no picture has counts as not said`(side: String) throws {
        let steps =
            #"{"size": {"shortest_edge": \#(side)}, "do_center_crop": true, "crop_size": \#(side)}"#
        let found = try answer(more: ["preprocessor_config.json": Data(steps.utf8)])
        #expect(found.status == 200, "\(found.text)")
    }
}
