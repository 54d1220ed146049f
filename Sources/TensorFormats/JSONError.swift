/// A place in a JSON text.
public struct JSONPosition: Sendable, Equatable, CustomStringConvertible {
    /// Bytes before it.
    public var offset: Int
    /// From 1.
    public var line: Int
    /// In bytes, from 1.
    public var column: Int

    public init(offset: Int, line: Int, column: Int) {
        self.offset = offset
        self.line = line
        self.column = column
    }

    public var description: String { "line \(line), column \(column) (byte \(offset + 1))" }
}

/// Why a JSON text is refused, or cannot be written.
public enum JSONError: Error, Equatable, Sendable {
    /// The text is not JSON.
    case syntax(expected: String, got: String, at: JSONPosition)
    /// The text is JSON, with another kind of value than is wanted here.
    case typeMismatch(expected: String, got: String, at: JSONPosition)
    case invalidNumber(String, reason: String, at: JSONPosition)
    case numberOutOfRange(String, type: String, at: JSONPosition)
    /// NaN or Infinity, which JSON has no tokens for.
    case notFinite(token: String, at: JSONPosition)
    case invalidString(reason: String, at: JSONPosition)
    case duplicateKey(String, at: JSONPosition)
    case unknownKey(String, known: [String], at: JSONPosition)
    case missingKey(String, at: JSONPosition)
    /// An array of another length, or of another depth, than its siblings.
    case ragged(expected: String, got: String, at: JSONPosition)
    case tooDeep(limit: Int, at: JSONPosition)
    case tooManyValues(limit: Int, at: JSONPosition)
    case trailingBytes(got: String, at: JSONPosition)
    /// A rule of the caller's: `reason` is a whole sentence.
    case invalid(reason: String, at: JSONPosition)
    /// A value to be written is NaN or infinite; `index` counts from 0 in its array.
    case nonFinite(index: Int)
}

extension JSONError: CustomStringConvertible {
    /// A sentence a client can act on.
    public var description: String {
        switch self {
        case .syntax(let expected, let got, let position):
            "Expected \(expected) but found \(got) at \(position)."
        case .typeMismatch(let expected, let got, let position):
            "Expected \(expected), not \(got), at \(position)."
        case .invalidNumber(let text, let reason, let position):
            "\(text) at \(position) is not a JSON number: \(reason)."
        case .numberOutOfRange(let text, let type, let position):
            "\(text) at \(position) does not fit \(type)."
        case .notFinite(let token, let position):
            "\(token) at \(position) is not a JSON number: only finite numbers are accepted."
        case .invalidString(let reason, let position):
            "The string at \(position) is not valid: \(reason)."
        case .duplicateKey(let key, let position):
            "The key \"\(key)\" is given twice; the second is at \(position)."
        case .unknownKey(let key, let known, let position):
            "Unknown key \"\(key)\" at \(position); known here: \(known.joined(separator: ", "))."
        case .missingKey(let key, let position):
            "The key \"\(key)\" is missing in the object that ends at \(position)."
        case .ragged(let expected, let got, let position):
            "The array is ragged: expected \(expected) but found \(got) at \(position)."
        case .tooDeep(let limit, let position):
            "Arrays and objects are nested more than \(limit) deep at \(position)."
        case .tooManyValues(let limit, let position):
            "More than \(limit) values, counted at \(position)."
        case .trailingBytes(let got, let position):
            "Nothing may follow the JSON value, but \(got) does at \(position)."
        case .invalid(let reason, _):
            reason
        case .nonFinite(let index):
            "The value at position \(index + 1) is not a finite number, which JSON cannot express."
        }
    }
}
