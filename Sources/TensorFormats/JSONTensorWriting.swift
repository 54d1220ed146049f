extension JSONWriter {
    /// Writes a flat array; refuses what is not finite by its index.
    public mutating func array(of values: Span<Float>) throws(JSONError) {
        try tensor(shape: [values.count], values: values)
    }

    /// Writes nested arrays, one level for each dimension; without dimensions, a number.
    ///
    /// `values` holds as many as the product of `shape`; the first that is not finite is refused by its index.
    public mutating func tensor(shape: [Int], values: Span<Float>) throws(JSONError) {
        precondition(shape.reduce(1, *) == values.count, "shape and values do not agree")
        for index in values.indices where !values[index].isFinite {
            throw .nonFinite(index: index)
        }
        // About 10 digits, a point and a comma for most activations.
        bytes.reserveCapacity(bytes.count + 12 * values.count)
        separate()
        append(shape[...], values)
    }

    private mutating func append(_ shape: ArraySlice<Int>, _ values: Span<Float>) {
        guard shape.count > 1, let length = shape.first else {
            return appendRow(values, isArray: !shape.isEmpty)
        }
        let stride = values.count / max(length, 1)
        bytes.append(UInt8(ascii: "["))
        for index in 0..<length {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            append(shape.dropFirst(), values.extracting(index * stride..<(index + 1) * stride))
        }
        bytes.append(UInt8(ascii: "]"))
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
