/// The three entries of an npy file's header.
struct NPYHeader {
    var descr = ""
    var isFortranOrder = false
    var shape: [Int] = []

    /// The header and the offset where the data begins.
    static func read(_ bytes: RawSpan) throws(NPYError) -> (header: NPYHeader, dataStart: Int) {
        guard bytes.starts(with: NPY.magic), let major = bytes.byte(at: 6),
            let minor = bytes.byte(at: 7)
        else { throw .notNPY }
        guard (1...3).contains(major), minor == 0 else {
            throw .unsupportedVersion(Int(major), Int(minor))
        }
        let length: Int?
        if major == 1 {
            length = bytes.integer(at: 8, as: UInt16.self, isBigEndian: false).map(Int.init)
        } else {
            length = bytes.integer(at: 8, as: UInt32.self, isBigEndian: false).map(Int.init)
        }
        let start = major == 1 ? 10 : 12
        guard let length else { throw .truncated(expected: start, got: bytes.byteCount) }
        guard bytes.byteCount - start >= length else {
            throw .truncated(expected: start + length, got: bytes.byteCount)
        }
        // NumPy itself refuses longer ones: they take quadratic time in its parser.
        guard length <= 10_000 else { throw .invalidHeader(reason: "it is \(length) bytes long") }
        var literal = PythonLiteral(bytes.bytes(start..<start + length))
        return (try literal.header(), start + length)
    }
}

/// The few forms of a Python literal that NumPy writes.
private struct PythonLiteral {
    private let bytes: [UInt8]
    private var offset = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func header() throws(NPYError) -> NPYHeader {
        var header = NPYHeader()
        var seen: Set<String> = []
        try expect("{")
        while !take("}") {
            let key = try string()
            try expect(":")
            guard seen.insert(key).inserted else {
                throw .invalidHeader(reason: "it has two entries '\(key)'")
            }
            switch key {
            case "descr": header.descr = try type()
            case "fortran_order": header.isFortranOrder = try boolean()
            case "shape": header.shape = try tuple()
            default: throw .invalidHeader(reason: "it has an unknown entry '\(key)'")
            }
            if !take(",") {
                try expect("}")
                break
            }
        }
        guard seen.count == 3 else {
            throw .invalidHeader(reason: "descr, fortran_order and shape are needed")
        }
        skipSpace()
        guard offset == bytes.count else {
            throw .invalidHeader(reason: "something follows its entries")
        }
        return header
    }

    private mutating func type() throws(NPYError) -> String {
        skipSpace()
        // A list describes records with named fields.
        if offset < bytes.count, bytes[offset] == UInt8(ascii: "[") {
            throw .unsupportedType("record")
        }
        return try string()
    }

    private mutating func string() throws(NPYError) -> String {
        skipSpace()
        guard offset < bytes.count,
            bytes[offset] == UInt8(ascii: "'") || bytes[offset] == UInt8(ascii: "\"")
        else { throw .invalidHeader(reason: "a text in quotes is missing at byte \(offset)") }
        let quote = bytes[offset]
        let rest = bytes[(offset + 1)...]
        guard let end = rest.firstIndex(of: quote) else {
            throw .invalidHeader(reason: "a quote is not closed")
        }
        offset = end + 1
        return String(decoding: rest[..<end], as: UTF8.self)
    }

    private mutating func boolean() throws(NPYError) -> Bool {
        if take("True") { return true }
        if take("False") { return false }
        throw .invalidHeader(reason: "fortran_order is neither True nor False")
    }

    private mutating func tuple() throws(NPYError) -> [Int] {
        var lengths: [Int] = []
        try expect("(")
        while !take(")") {
            lengths.append(try length())
            guard lengths.count <= 32 else {
                throw .invalidHeader(reason: "the shape has more than 32 dimensions")
            }
            if !take(",") {
                try expect(")")
                break
            }
        }
        return lengths
    }

    private mutating func length() throws(NPYError) -> Int {
        skipSpace()
        let digits = bytes[offset...].prefix { $0 &- 48 <= 9 }
        guard let value = Int(String(decoding: digits, as: UTF8.self)) else {
            throw .invalidHeader(reason: "the shape is no tuple of lengths")
        }
        offset = digits.endIndex
        return value
    }

    private mutating func skipSpace() {
        while offset < bytes.count, bytes[offset] == 0x20 || bytes[offset] == 0x0A { offset += 1 }
    }

    private mutating func take(_ word: String) -> Bool {
        skipSpace()
        guard bytes[offset...].starts(with: word.utf8) else { return false }
        offset += word.utf8.count
        return true
    }

    private mutating func expect(_ word: String) throws(NPYError) {
        guard take(word) else {
            throw .invalidHeader(reason: "\(word) is missing at byte \(offset)")
        }
    }
}
