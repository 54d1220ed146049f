import Foundation
import HTTP
import Images
import TensorFormats
import Testing

@testable import Service

@Suite struct `Series routes` {
    private static let example = "series/examples/speaker-4.csv"

    private func post(
        _ route: String,
        _ body: [UInt8],
        type: String = "text/csv",
        accept: String? = nil,
        from service: Service = Fixture.service
    ) throws -> Reply {
        try Reply(
            "POST",
            "/models/series/\(route)",
            [("Content-Type", type)] + (accept.map { [("Accept", $0)] } ?? []),
            body: body,
            from: service
        )
    }

    /// The example as [12][L].
    private func channels() throws -> [[Float]] {
        let table = try CSV.decode(try Fixture.file(Self.example), limit: 1000)
        return (0..<table.shape[1]).map { channel in
            (0..<table.shape[0]).map { table.values[$0 * table.shape[1] + channel] }
        }
    }

    private func document(_ series: some Encodable) throws -> [UInt8] {
        [UInt8](try JSONEncoder().encode(["series": series]))
    }

    @Test func `classifies CSV, JSON and npy alike, and several at once`() throws {
        let csv = try Fixture.file(Self.example)
        let first = try post("classify", csv)
        #expect(first.status == 200, "\(first.text)")
        let best = try #require(try first.json()["predictions"] as? [[String: Any]]).first
        #expect(best?["label"] as? String == "speaker 4")
        let series = try channels()
        let values = series.flatMap { $0 }
        let shape = [12, series[0].count]
        let same = [
            try post("classify", csv, type: "application/x-www-form-urlencoded"),
            try post("classify", csv, type: "text/plain"),
            try post("classify", try document(series), type: "application/json"),
            try post(
                "classify",
                NPY.encode(shape: shape, values: values.span),
                type: "application/x-npy"
            ),
        ]
        for reply in same { #expect(reply.text == first.text) }
        let batch = try post(
            "classify?top=5",
            try document([series, series]),
            type: "application/json"
        )
        let results = try #require(try batch.json()["results"] as? [[String: Any]])
        #expect(results.count == 2)
        let table = try post("classify?top=1", csv, accept: "text/csv").text
        #expect(table.hasPrefix("series,rank,label,index,probability\r\n0,1,speaker 4,3,"))
    }

    @Test func `recognises at least 97 percent of the 370 test utterances`() throws {
        let file = Fixture.package.appending(path: "Tests/HeldOut/japanese-vowels.json.gz")
        let bytes = [UInt8](try Data(contentsOf: file))
        // SAFETY: an array of bytes has no padding that could be read.
        let text = try unsafe Gunzip.decompress(bytes.span.bytes, limit: 8 << 20)
        struct Utterance: Decodable {
            let speaker: Int
            let series: [[Float]]
        }
        let utterances = try JSONDecoder().decode([Utterance].self, from: Data(text))
        #expect(utterances.count == 370)
        var correct = 0
        for utterance in utterances {
            let reply = try post(
                "classify?top=1",
                try document(utterance.series),
                type: "application/json"
            )
            let best = try #require(try reply.json()["predictions"] as? [[String: Any]]).first
            if best?["index"] as? Int == utterance.speaker { correct += 1 }
        }
        print("series: \(correct) of \(utterances.count) test utterances")
        #expect(correct >= 359)
    }

    @Test func `features are numbers, tables and pictures of channels over time`() throws {
        let csv = try Fixture.file(Self.example)
        let steps = try channels()[0].count
        let json = try post("features?layer=maxout1", csv).json()
        let layers = try #require(json["layers"] as? [String: [String: Any]])
        #expect(layers["maxout1"]?["shape"] as? [Int] == [48, steps])
        let data = try #require(layers["maxout1"]?["data"] as? [[Double]])
        let pooled = try post("features?layer=maxout1&pool=max", csv, accept: "application/x-npy")
        // SAFETY: an array of bytes has no padding that could be read.
        let maxima = try unsafe NPY.decode(pooled.response.body.span.bytes)
        #expect(maxima.values == data.map { Float($0.max() ?? 0) })
        let picture = try post("features?layer=maxout1", csv, accept: "image/png")
        #expect(try Image(decoding: picture.response.body).width > steps)
        let table = try post("features?layer=mean&pool=mean", csv, accept: "text/csv").text
        #expect(table.hasPrefix("series,channel,value"))
    }

    @Test(arguments: [
        ("{\"series\": [[1,2],[3,4]]}", 400, "wrong_shape", "[12, length]"),
        ("{\"series\": [1,2]}", 400, "wrong_shape", "[2]"),
        ("{\"series\": [[1,2],[3]]}", 400, "wrong_shape", "2 elements"),
        ("{\"series\": []}", 400, "wrong_shape", "[0]"),
        ("{\"series\": [[1e99]]}", 400, "invalid_value", "32-bit float"),
        ("{\"serie\": [1]}", 400, "unknown_field", "series"),
        ("{}", 400, "missing_field", "lists of numbers"),
        ("1,2,3\n4,5,6\n", 400, "wrong_shape", "2 lines of 3"),
        ("1,2,3\n4,5\n", 400, "invalid_csv", "Line 2 of the table has 2 columns"),
        ("1,2,3\n4,x,6\n", 400, "invalid_csv", "Line 2, column 2 of the table: \"x\""),
        ("1,2,3\n4,inf,6\n", 400, "invalid_csv", "not a finite number"),
        ("a,b,c\n", 400, "invalid_csv", "no line of numbers"),
    ])
    func `a bad series is refused with what is right`(
        body: String,
        status: Int,
        code: String,
        text: String
    ) throws {
        let reply = try post("classify", Array(body.utf8), type: "application/octet-stream")
        #expect(reply.status == status, "\(reply.text)")
        #expect(try reply.json()["code"] as? String == code, "\(reply.text)")
        #expect(try (reply.json()["error"] as? String ?? "").contains(text), "\(reply.text)")
    }

    @Test func `what is not finite in an npy array is named by its index`() throws {
        var values = [Float](repeating: 0, count: 24)
        values[17] = .nan
        let reply = try post("classify", NPY.encode(shape: [12, 2], values: values.span))
        #expect(reply.text.contains("nan at position 18"), "\(reply.text)")
    }

    @Test func `numbers are bounded, and pictures are for other models`() throws {
        let small = Fixture.service { $0.seriesNumbers = 100 }
        let csv = try Fixture.file(Self.example)
        let reply = try post("classify", csv, from: small)
        #expect(reply.status == 413, "\(reply.text)")
        let picture = try post("classify", try Fixture.file(Fixture.shirt), type: "image/png")
        #expect(picture.status == 415, "\(picture.text)")
        let preview = try post("preview", csv)
        #expect(try preview.json()["code"] as? String == "wrong_task")
    }

    @Test func `a series of one step up to thousands is answered`() throws {
        for length in [1, 2, 7, 1000, 20_000] {
            let values = [Float](repeating: 0.25, count: 12 * length)
            let body = NPY.encode(shape: [12, length], values: values.span)
            let reply = try post("classify?top=1", body)
            #expect(reply.status == 200, "\(length): \(reply.text)")
        }
    }
}
