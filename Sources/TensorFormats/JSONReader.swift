/// The kinds of JSON values.
public enum JSONKind: String, Sendable {
    case object, array, string, number, boolean, null
}

/// Pulls values out of a JSON text (RFC 8259), each where the caller expects it.
///
/// Nothing is built that was not asked for. Duplicate keys, nesting beyond `maximumDepth`, and everything
/// the grammar does not allow are refused with the place where it happened.
@safe public struct JSONReader {
    public static let maximumDepth = 64

    let textStart: UnsafePointer<UInt8>
    let textEnd: UnsafePointer<UInt8>
    /// Never beyond `textEnd`: the zero byte there stops every scan.
    var cursor: UnsafePointer<UInt8>
    /// Whether the words NaN, Infinity and -Infinity are numbers, which JSON itself does not have.
    public var allowsNonFinite = false
    private var depth = 0
    private let storage: PaddedBytes?

    /// Reads a copy of the text.
    public init(_ bytes: [UInt8]) {
        let storage = PaddedBytes(bytes)
        self.storage = storage
        unsafe textStart = UnsafePointer(storage.start)
        unsafe textEnd = textStart + bytes.count
        unsafe cursor = textStart
    }

    /// Reads the text in place.
    ///
    /// The memory must outlive the reader, and at least 8 bytes after the end must be readable and zero.
    @unsafe public init(withSlackAfter bytes: UnsafeRawBufferPointer) {
        if let base = bytes.baseAddress {
            storage = nil
            unsafe textStart = base.assumingMemoryBound(to: UInt8.self)
        } else {
            let empty = PaddedBytes([])
            storage = empty
            unsafe textStart = UnsafePointer(empty.start)
        }
        unsafe textEnd = textStart + bytes.count
        unsafe cursor = textStart
    }

    /// Calls `member` with each key in order; a value it does not read is skipped.
    public mutating func object(
        _ member: (String, inout JSONReader) throws(JSONError) -> Void
    ) throws(JSONError) {
        try open("{", kind: "an object")
        var keys = KeySet()
        var isLast = try take("}")
        while !isLast {
            let place = unsafe cursor
            guard byte == UInt8(ascii: "\"") else { throw syntaxError("a key in quotes") }
            let key = try string()
            guard keys.insert(key) else {
                throw unsafe .duplicateKey(key, at: position(of: place))
            }
            guard try take(":") else { throw syntaxError("a colon after the key \"\(key)\"") }
            try value { (reader) throws(JSONError) in try member(key, &reader) }
            isLast = try closes("}", orElse: "a comma or }")
        }
        depth -= 1
    }

    /// Calls `element` with each index in order; a value it does not read is skipped.
    public mutating func array(
        _ element: (Int, inout JSONReader) throws(JSONError) -> Void
    ) throws(JSONError) {
        try open("[", kind: "an array")
        var index = 0
        var isLast = try take("]")
        while !isLast {
            try value { (reader) throws(JSONError) in try element(index, &reader) }
            index += 1
            isLast = try closes("]", orElse: "a comma or ]")
        }
        depth -= 1
    }

    /// Reads a value of any kind and forgets it; it must be valid all the same.
    public mutating func skip() throws(JSONError) {
        switch try peek() {
        case .object: try object { (_, reader) throws(JSONError) in try reader.skip() }
        case .array: try array { (_, reader) throws(JSONError) in try reader.skip() }
        case .string: _ = try string()
        case .number: _ = try double()
        case .boolean: _ = try boolean()
        case .null: _ = try null()
        }
    }

    /// Makes sure that nothing but white space is left.
    public mutating func end() throws(JSONError) {
        skipSpace()
        guard unsafe cursor == textEnd else { throw .trailingBytes(got: found, at: position) }
    }

    private mutating func value(
        _ read: (inout JSONReader) throws(JSONError) -> Void
    ) throws(JSONError) {
        skipSpace()
        let place = unsafe cursor
        try read(&self)
        if unsafe cursor == place { try skip() }
    }

    private mutating func open(_ bracket: Unicode.Scalar, kind: String) throws(JSONError) {
        skipSpace()
        guard byte == UInt8(ascii: bracket) else { throw mismatch(expected: kind) }
        guard depth < Self.maximumDepth else {
            throw .tooDeep(limit: Self.maximumDepth, at: position)
        }
        depth += 1
        advance()
        skipSpace()
    }

    private mutating func closes(
        _ bracket: Unicode.Scalar,
        orElse expected: String
    ) throws(JSONError) -> Bool {
        if try take(",") {
            skipSpace()
            return false
        }
        guard try take(bracket) else { throw syntaxError(expected) }
        return true
    }
}

/// A copy of a text with zero bytes after it.
@safe private final class PaddedBytes {
    static let slack = 8
    let start: UnsafeMutablePointer<UInt8>

    init(_ bytes: [UInt8]) {
        unsafe start = .allocate(capacity: bytes.count + Self.slack)
        // SAFETY: both places hold `bytes.count` bytes.
        unsafe bytes.withUnsafeBufferPointer { source in
            guard let first = source.baseAddress else { return }
            unsafe start.initialize(from: first, count: source.count)
        }
        unsafe (start + bytes.count).initialize(repeating: 0, count: Self.slack)
    }

    deinit { unsafe start.deallocate() }
}

/// The keys of one object so far: few are compared one by one, many are hashed.
private struct KeySet {
    private var few: [String] = []
    private var many: Set<String> = []

    mutating func insert(_ key: String) -> Bool {
        if few.count < 12 {
            if few.contains(key) { return false }
            few.append(key)
            return true
        }
        if many.isEmpty { many = Set(few) }
        return many.insert(key).inserted
    }
}
