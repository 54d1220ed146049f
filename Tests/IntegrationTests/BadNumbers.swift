import Foundation

/// Numbers that are no picture.
extension BadRequest {
    static func numbers() -> [BadRequest] {
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
            json(classify, "{\"pixels\":[-1,\(flat)]}", 400, "invalid_value", "position 1"),
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
}
