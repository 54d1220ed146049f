import Foundation

/// Bodies that are no picture the model takes, and questions it cannot answer.
extension BadRequest {
    static func pictures() throws -> [BadRequest] {
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
}
