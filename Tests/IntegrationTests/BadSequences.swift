import Foundation

/// Sequences that a model cannot read.
extension BadRequest {
    static func sequences() -> [BadRequest] {
        let deep = String(repeating: "[", count: 100_000)
        let long = "{\"tokens\":[" + Array(repeating: "1", count: 1_000_000).joined(separator: ",")
        return [
            json("scripture/next", #"{"text":""}"#, 400, "empty_sequence", "at least 1 symbol"),
            json("scripture/next", #"{"tokens":[]}"#, 400, "empty_sequence", "at least 1"),
            json("scripture/score", #"{"text":"a"}"#, 400, "empty_sequence", "at least 2"),
            json("scripture/next", #"{"text":"a$b"}"#, 400, "unknown_symbol", "position 2"),
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
            json("brackets/next", #"{"text":"()"}"#, 400, "wrong_task", "classify, encode"),
            json("brackets/classify", #"{"texts":["(",""]}"#, 400, "empty_sequence", "texts[1]"),
            json("brackets/classify", #"{"text":"{é}"}"#, 400, "unknown_symbol", "position 2"),
            json("orbit/encode", #"{"steps":-1}"#, 400, "invalid_value", "from 1 to 100000"),
            json("orbit/encode", #"{"steps":2,"state":[0]}"#, 400, "wrong_shape", "[2]"),
            json("orbit/encode", #"{"steps":2,"state":["a",1]}"#, 400, "invalid_value", ""),
            json("orbit/score", #"{"steps":2}"#, 400, "wrong_task", "offers encode"),
            json("scripture/tree", #"{"tree":["a"]}"#, 400, "wrong_task", "cannot take a tree"),
            json("scripture/generate", #"{"length":5}"#, 400, "missing_field", "text"),
        ]
    }
}
