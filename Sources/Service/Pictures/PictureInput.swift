import HTTP
import Images
import TensorFormats

/// Reads the pictures of a request's body, in any of the forms an image route takes.
struct PictureReader {
    static let expected =
        "a PNG or JPEG file (curl --data-binary @picture.png), a form with files "
        + "(curl -F image=@picture.png), {\"image\": \"<base64>\"}, {\"pixels\": [[…]…]} "
        + "or an application/x-npy array"

    /// The keys of its JSON form, as a schema has them.
    static let members: [(String, JSON)] = [
        (
            "image",
            ["type": "string", "description": "A PNG or JPEG file in base64 (RFC 4648)."]
        ),
        (
            "pixels",
            [
                "type": "array", "items": [:],
                "description": """
                Numbers 0…255: [height, width], [channels, height, width], [height, width, channels] or a batch of \
                at most 64; taken as they are, neither resized nor inverted.
                """,
            ]
        ),
    ]

    let size: PictureSize
    private(set) var files: PictureFiles

    init(size: PictureSize, files: PictureFiles) {
        self.size = size
        self.files = files
    }

    /// One picture, or several from a form or a batch of pixels.
    mutating func pictures(of request: Request) throws(ServiceError) -> [PreparedPicture] {
        try request.checkBody(expecting: Self.expected)
        switch BodyKind(request) {
        case .picture:
            return [try files.decode(request.body, part: nil)]
        case .npy: return try size.pictures(from: try npy(request.body), field: "the array")
        case .json: return try json(request.body)
        case .form: return try form(request)
        case .text, .unknown:
            let bytes = request.body.prefix(8)
            throw .image(.notAnImage(firstBytes: bytes), part: nil)
        }
    }

    private func npy(_ body: Bytes) throws(ServiceError) -> TensorData {
        try body.withSpan { (bytes) throws(ServiceError) in
            do throws(NPYError) {
                return try NPY.decode(bytes, limit: size.maximumValues)
            } catch {
                throw .npy(error)
            }
        }
    }

    private mutating func form(_ request: Request) throws(ServiceError) -> [PreparedPicture] {
        try request.body.withSpan { (bytes) throws(ServiceError) in
            try form(bytes, request.header("Content-Type") ?? "")
        }
    }

    private mutating func form(
        _ bytes: RawSpan,
        _ contentType: String
    ) throws(ServiceError) -> [PreparedPicture] {
        let parts: [MultipartPart]
        do throws(MultipartError) {
            parts = try MultipartReader(contentType: contentType).parts(of: bytes)
        } catch {
            throw .multipart(error)
        }
        var pictures: [PreparedPicture] = []
        for part in parts {
            let name = part.filename ?? part.name
            let file = bytes.extracting(part.range)
            pictures.append(try files.decode(file, part: name))
            guard files.pixels <= size.maximumPixels else {
                throw .picturesTooLarge(limit: size.maximumPixels)
            }
        }
        return pictures
    }

    private func base64(_ text: String, field: String) throws(ServiceError) -> [UInt8] {
        do throws(Base64Error) {
            return try Base64.decode(text)
        } catch {
            throw .base64(field: field, error)
        }
    }

    private mutating func json(_ body: Bytes) throws(ServiceError) -> [PreparedPicture] {
        let document = try body.readJSON { (reader) throws(ServiceError) in
            do throws(JSONError) {
                return try PictureDocument(&reader, maximumValues: size.maximumValues)
            } catch {
                throw .json(error)
            }
        }
        switch (document.image, document.pixels) {
        case (let text?, nil):
            return [try files.decode(try base64(text, field: "image"), part: "image")]
        case (nil, let pixels?): return try size.pictures(from: pixels, field: "pixels")
        case (nil, nil):
            throw .missingField("image", expected: "one of the keys \"image\" and \"pixels\"")
        case (.some, .some):
            throw .invalidValue(
                field: "image",
                expected: "given without \"pixels\"",
                got: "both keys"
            )
        }
    }
}

/// The JSON form of a picture.
private struct PictureDocument {
    var image: String?
    var pixels: TensorData?

    init(_ reader: inout JSONReader, maximumValues: Int) throws(JSONError) {
        var image: String?
        var pixels: TensorData?
        try reader.object { (key, reader) throws(JSONError) in
            switch key {
            case "image": image = try reader.string()
            case "pixels": pixels = try reader.tensor(limit: maximumValues)
            default: throw reader.unknownKey(key, known: ["image", "pixels"])
            }
        }
        self.image = image
        self.pixels = pixels
    }
}
