import Foundation
import Testing

/// A request that must be refused, and how.
struct BadRequest: Sendable, CustomTestStringConvertible {
    let name: String
    var path: String
    var arguments: [String] = []
    var body: Data?
    let status: Int
    let code: String
    /// A part of the sentence.
    let phrase: String

    var testDescription: String { name }

    private static func post(
        _ name: String,
        _ path: String,
        _ body: Data,
        _ status: Int,
        _ code: String,
        _ phrase: String,
        _ headers: String...
    ) -> BadRequest {
        BadRequest(
            name: name,
            path: path,
            arguments: headers.flatMap { ["-H", $0] },
            body: body,
            status: status,
            code: code,
            phrase: phrase
        )
    }

    private static func json(
        _ path: String,
        _ text: String,
        _ status: Int,
        _ code: String,
        _ phrase: String
    ) -> BadRequest {
        post(
            "\(path) \(text.prefix(60))",
            "/models/" + path,
            Data(text.utf8),
            status,
            code,
            phrase,
            "Content-Type: application/json"
        )
    }

    private static func get(
        _ path: String,
        _ status: Int,
        _ code: String,
        _ phrase: String,
        _ arguments: String...
    ) -> BadRequest {
        BadRequest(
            name: "GET \(path.prefix(60)) \(arguments)",
            path: path,
            arguments: arguments,
            status: status,
            code: code,
            phrase: phrase
        )
    }

    static func all() throws -> [BadRequest] {
        try requests() + pictures() + numbers() + sequences()
    }

    private static func requests() -> [BadRequest] {
        let classify = "/models/fashion/classify"
        return [
            get("/nothing", 404, "unknown_route", "There is no route \"/nothing\""),
            get("/model", 404, "unknown_route", "the nearest is GET /models"),
            get("/models/", 404, "unknown_model", "hosted are fashion, scripture and v1"),
            get("/models/fashio", 404, "unknown_model", "There is no model \"fashio\""),
            get("/models/fa%73hio", 404, "unknown_model", "\"fashio\""),
            get("/models/%2e%2e%2fetc", 404, "unknown_model", "\"../etc\""),
            get("/models/%zz", 400, "malformed_target", "percent"),
            get("/models/%ff", 400, "malformed_target", "percent"),
            get(classify, 405, "method_not_allowed", "use POST or OPTIONS"),
            get("/models", 405, "method_not_allowed", "GET, HEAD or OPTIONS", "-X", "DELETE"),
            get("/healthz", 405, "method_not_allowed", "GET", "-X", "PUT"),
            get("/healthz?x=1", 400, "unknown_query_key", "Unknown query key \"x\""),
            get("/models/fashion/kernels?layr=a", 400, "unknown_query_key", "known here: layer"),
            get("/models/fashion/kernels?layer=nope", 400, "unknown_layer", "conv1"),
            get("/models/fashion/kernels?layer=pool1", 400, "unknown_layer", "conv1"),
            get("/models/scripture/kernels", 400, "wrong_task", "scripture"),
            get(
                "/models/fashion/kernels",
                406,
                "not_acceptable",
                "image/png",
                "-H",
                "Accept: text/html"
            ),
            get("/models", 400, "invalid_header", "Accept", "-H", "Accept: nonsense"),
            get("/models", 413, "body_too_large", "limit of 0 bytes", "-X", "GET", "-d", "x"),
            get(
                "/healthz?" + String(repeating: "a", count: 9000),
                414,
                "target_too_long",
                "8192"
            ),
            get(
                "/healthz",
                431,
                "head_too_large",
                "16384",
                "-H",
                "X: " + String(repeating: "a", count: 17_000)
            ),
            get("/healthz", 417, "unknown_expectation", "100-continue", "-H", "Expect: magic"),
            get("/healthz", 400, "invalid_host", "Host", "-H", "Host: a b"),
            post(
                "a deadline that is no number",
                classify,
                Data([1]),
                400,
                "invalid_header",
                "X-Request-Timeout-Ms",
                "X-Request-Timeout-Ms: soon"
            ),
            post(
                "a content coding",
                classify,
                Data([1]),
                415,
                "unsupported_content_encoding",
                "content coding",
                "Content-Encoding: br"
            ),
        ]
    }

