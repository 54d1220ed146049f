import Foundation
import Testing

@testable import Service

/// The sequence routes on every kind of recurrent layer.
@Suite struct `Recurrent model routes` {
    static let predictors = ["jordan", "fed-softmax", "lstm", "gru", "stack"]
    /// With one of an ONNX file.
    static let remembering = predictors + ["imported"]
    static let service = Result { try SmallModels.service(models + [imported]) }

    private static var imported: SmallModels.Model {
        get throws {
            SmallModels.Model(
                name: "imported",
                task: "next-symbol",
                layers: "",
                shapes: [:],
                onnx: try ImportedCell.bytes()
            )
        }
    }

    private static var models: [SmallModels.Model] {
        let jordan = #"{"name": "out", "op": "Jordan", "hidden": 9, "units": 4}"#
        let jordanShapes = [
            "out.W": [9, 4], "out.R": [9, 4], "out.B": [9], "out.V": [4, 9], "out.C": [4],
        ]
        let readout = #", {"name": "out", "op": "Gemm"}"#
        return [
            predictor("jordan", jordan, jordanShapes),
            predictor(
                "fed-softmax",
                jordan.replacing("\"units\"", with: "\"feedback\": \"softmax\", \"units\""),
                jordanShapes
            ),
            predictor("lstm", #"{"name": "cell", "op": "LSTM"}"# + readout, cell("cell", 4, 4)),
            predictor(
                "gru",
                #"{"name": "cell", "op": "GRU", "linear_before_reset": 1}"# + readout,
                cell("cell", 3, 4)
            ),
            predictor(
                "stack",
                #"{"name": "first", "op": "LSTM"}, {"name": "cell", "op": "RNN"}"# + readout,
                cell("first", 4, 4).merging(cell("cell", 1, 6)) { $1 }
            ),
            SmallModels.Model(
                name: "driven",
                task: "dynamical-system",
                layers: #"{"name": "cell", "op": "RNN"}"#,
                shapes: ["cell.W": [1, 6, 4], "cell.R": [1, 6, 6]]
            ),
            SmallModels.Model(
                name: "both-ways",
                task: "sequence-classification",
                layers: #"{"name": "cell", "op": "LSTM", "direction": "bidirectional"},"#
                    + #"{"name": "end", "op": "GRU", "direction": "bidirectional", "returns": "last"},"#
                    + #"{"name": "out", "op": "Gemm"}, {"name": "label", "op": "Softmax"}"#,
                shapes: [
                    "cell.W": [2, 24, 4], "cell.R": [2, 24, 6], "end.W": [2, 6, 12],
                    "end.R": [2, 6, 2], "out.weight": [4, 4],
                ],
                members: #""outputs": ["label"], "labels": "labels.txt","#
            ),
        ]
    }

    private static func predictor(
        _ name: String,
        _ layers: String,
        _ shapes: [String: [Int]]
    ) -> SmallModels.Model {
        SmallModels.Model(
            name: name,
            task: "next-symbol",
            layers: layers + #", {"name": "next", "op": "Softmax"}"#,
            shapes: shapes,
            members: #""outputs": ["next"], "logits": "out","#
        )
    }

    /// A cell of 6 units, and a readout of them.
    private static func cell(_ name: String, _ gates: Int, _ inputs: Int) -> [String: [Int]] {
        [
            "\(name).W": [1, 6 * gates, inputs], "\(name).R": [1, 6 * gates, 6],
            "\(name).B": [1, 12 * gates], "out.weight": [4, 6], "out.bias": [4],
        ]
    }

    private func post(_ target: String, _ body: String) throws -> Reply {
        let service = try Self.service.get()
        return try Reply("POST", "/models/\(target)", body: Array(body.utf8), from: service)
    }

    @Test(arguments: predictors)
    func `next, score, encode and generate agree with each other`(_ name: String) throws {
        let text = "abcadbbcadcbabdc"
        let all = try post("\(name)/next?all=true&top=4", "{\"text\":\"\(text)\"}")
        #expect(all.status == 200, "\(all.text)")
        let lists = try #require(try all.json()["next"] as? [[[String: Any]]])
        let score = try post("\(name)/score", "{\"text\":\"\(text)\"}").json()
        let losses = try #require(score["losses"] as? [Double])
        for (step, letter) in text.dropFirst().enumerated() {
            let entry = lists[step].first { $0["symbol"] as? String == String(letter) }
            let probability = try #require(entry?["probability"] as? Double)
            #expect(abs(losses[step] + log(probability)) < 1e-5)
        }
        let drawn = try post("\(name)/generate", #"{"text":"ab","length":30,"temperature":0}"#)
        let continued = "ab" + (try #require(try drawn.json()["text"] as? String))
        let steps = try post("\(name)/next?all=true&top=1", "{\"text\":\"\(continued)\"}").json()
        let best = try #require(steps["next"] as? [[[String: Any]]])
        for (step, letter) in continued.enumerated().dropFirst(2) {
            #expect(best[step - 1].first?["symbol"] as? String == String(letter))
        }
        let states = try post("\(name)/encode?all=true", "{\"text\":\"\(text)\"}").json()
        let rows = try #require(states["states"] as? [[Double]])
        #expect(
            states["layer"] as? String
                == (name.contains("j") || name.contains("fed") ? "out" : "cell")
        )
        #expect(rows.count == text.count && Set(rows).count > 8)
        let last = try post("\(name)/encode", "{\"text\":\"\(text)\"}").json()
        #expect(last["state"] as? [Double] == rows.last)
    }

    @Test func `a driven system has states and no other answers`() throws {
        let reply = try post("driven/encode?all=true", #"{"text":"abcd"}"#)
        #expect(reply.status == 200, "\(reply.text)")
        #expect(try reply.json()["shape"] as? [Int] == [4, 6])
        for route in ["next", "score", "generate", "classify"] {
            let refused = try post("driven/\(route)", #"{"text":"abcd"}"#)
            #expect(refused.status == 400)
            #expect(refused.text.contains("it offers encode"), "\(refused.text)")
        }
    }

    @Test func `a network that reads both ways classifies whole sequences`() throws {
        let one = try post("both-ways/classify", #"{"text":"abcd"}"#)
        #expect(one.status == 200, "\(one.text)")
        let several = try post("both-ways/classify", #"{"texts":["dd","abcd","a"]}"#).json()
        let results = try #require(several["results"] as? [[String: Any]])
        let list = try #require(try one.json()["predictions"] as? [[String: Any]])
        #expect(results[1]["predictions"] as? NSArray == list as NSArray)
        let states = try post("both-ways/encode?layer=cell&all=true", #"{"text":"abcd"}"#)
        #expect(try states.json()["shape"] as? [Int] == [4, 12])
        let end = try post("both-ways/encode", #"{"text":"abcd"}"#)
        #expect(try end.json()["shape"] as? [Int] == [4])
        let refused = try post("both-ways/encode?all=true", #"{"text":"abcd"}"#)
        #expect(refused.text.contains("one value for the whole sequence"), "\(refused.text)")
        let long = String(repeating: "a", count: 4097)
        let tooLong = try post("both-ways/classify", "{\"text\":\"\(long)\"}")
        #expect(tooLong.status == 413)
        #expect(tooLong.text.contains("at most 4096"), "\(tooLong.text)")
    }
}
