import Backports

extension JSONReader {
    /// Reads nested or flat numbers in one pass: at most `limit` of them, at most 8 deep.
    ///
    /// The shape is the arrays' lengths from the outside in; all arrays of one depth must be of one length.
    public mutating func tensor(limit: Int) throws(JSONError) -> TensorData {
        var shape: [Int] = []
        // A number takes two bytes at least, the last one its comma's place too.
        let capacity = min(limit, (unsafe textEnd - cursor) / 2 + 1)
        let values = try [Float](capacity: capacity) { numbers throws(JSONError) in
            shape = try nested("an array of numbers") { (reader) throws(JSONError) in
                let count = numbers.count
                try reader.readNumbers(into: &numbers, limit: limit)
                return numbers.count - count
            }
        }
        return TensorData(shape: shape, values: values)
    }

    /// Walks nested arrays, all of one depth of one length, and returns their lengths from the outside in.
    ///
    /// `run` reads values and the commas between them up to the first thing that is no comma, and returns how many
    /// values there were.
    mutating func nested(
        _ expected: String,
        _ run: (inout JSONReader) throws(JSONError) -> Int
    ) throws(JSONError) -> [Int] {
        skipSpace()
        guard byte == UInt8(ascii: "[") else { throw mismatch(expected: expected) }
        var levels = TensorLevels()
        repeat {
            skipSpace()
            if byte == UInt8(ascii: "[") {
                try levels.open(at: self)
                advance()
                skipSpace()
                guard byte == UInt8(ascii: "]") else { continue }
                try levels.holdsNumbers(at: self)
            } else {
                try levels.holdsNumbers(at: self)
                levels.add(try run(&self))
            }
            try closeArrays(&levels)
        } while levels.depth > 0
        return levels.shape
    }

    /// Takes closing brackets, and the comma after them unless the outermost array is closed.
    private mutating func closeArrays(_ levels: inout TensorLevels) throws(JSONError) {
        while levels.depth > 0 {
            if try take("]") {
                try levels.close(at: self)
            } else if try take(",") {
                return
            } else {
                throw syntaxError("a comma or ]")
            }
        }
    }

    /// Reads numbers and the commas between them up to the first thing that is no comma.
    private mutating func readNumbers(
        into numbers: inout OutputSpan<Float>,
        limit: Int
    ) throws(JSONError) {
        while true {
            // The place stays in a register: the reader itself is in memory.
            var place = unsafe cursor
            let end = unsafe Self.scanNumbers(&place, into: &numbers)
            unsafe cursor = place
            switch end {
            case .noComma: return
            case .noNumber:
                guard let value = nonFinite() else { throw tensorElementError() }
                // Only what is full ends a run without trying for a number.
                numbers.append(Float(value))
                guard try take(",") else { return }
                skipSpace()
            case .full: throw .tooManyValues(limit: limit, at: position)
            }
        }
    }

    /// Why a run of numbers ended.
    private enum RunEnd {
        case noComma
        case noNumber
        case full
    }

    private static func scanNumbers(
        _ place: inout UnsafePointer<UInt8>,
        into numbers: inout OutputSpan<Float>
    ) -> RunEnd {
        while !numbers.isFull {
            var end = unsafe place
            guard let value = unsafe parseFloat(&end) else { return .noNumber }
            numbers.append(value)
            unsafe place = end
            // The common separators, ", " and ",", before the general case.
            if unsafe place.pointee != UInt8(ascii: ",") {
                unsafe skipSpace(&place)
                guard unsafe place.pointee == UInt8(ascii: ",") else { return .noComma }
            }
            unsafe place += 1
            if unsafe _fastPath(place.pointee == 0x20) { unsafe place += 1 }
            if unsafe place.pointee <= 0x20 { unsafe skipSpace(&place) }
        }
        return .full
    }

    private func tensorElementError() -> JSONError {
        let isNumeric = byte &- 48 <= 9 || [0x2B, 0x2D, 0x2E].contains(byte)
        if isNumeric || nonFiniteToken != nil { return numberError(type: "a 32-bit float") }
        if byte == UInt8(ascii: "[") {
            return .ragged(expected: "a number", got: "an array", at: position)
        }
        return mismatch(expected: "a number")
    }

    /// Reads a flat array of at most `limit` integers.
    public mutating func integers(limit: Int) throws(JSONError) -> [Int] {
        var values: [Int] = []
        try array { (_, reader) throws(JSONError) in
            guard values.count < limit else {
                throw .tooManyValues(limit: limit, at: reader.position)
            }
            values.append(try reader.integer())
        }
        return values
    }
}

/// The arrays that are open while a tensor is read, and the lengths found so far.
private struct TensorLevels {
    static let maximumRank = 8

    private(set) var depth = 0
    /// The depth of the arrays that hold numbers, once one was seen.
    private var leaf: Int?
    private var counts = InlineArray<9, Int>(repeating: 0)
    private var lengths = InlineArray<9, Int>(repeating: -1)

    var shape: [Int] { (1...(leaf ?? 1)).map { lengths[$0] } }

    mutating func open(at reader: JSONReader) throws(JSONError) {
        if let leaf, depth >= leaf {
            throw .ragged(expected: "a number", got: "an array", at: reader.position)
        }
        guard depth < Self.maximumRank else {
            throw .tooDeep(limit: Self.maximumRank, at: reader.position)
        }
        depth += 1
        counts[depth] = 0
    }

    /// Numbers, or nothing at all, at this depth.
    mutating func holdsNumbers(at reader: JSONReader) throws(JSONError) {
        if let leaf, depth != leaf {
            throw .ragged(expected: "an array", got: reader.found, at: reader.position)
        }
        leaf = depth
    }

    mutating func add(_ numbers: Int) {
        counts[depth] += numbers
    }

    mutating func close(at reader: JSONReader) throws(JSONError) {
        if lengths[depth] < 0 { lengths[depth] = counts[depth] }
        guard lengths[depth] == counts[depth] else {
            throw .ragged(
                expected: "\(lengths[depth]) elements as in the arrays before",
                got: "\(counts[depth])",
                at: reader.position
            )
        }
        depth -= 1
        if depth > 0 { counts[depth] += 1 }
    }
}
