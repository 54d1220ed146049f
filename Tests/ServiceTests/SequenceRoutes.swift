import Files
import Foundation
import HTTP
import Models
import Onnx
import TensorFormats
import Testing

@testable import Service

@Suite struct `Sequence routes` {
    private func post(_ route: String, _ body: String) throws -> Reply {
        try Reply("POST", "/models/scripture/\(route)", body: Array(body.utf8))
    }

    @Test func `the next letter of heaven is e`() throws {
        let reply = try post("next", #"{"text":"In the beginning God created the heav"}"#)
        #expect(reply.status == 200, "\(reply.text)")
        let list = try #require(try reply.json()["next"] as? [[String: Any]])
        #expect(list.first?["symbol"] as? String == "e")
        #expect(try reply.json()["position"] as? Int == 37)
    }

    @Test func `text, tokens and plain text are the same sequence`() throws {
        let text = try post("next", #"{"text":"And God"}"#)
        let tokens = try post("next", #"{"tokens":[12,50,40,1,18,51,40]}"#)
        let plain = try Reply(
            "POST",
            "/models/scripture/next",
            [("Content-Type", "text/plain")],
            body: Array("And God".utf8)
        )
        #expect(text.text == tokens.text)
        #expect(text.text == plain.text)
    }

    @Test func `all steps end with the last one`() throws {
        let all = try post("next?all=true", #"{"text":"And God said"}"#).json()
        let last = try post("next", #"{"text":"And God said"}"#).json()
        let lists = try #require(all["next"] as? [[[String: Any]]])
        let list = try #require(last["next"] as? [[String: Any]])
        #expect(lists.count == 12)
        #expect(lists.last as NSArray? == list as NSArray)
    }

    @Test func `the score is the sum of the losses of the next-symbol probabilities`() throws {
        let text = "And God said, Let there be light"
        let score = try post("score", "{\"text\":\"\(text)\"}").json()
        let losses = try #require(score["losses"] as? [Double])
        let reply = try Reply(
            "POST",
            "/models/scripture/next?all=true",
            [("Accept", "application/x-npy")],
            body: Array("{\"text\":\"\(text)\"}".utf8)
        )
        // SAFETY: an array of bytes has no padding that could be read.
        let rows = try unsafe NPY.decode(reply.response.body.span.bytes)
        let symbols = try #require(
            Fixture.service.repository.model(named: "scripture").flatMap { SymbolModel($0) }
        )
        let tokens = try symbols.vocabulary.encode(text).map { Int($0) }
        #expect(losses.count == tokens.count - 1)
        for step in losses.indices {
            let probability = Double(rows.values[step * rows.shape[1] + tokens[step + 1]])
            #expect(abs(losses[step] + log(probability)) <= 1e-4 * max(1, losses[step]))
        }
        let total = try #require(score["total"] as? Double)
        #expect(abs(total - losses.reduce(0, +)) < 1e-4)
        let bits = try #require(score["bits_per_symbol"] as? Double)
        #expect(abs(bits - total / Double(losses.count) / log(2)) < 1e-9)
        let perplexity = try #require(score["perplexity"] as? Double)
        #expect(abs(perplexity - exp2(bits)) < 1e-9 * perplexity)
    }

    @Test func `the same seed draws the same text, another one another`() throws {
        let body = #"{"text":"And ","length":80,"temperature":0.9,"top_k":20,"seed":7}"#
        let first = try post("generate", body)
        #expect(first.status == 200, "\(first.text)")
        #expect(try post("generate", body).text == first.text)
        let other = body.replacing("\"seed\":7", with: "\"seed\":8")
        #expect(try post("generate", other).text != first.text)
        #expect((try first.json()["text"] as? String)?.count == 80)
    }

    @Test func `temperature 0 takes the likeliest symbol each time`() throws {
        let reply = try post("generate", #"{"text":"And God","length":12,"temperature":0}"#)
        let drawn = try #require(try reply.json()["text"] as? String)
        var text = "And God"
        for letter in drawn {
            let next = try post("next?top=1", "{\"text\":\"\(text)\"}").json()
            let list = try #require(next["next"] as? [[String: Any]])
            #expect(list.first?["symbol"] as? String == String(letter))
            text.append(letter)
        }
    }

    @Test func `the final state is the last of all states`() throws {
        let all = try post("encode?all=true", #"{"text":"In the"}"#).json()
        let last = try post("encode?layer=hidden", #"{"text":"In the"}"#).json()
        let states = try #require(all["states"] as? [[Double]])
        #expect(states.count == 6)
        #expect(states.last == last["state"] as? [Double])
        #expect(all["layer"] as? String == "hidden")
    }
}
