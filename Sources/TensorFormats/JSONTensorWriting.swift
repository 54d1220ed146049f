extension JSONWriter {
    /// A sign, nine digits with a point between them, an exponent, and a comma.
    public static let mostBytesOfFloat = 16

    /// Writes a flat array; refuses what is not finite by its index.
    public mutating func array(of values: Span<Float>) throws(JSONError) {
        try tensor(shape: [values.count], values: values)
    }

    /// Writes nested arrays, one level for each dimension; without dimensions, a number.
    ///
    /// `values` holds as many as the product of `shape`; the first that is not finite is refused by its index, unless
    /// such are written.
    public mutating func tensor(shape: [Int], values: Span<Float>) throws(JSONError) {
        precondition(shape.reduce(1, *) == values.count, "shape and values do not agree")
        let unusual = values.indices.first { !values[$0].isFinite }
        if let unusual, !writesNonFinite { throw .nonFinite(index: unusual) }
        makeRoom(values: values.count)
        separate()
        append(shape[...], values, isFinite: unusual == nil)
    }

    /// Most activations take about 10 digits, a point and a comma.
    ///
    /// What is large is not moved to twice its room because of a few longer ones: pages nobody writes to take no memory.
    private mutating func makeRoom(values count: Int) {
        let each = count < 1 << 17 ? 12 : Self.mostBytesOfFloat
        bytes.reserveCapacity(bytes.count + each * count)
    }

    private mutating func append(
        _ shape: ArraySlice<Int>,
        _ values: Span<Float>,
        isFinite: Bool
    ) {
        guard shape.count > 1, let length = shape.first else {
            if isFinite { return appendRow(values, isArray: !shape.isEmpty) }
            return appendWords(values, isArray: !shape.isEmpty)
        }
        let stride = values.count / max(length, 1)
        bytes.append(UInt8(ascii: "["))
        for index in 0..<length {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            let part = values.extracting(index * stride..<(index + 1) * stride)
            append(shape.dropFirst(), part, isFinite: isFinite)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    /// The same for values of which some are not finite.
    private mutating func appendWords(_ values: Span<Float>, isArray: Bool) {
        if isArray { bytes.append(UInt8(ascii: "[")) }
        for index in values.indices {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            if let word = nonFiniteWord(values[index]) {
                bytes.append(contentsOf: word.utf8)
            } else {
                appendRow(values.extracting(index..<index + 1), isArray: false)
            }
        }
        if isArray { bytes.append(UInt8(ascii: "]")) }
    }

    /// Values with commas between them, written to a block on the stack and appended whole.
    private mutating func appendRow(_ values: Span<Float>, isArray: Bool) {
        if isArray { bytes.append(UInt8(ascii: "[")) }
        let room = min(values.count, 64) * (FloatText.room + 1)
        unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: room) { block in
            guard let start = block.baseAddress else { return }
            var count = 0
            for index in values.indices {
                // SAFETY: there is room for one more text and a comma, as the block is emptied before it is not.
                unsafe count += FloatText.write(values[index], to: start + count)
                unsafe start[count] = UInt8(ascii: ",")
                count += 1
                guard count + FloatText.room >= room || index == values.count - 1 else { continue }
                unsafe bytes.append(contentsOf: UnsafeBufferPointer(start: start, count: count))
                count = 0
            }
        }
        if !values.isEmpty { bytes.removeLast() }
        if isArray { bytes.append(UInt8(ascii: "]")) }
    }
}
