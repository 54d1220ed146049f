import Foundation
import HTTP
import Images
import NetworkSupport
import OnnxFormat
import SwiftProtobuf
import TensorFormats
import Testing

@testable import Models
@testable import Service

/// Where an answer comes from: parts covered, symbols left out.
@Suite struct `The explain route` {
    /// One logit that is the pixel at row 1, column 2 of [N, 1, 4, 4] times 4, and one that is 0.
    private static func network() throws -> Data {
        var weights = [Float](repeating: 0, count: 32)
        weights[(1 * 4 + 2) * 2] = 4
        return try SmallOnnx.model(
            [
                SmallOnnx.node("Flatten", ["images"], ["flat"]),
                SmallOnnx.node("MatMul", ["flat", "weights"], ["scores"]),
            ],
            inputs: [SmallOnnx.port("images", [nil, 1, 4, 4])],
            outputs: [SmallOnnx.port("scores", [nil, 2])],
            constants: [SmallOnnx.tensor("weights", [16, 2], weights)]
        ).serializedBytes()
    }

    private func ask(
        _ query: String,
        _ accept: String = "application/json"
    ) throws -> Reply {
        let data = try Self.network()
        return try SmallOnnx.inFolder(
            ["net/model.onnx": data, "net/labels.txt": Data("point\nnothing\n".utf8)]
        ) { folder in
            let service = Fixture.service(folders: [folder]) { _ in }
            let white = [UInt8](repeating: 255, count: 16)
            let picture = try Image(width: 4, height: 4, channels: 1, samples: white).encodedPNG()
            let path = "/models/net/explain\(query)"
            return try Reply("POST", path, [("Accept", accept)], body: picture, from: service)
        }
    }

    @Test func `windows that cover what matters lower the probability`() throws {
        let whole = 1 / (1 + exp(-4.0))
        for query in [
            "?window=1&stride=1", "?window=1&stride=1&target=point", "?window=1&stride=1&target=0",
        ] {
            let reply = try ask(query)
            #expect(reply.status == 200, "\(reply.text)")
            let answer = try reply.json()
            let target = try #require(answer["target"] as? [String: Any])
            #expect(target["label"] as? String == "point")
            #expect(abs((target["probability"] as? Double ?? 0) - whole) < 1e-6)
            let rows = try #require(answer["data"] as? [[Double]])
            for row in 0..<4 {
                for column in 0..<4 {
                    let expected = (row, column) == (1, 2) ? whole - 0.5 : 0
                    #expect(abs(rows[row][column] - expected) < 1e-6, "\(row) \(column)")
                }
            }
        }
        let other = try ask("?window=2&stride=2&target=nothing").json()
        let rows = try #require(other["data"] as? [[Double]])
        #expect(rows.count == 2 && abs(rows[0][1] + (whole - 0.5)) < 1e-6 && rows[1] == [0, 0])
    }

    @Test func `without a window one is chosen, and a table or an array comes too`() throws {
        let answer = try ask("").json()
        let shape = try #require(answer["shape"] as? [Int])
        #expect(shape.count == 2 && shape[0] * shape[1] > 1)
        let lines = try ask("?window=1&stride=1", "text/csv").text.split(separator: "\r\n")
        #expect(lines.count == 17 && lines[0] == "top,bottom,left,right,fall")
        #expect(lines[7].hasPrefix("1,2,2,3,0.48"), "\(lines[7])")
        #expect(try ask("", "application/x-npy").status == 200)
    }

    @Test func `the heat map is drawn over the picture`() throws {
        let reply = try ask("?window=1&stride=1", "image/png")
        #expect(reply.status == 200 && reply.header("X-Striate-Picture")?.contains("point") == true)
        let image = try unsafe ImageDecoder().decode(reply.response.body.span.bytes).image
        #expect(image.width == 320 && image.height == 320 && image.channels == 3)
        func pixel(_ row: Int, _ column: Int) -> [UInt8] {
            let start = ((row * 80 + 40) * 320 + column * 80 + 40) * 3
            return Array(image.samples[start..<start + 3])
        }
        #expect(pixel(0, 0) == [255, 255, 255])
        #expect(pixel(1, 2)[0] > 200 && pixel(1, 2)[1] < 80 && pixel(1, 2)[2] < 80)
    }

