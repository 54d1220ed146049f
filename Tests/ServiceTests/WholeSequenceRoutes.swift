import Compute
import Foundation
import HTTP
import TensorFormats
import Testing

@testable import Files
@testable import Graph
@testable import Models
@testable import Onnx
@testable import Service

/// Sequences as a whole: their label, the states of systems, and losses against float64.
@Suite struct `Whole sequence routes` {
    private func post(
        _ target: String,
        _ body: String,
        _ headers: [(String, String)] = []
    ) throws -> Reply {
        try Reply("POST", "/models/\(target)", headers, body: Array(body.utf8))
    }

    private func label(_ reply: Reply) throws -> String? {
        let list = try reply.json()["predictions"] as? [[String: Any]]
        return list?.first?["label"] as? String
    }

    @Test func `a sequence is classified in each of its forms`() throws {
        let text = try post("brackets/classify", #"{"text":"(())()"}"#)
        #expect(text.status == 200, "\(text.text)")
        #expect(try label(text) == "balanced")
        let tokens = try post("brackets/classify", #"{"tokens":[0,0,1,1,0,1]}"#)
        #expect(tokens.text == text.text)
        let plain = try post("brackets/classify", "(())()", [("Content-Type", "text/plain")])
        #expect(plain.text == text.text)
        #expect(try label(post("brackets/classify", #"{"text":"())("}"#)) == "unbalanced")
    }

    @Test func `several texts are several results`() throws {
        let body = #"{"texts":["()","(","g(h(x))"]}"#
        let reply = try post("brackets/classify?top=1", body)
        let results = try #require(try reply.json()["results"] as? [[String: Any]])
        let labels = results.map { result in
            (result["predictions"] as? [[String: Any]])?.first?["label"] as? String
        }
        #expect(labels == ["balanced", "unbalanced", "balanced"])
        let csv = try post("brackets/classify?top=1", body, [("Accept", "text/csv")])
        #expect(csv.text.hasPrefix("sequence,rank,label,index,probability\r\n0,1,balanced,0,1.0"))
        let npy = try post("brackets/classify", body, [("Accept", "application/x-npy")])
        // SAFETY: an array of bytes has no padding that could be read.
        let values = try unsafe NPY.decode(npy.response.body.span.bytes)
        #expect(values.shape == [3, 2])
        #expect(values.values == [1, 0, 0, 1, 1, 0])
    }

    @Test(arguments: [
        ("brackets/classify", #"{"texts":[]}"#, 400, "invalid_value", "at least one text"),
        ("brackets/classify", #"{"texts":["()",""]}"#, 400, "empty_sequence", "texts[1]"),
        ("brackets/classify", #"{"texts":["()"],"text":"("}"#, 400, "invalid_value", "alone"),
        ("brackets/classify", #"{"texts":"()"}"#, 400, "invalid_value", "array"),
        ("brackets/classify", #"{"text":"(é)"}"#, 400, "unknown_symbol", "position 2"),
        ("brackets/classify?top=3", #"{"text":"()"}"#, 400, "invalid_value", "from 1 to 2"),
        ("brackets/score", #"{"text":"()"}"#, 400, "wrong_task", "offers classify, encode"),
        ("brackets/generate", #"{"text":"()"}"#, 400, "wrong_task", "offers classify, encode"),
        ("scripture/classify", #"{"text":"a"}"#, 400, "wrong_task", "offers next"),
        ("scripture/encode", #"{"texts":["a"]}"#, 400, "unknown_field", "text, tokens"),
        ("orbit/encode", #"{"steps":0}"#, 400, "invalid_value", "from 1 to 100000"),
        ("orbit/encode", #"{"steps":100001}"#, 400, "invalid_value", "from 1 to 100000"),
        ("orbit/encode", #"{"steps":3,"state":[1]}"#, 400, "wrong_shape", "[2]"),
        ("orbit/encode", #"{"steps":3,"state":[1,2,3,4]}"#, 400, "wrong_shape", "[2]"),
        ("orbit/encode", #"{"steps":3,"state":[[1,2]]}"#, 400, "wrong_shape", "[2]"),
        ("orbit/encode", #"{"state":[1,2]}"#, 400, "missing_field", "steps"),
        ("orbit/encode", #"{"text":"a"}"#, 400, "unknown_field", "steps, state"),
        ("orbit/classify", #"{"steps":3}"#, 400, "wrong_task", "offers encode"),
    ])
    func `mistakes get a sentence`(
        target: String,
        body: String,
        status: Int,
        code: String,
        phrase: String
    ) throws {
        let reply = try post(target, body)
        #expect(reply.status == status, "\(target) \(body): \(reply.text)")
        #expect(try reply.json()["code"] as? String == code, "\(reply.text)")
        let message = try #require(try reply.json()["error"] as? String)
        #expect(message.contains(phrase), "\(message)")
    }

    @Test func `a system goes on from the state it was in`() throws {
        let whole = try post("orbit/encode?all=true", #"{"steps":90}"#).json()
        let states = try #require(whole["states"] as? [[Double]])
        #expect(states.count == 90 && whole["shape"] as? [Int] == [90, 2])
        let start = "[\(states[29][0]),\(states[29][1])]"
        let rest = try post("orbit/encode?all=true", "{\"steps\":60,\"state\":\(start)}").json()
        #expect(rest["states"] as? [[Double]] == Array(states[30...]))
        let last = try post("orbit/encode", #"{"steps":90}"#).json()
        #expect(last["state"] as? [Double] == states[89])
        let csv = try post("orbit/encode?all=true", #"{"steps":2}"#, [("Accept", "text/csv")])
        #expect(csv.text.split(separator: "\r\n").count == 3)
        #expect(csv.text.hasPrefix("position,unit0,unit1\r\n1,"))
        let picture = try post("orbit/encode", #"{"steps":90}"#, [("Accept", "image/png")])
        #expect(picture.response.body.starts(with: [0x89] + Array("PNG".utf8)))
        #expect(picture.header("X-Striate-Picture")?.contains("2 units over 90 steps") == true)
        let many = try post(
            "language/encode?layer=lower",
            #"{"text":"haus"}"#,
            [("Accept", "image/png")]
        )
        let legend = try #require(many.header("X-Striate-Picture"))
        let words = "lower [4, 128]: 4 steps to the right, a row for each of 128 units"
        #expect(legend.hasPrefix(words))
    }

    @Test func `the loss agrees with a network in float64 within 1e-5 (C6)`() throws {
        let text = "And God said, Let there be light: and there was light."
        let model = try #require(Fixture.service.repository.model(named: "scripture"))
        let symbols = try #require(SymbolModel(model))
        let network = try #require(NaiveCharacters(model))
        let expected = network.loss(of: try symbols.vocabulary.encode(text).map { Int($0) })
        let score = try post("scripture/score", "{\"text\":\"\(text)\"}").json()
        let total = try #require(score["total"] as? Double)
        #expect(abs(total - expected) <= 1e-5 * expected, "\(total), expected \(expected)")
    }
}

/// The character network h = tanh(b + R h + W x), o = c + V h in double precision.
private struct NaiveCharacters {
    private let (w, r, b, v, c): ([Float], [Float], [Float], [Float], [Float])

    init?(_ model: Model) {
        let names = ["hidden.W", "hidden.R", "hidden.B", "logits.weight", "logits.bias"]
        let values = names.compactMap { model.graph.constants[$0]?.floats }
        guard values.count == names.count else { return nil }
        (w, r, b, v, c) = (values[0], values[1], values[2], values[3], values[4])
    }

    /// Nats of every symbol but the first: the mean cross-entropy times their number.
    func loss(of tokens: [Int]) -> Double {
        let (units, symbols) = (b.count / 2, c.count)
        var h = [Double](repeating: 0, count: units)
        var total = 0.0
        for (token, target) in zip(tokens, tokens.dropFirst()) {
            h = (0..<units).map { unit in
                var sum = Double(b[unit]) + Double(b[units + unit])
                sum += Double(w[unit * symbols + token])
                for other in 0..<units { sum += Double(r[unit * units + other]) * h[other] }
                return tanh(sum)
            }
            // The loaded matrix is [units, symbols].
            let logits = (0..<symbols).map { symbol in
                (0..<units).reduce(Double(c[symbol])) {
                    $0 + Double(v[$1 * symbols + symbol]) * h[$1]
                }
            }
            let largest = logits.max() ?? 0
            total += log(logits.reduce(0) { $0 + exp($1 - largest) }) + largest - logits[target]
        }
        return total
    }
}