    private static func pictures() throws -> [BadRequest] {
        let classify = "/models/fashion/classify"
        let shirt = try LiveServer.model("fashion/examples/shirt.png")
        var flipped = shirt
        flipped[shirt.count / 2] ^= 0xFF
        let form = "Content-Type: multipart/form-data"
        let part = "--b\r\nContent-Disposition: form-data; name=\"image\"\r\n\r\n"
        return [
            post("an empty body", classify, Data(), 400, "empty_body", "The body is empty"),
            post(
                "text as image",
                classify,
                Data("hello there".utf8),
                415,
                "not_an_image",
                "they begin with \"hello th"
            ),
            post(
                "a truncated PNG",
                classify,
                shirt.prefix(shirt.count / 2),
                422,
                "image_undecodable",
                "cut off"
            ),
            post("a damaged PNG", classify, flipped, 422, "image_undecodable", "PNG"),
            post("the signature only", classify, shirt.prefix(8), 422, "image_undecodable", "PNG"),
            post("a huge PNG", classify, hugePNG(), 413, "image_too_large", "50000x50000"),
            post(
                "two bytes of JPEG",
                classify,
                Data([0xFF, 0xD8]),
                422,
                "image_undecodable",
                "JPEG"
            ),
            post("a GIF", classify, Data("GIF89a....".utf8), 415, "", "GIF"),
            post(
                "a form without boundary",
                classify,
                shirt,
                200,
                "",
                "predictions",
                form
            ).withBody(Data("--b".utf8), 400, "invalid_multipart", "boundary"),
            post(
                "a form that ends early",
                classify,
                Data((part + "x").utf8),
                400,
                "invalid_multipart",
                "",
                form + "; boundary=b"
            ),
            post(
                "a form of text",
                classify,
                Data((part + "x\r\n--b--\r\n").utf8),
                415,
                "not_an_image",
                "Part \"image\"",
                form + "; boundary=b"
            ),
            post(
                "a sequence for a picture model",
                "/models/fashion/next",
                Data(#"{"text":"a"}"#.utf8),
                400,
                "wrong_task",
                "classify, features"
            ),
            post(
                "a picture for a sequence model",
                "/models/scripture/classify",
                shirt,
                400,
                "wrong_task",
                "next, score"
            ),
            post("top=0", classify + "?top=0", shirt, 400, "invalid_value", "from 1 to 10"),
            post("top=11", classify + "?top=11", shirt, 400, "invalid_value", "from 1 to 10"),
            post("top=x", classify + "?top=x", shirt, 400, "invalid_value", "not \"x\""),
            post(
                "top twice",
                classify + "?top=1&top=2",
                shirt,
                400,
                "repeated_query_key",
                "given twice"
            ),
            post(
                "an unknown layer",
                "/models/fashion/features?layer=conv9",
                shirt,
                400,
                "unknown_layer",
                "conv9"
            ),
            post(
                "an empty layer",
                "/models/fashion/features?layer=conv1,,",
                shirt,
                400,
                "invalid_value",
                "different names"
            ),
            post(
                "an unknown pooling",
                "/models/fashion/features?pool=sum",
                shirt,
                400,
                "invalid_value",
                "none, max or mean"
            ),
            post(
                "two layers as PNG",
                "/models/fashion/features?layer=conv1,conv2",
                shirt,
                400,
                "invalid_value",
                "only JSON carries several",
                "Accept: image/png"
            ),
            post(
                "maps as a table",
                "/models/fashion/features?layer=conv1",
                shirt,
                400,
                "invalid_value",
                "max or mean for text/csv",
                "Accept: text/csv"
            ),
            post(
                "labels as PNG",
                classify,
                shirt,
                406,
                "not_acceptable",
                "application/json, text/csv and application/x-npy",
                "Accept: image/png"
            ),
        ]
    }

    /// A header of 50,000 × 50,000 pixels without data.
    private static func hugePNG() -> Data {
        Data([0x89]) + Data("PNG\r\n".utf8) + Data([0x1A, 0x0A, 0, 0, 0, 13]) + Data("IHDR".utf8)
            + Data([0, 0, 0xC3, 0x50, 0, 0, 0xC3, 0x50, 8, 0, 0, 0, 0, 0xC8, 0x7D, 0x47, 0xB7])
    }

    private func withBody(
        _ body: Data,
        _ status: Int,
        _ code: String,
        _ phrase: String
    ) -> BadRequest {
        BadRequest(
            name: name,
            path: path,
            arguments: arguments,
            body: body,
            status: status,
            code: code,
            phrase: phrase
        )
    }

    private static func numbers() -> [BadRequest] {
        let classify = "fashion/classify"
        let flat = Array(repeating: "0", count: 783).joined(separator: ",")
        let npy = Data([0x93]) + Data("NUMPY".utf8)
        return [
            json(classify, #"{"pixels":[1,2,3]}"#, 400, "wrong_shape", "[1, 28, 28]"),
            json(classify, "{\"pixels\":[\(flat)]}", 400, "wrong_shape", "[783]"),
            json(classify, #"{"pixels":[[1,2],[3]]}"#, 400, "wrong_shape", "ragged"),
            json(classify, #"{"pixels":[]}"#, 400, "wrong_shape", "[0]"),
            json(classify, "{\"pixels\":[NaN,\(flat)]}", 400, "invalid_json", "NaN"),
            json(classify, "{\"pixels\":[Infinity,\(flat)]}", 400, "invalid_json", "Infinity"),
            json(classify, "{\"pixels\":[1e39,\(flat)]}", 400, "invalid_value", "1e39"),
            json(classify, "{\"pixels\":[256,\(flat)]}", 400, "invalid_value", "0 to 255"),
            json(classify, "{\"pixels\":[-1,\(flat)]}", 400, "invalid_value", "index 0"),
            json(classify, #"{"pixels":"abc"}"#, 400, "invalid_value", "number"),
            json(classify, #"{"pixels":null}"#, 400, "invalid_value", "null"),
            json(classify, #"{"image":"%%%"}"#, 400, "invalid_base64", "base64"),
            json(classify, #"{"image":""}"#, 400, "empty_body", "empty"),
            json(classify, #"{"image":"aGVsbG8gdGhlcmU="}"#, 415, "not_an_image", "image"),
            json(classify, #"{"image":"aaaa","pixels":[1]}"#, 400, "invalid_value", "both keys"),
            json(classify, "{}", 400, "missing_field", "image"),
            json(classify, #"{"picture":1}"#, 400, "unknown_field", "Unknown key \"picture\""),
            json(classify, "[1,2]", 400, "invalid_value", "object"),
            post(
                "a short npy",
                "/models/" + classify,
                npy,
                400,
                "invalid_npy",
                "npy",
                "Content-Type: application/x-npy"
            ),
            post(
                "npy that is none",
                "/models/" + classify,
                Data("abc".utf8),
                400,
                "invalid_npy",
                "npy file",
                "Content-Type: application/x-npy"
            ),
        ]
    }

    private static func sequences() -> [BadRequest] {
        let deep = String(repeating: "[", count: 100_000)
        let long = "{\"tokens\":[" + Array(repeating: "1", count: 1_000_000).joined(separator: ",")
        return [
            json("scripture/next", #"{"text":""}"#, 400, "empty_sequence", "at least 1 symbol"),
            json("scripture/next", #"{"tokens":[]}"#, 400, "empty_sequence", "at least 1"),
            json("scripture/score", #"{"text":"a"}"#, 400, "empty_sequence", "at least 2"),
            json("scripture/next", #"{"text":"a$b"}"#, 400, "unknown_symbol", "position 1"),
            json("scripture/next", #"{"text":"né"}"#, 400, "unknown_symbol", "é"),
            json("scripture/next", #"{"tokens":[1,9999]}"#, 400, "invalid_value", "9999"),
            json("scripture/next", #"{"tokens":[-1]}"#, 400, "invalid_value", "-1"),
            json("scripture/next", #"{"tokens":[1.5]}"#, 400, "invalid_value", "1.5"),
            json("scripture/next", #"{"tokens":["a"]}"#, 400, "invalid_value", "integer"),
            json("scripture/next", #"{"tokens":[[1]]}"#, 400, "invalid_value", "integer"),
            json("scripture/next", #"{"text":5}"#, 400, "invalid_value", "string"),
            json("scripture/next", #"{"text":"a","tokens":[1]}"#, 400, "invalid_value", "both"),
            json("scripture/next", #"{"text":"a","text":"b"}"#, 400, "duplicate_key", "twice"),
            json("scripture/next", #"{"text":"a","seed":1}"#, 400, "unknown_field", "text, tokens"),
            json("scripture/next", #"{"text":"a"} x"#, 400, "invalid_json", "follow"),
            json("scripture/next", #"{"text":"a"#, 400, "invalid_json", ""),
            json("scripture/next", #"{"text":"\ud800"}"#, 400, "invalid_json", "string"),
            json("scripture/next", "{\"text\":\"a\u{1}\"}", 400, "invalid_json", "string"),
            json("scripture/next", "{\"x\":" + deep, 400, "unknown_field", "Unknown key \"x\""),
            json("scripture/next", deep, 400, "invalid_value", "object"),
            json("scripture/next", long + "]}", 413, "sequence_too_long", "at most 100000"),
            post(
                "a long text",
                "/models/scripture/next",
                Data("{\"text\":\"\(String(repeating: "a", count: 100_001))\"}".utf8),
                413,
                "sequence_too_long",
                "100001"
            ),
            post(
                "invalid UTF-8 in JSON",
                "/models/scripture/next",
                Data(#"{"text":""#.utf8) + Data([0xC3, 0x28]) + Data("\"}".utf8),
                400,
                "invalid_json",
                "UTF-8"
            ),
            post(
                "invalid UTF-8 as text",
                "/models/scripture/next",
                Data([0x61, 0xFF]),
                400,
                "invalid_text",
                "UTF-8",
                "Content-Type: text/plain"
            ),
            json("scripture/next?all=maybe", #"{"text":"a"}"#, 400, "invalid_value", "true or"),
            json("scripture/next?top=999", #"{"text":"a"}"#, 400, "invalid_value", "from 1 to"),
            json("scripture/encode?layer=x", #"{"text":"a"}"#, 400, "unknown_layer", "hidden"),
            json(
                "scripture/generate",
                #"{"text":"a","length":10001}"#,
                400,
                "invalid_value",
                "from 1 to 10000"
            ),
            json(
                "scripture/generate",
                #"{"text":"a","temperature":-1}"#,
                400,
                "invalid_value",
                "from 0 to 100"
            ),
            json("scripture/generate", #"{"text":"a","top_k":0}"#, 400, "invalid_value", "top_k"),
            json("scripture/generate", #"{"length":5}"#, 400, "missing_field", "text"),
        ]
    }
}
