import TensorFormats

extension NPYError {
    /// A sentence a client can act on.
    var explanation: String {
        switch self {
        case .notNPY: "The body is not a NumPy .npy file."
        case .unsupportedVersion(let major, let minor):
            "The .npy file has format version \(major).\(minor); versions 1 to 3 are read."
        case .truncated(let expected, let got):
            "The .npy file is cut off: its header promises \(expected) bytes of data, "
                + "\(got) follow."
        case .trailingBytes(let count):
            "\(count) bytes follow the .npy file's data."
        case .invalidHeader(let reason):
            "The .npy file's header is not valid: \(reason)."
        case .unsupportedType(let type):
            "The .npy file's type \(quoted(type)) is not read: use a number type such as "
                + "float32 or uint8."
        case .tooManyValues(let limit):
            "The .npy file has more than \(limit) values."
        }
    }
}

extension MultipartError {
    /// A sentence a client can act on.
    var explanation: String {
        switch self {
        case .missingBoundary:
            "Content-Type: multipart/form-data needs a boundary parameter (curl -F sets it)."
        case .invalidBoundary: "The multipart boundary is not valid (RFC 2046: 1 to 70 characters)."
        case .noParts: "The form has no parts: send at least one file."
        case .truncated: "The form ends before its closing boundary: it was cut off."
        case .tooManyParts(let limit): "The form has more than \(limit) parts."
        case .headerTooLarge(let limit): "A part's header is larger than \(limit) bytes."
        case .invalidHeader(let part, let reason):
            "Part \(part + 1) of the form has an invalid header: \(reason)."
        case .missingName(let part): "Part \(part + 1) of the form has no name."
        }
    }
}

extension Base64Error {
    /// What is wrong, without the final stop.
    var explanation: String {
        switch self {
        case .invalidCharacter(let offset): "character \(offset) is not of its alphabet"
        case .invalidLength(let length): "its length \(length) is not a multiple of 4"
        case .invalidPadding(let offset): "the padding at character \(offset) is wrong"
        }
    }
}