    @Test func `what cannot be explained is told`() throws {
        #expect(try ask("?target=dog").text.contains("a label, or an index from 0 to 1"))
        #expect(try ask("?method=lime").status == 400)
        #expect(try ask("?window=0").status == 400)
        let symbols = try Reply(
            "POST",
            "/models/scripture/explain?window=2",
            body: Array(#"{"text": "In"}"#.utf8)
        )
        #expect(symbols.status == 400 && symbols.text.contains("left out one by one"))
        let one = try Reply(
            "POST",
            "/models/scripture/explain",
            body: Array(#"{"text": "I"}"#.utf8)
        )
        #expect(one.status == 400 && one.text.contains("at least 2"), "\(one.text)")
        let many = try Reply(
            "POST",
            "/models/scripture/explain",
            body: Array(#"{"text": "\#(String(repeating: "a", count: 513))"}"#.utf8)
        )
        #expect(many.status == 400 && many.text.contains("512"), "\(many.text)")
    }

    /// Left out by hand: the same texts without one symbol, through the route of the distribution.
    @Test func `a symbol's bits are what leaving it out costs`() throws {
        func chance(_ text: String, of symbol: String) throws -> Double {
            let reply = try Reply(
                "POST",
                "/models/scripture/next?top=60",
                body: Array(#"{"text": "\#(text)"}"#.utf8)
            )
            let rows = try reply.json()["next"] as? [[String: Any]] ?? []
            let row = rows.first { $0["symbol"] as? String == symbol }
            return try #require(row?["probability"] as? Double)
        }
        let text = Array("In the beg")
        let reply = try Reply(
            "POST",
            "/models/scripture/explain?target=i",
            body: Array(#"{"text": "\#(String(text))"}"#.utf8)
        )
        let steps = try #require(try reply.json()["steps"] as? [[String: Any]], "\(reply.text)")
        #expect(steps.map { $0["symbol"] as? String } == text.map(String.init))
        let whole = try chance(String(text), of: "i")
        for (index, step) in steps.enumerated() {
            var rest = text
            rest.remove(at: index)
            let expected = log2(whole) - log2(try chance(String(rest), of: "i"))
            #expect(abs((step["bits"] as? Double ?? 99) - expected) < 1e-3, "\(index)")
        }
    }

    @Test(arguments: ["language", "brackets"])
    func `sequences that are classified are explained, read both ways too`(model: String) throws {
        let body = model == "brackets" ? #"{"text": "(())("}"# : #"{"text": "wiedersehen"}"#
        let reply = try Reply("POST", "/models/\(model)/explain", body: Array(body.utf8))
        #expect(reply.status == 200, "\(reply.text)")
        #expect((try reply.json()["steps"] as? [Any])?.count ?? 0 > 4)
    }

    @Test func `KServe's route answers the same for each instance`() throws {
        let data = try Self.network()
        try SmallOnnx.inFolder(["net.onnx": data]) { folder in
            let service = Fixture.service(folders: [folder]) { _ in }
            let white = Array(repeating: Array(repeating: 1, count: 4), count: 4)
            let body = try JSONSerialization.data(withJSONObject: ["instances": [[white], [white]]])
            let reply = try Reply(
                "POST",
                "/v1/models/net:explain?window=1&stride=1&target=0",
                body: Array(body),
                from: service
            )
            #expect(reply.status == 200, "\(reply.text)")
            let answers = try #require(try reply.json()["explanations"] as? [[String: Any]])
            #expect(answers.count == 2)
            let rows = try #require(answers[1]["data"] as? [[Double]])
            #expect(rows[1][2] > 0.48 && rows[0][0] == 0)
        }
    }

    @Test func `windows cover all of an input, and means are spread over it`() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            let (height, width) = (Int.random(in: 1...20, using: &random), Int.random(in: 1...20))
            let (window, stride) = (Int.random(in: 1...24), Int.random(in: 1...6))
            let grid = try #require(
                OcclusionGrid(
                    height: height,
                    width: width,
                    window: window,
                    stride: stride,
                    layers: []
                )
            )
            let values = (0..<grid.count).map { _ in Float.random(in: -1...1) }
            var sums = [Float](repeating: 0, count: height * width)
            var counts = sums
            for (index, value) in values.enumerated() {
                let area = grid.area(of: index)
                for row in area.rows {
                    for column in area.columns {
                        sums[row * width + column] += value
                        counts[row * width + column] += 1
                    }
                }
            }
            let isGapless = stride <= min(window, height, width)
            #expect(!isGapless || counts.allSatisfy { $0 > 0 }, "\(grid)")
            for (one, other) in zip(grid.spread(values), zip(sums, counts)) {
                let expected = other.1 > 0 ? other.0 / other.1 : 0
                #expect(abs(one - expected) < 1e-4, "\(grid)")
            }
        }
    }
}
