/// Why bytes are not an array in NumPy's file format that can be read.
public enum NPYError: Error, Equatable, Sendable {
    case notNPY
    case unsupportedVersion(Int, Int)
    case truncated(expected: Int, got: Int)
    case trailingBytes(Int)
    case invalidHeader(reason: String)
    case unsupportedType(String)
    case tooManyValues(limit: Int)
}

extension NPYError: CustomStringConvertible {
    /// A sentence a client can act on.
    public var description: String {
        switch self {
        case .notNPY:
            "The bytes are not an npy file: write it with numpy.save."
        case .unsupportedVersion(let major, let minor):
            "npy version \(major).\(minor) is not read; versions 1.0 to 3.0 are."
        case .truncated(let expected, let got):
            "The npy file is cut off: \(expected) bytes were expected and \(got) came."
        case .trailingBytes(let count):
            "The npy file has \(count) bytes more than its shape needs."
        case .invalidHeader(let reason):
            "The npy file's header is not valid: \(reason)."
        case .unsupportedType(let type):
            "npy arrays of type \(type) are not read: convert with .astype('float32')."
        case .tooManyValues(let limit):
            "The npy array has more than \(limit) values."
        }
    }
}
