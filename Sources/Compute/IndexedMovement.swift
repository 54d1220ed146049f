import CPUFeatures

// SAFETY: positions, counts and strides come from one plan, which sized the memory behind them.
extension BytePosition {
    /// Indices of `part` from `source` to here, negative ones counted from the end of what they select from.
    ///
    /// Returns the first position of an index that selects nothing, for which 0 is written.
    public func wrapIndices(_ source: BytePosition, _ part: Range<Int>, limits: [Int]) -> Int? {
        guard !part.isEmpty else { return nil }
        precondition(part.lowerBound >= 0, "indices before the first")
        let given = unsafe source.pointer(of: Int.self, to: part.upperBound)
        let wrapped = unsafe pointer(of: Int.self, to: part.upperBound)
        if limits.count == 1, wrapIndices(source, part, limit: limits[0]) { return nil }
        var wrong: Int?
        var place = part.lowerBound % limits.count
        for position in part {
            let limit = limits[place]
            place = place + 1 == limits.count ? 0 : place + 1
            var index = unsafe given[position]
            if index < 0 { index &+= limit }
            if index < 0 || index >= limit {
                if wrong == nil { wrong = position }
                index = 0
            }
            unsafe wrapped[position] = index
        }
        return wrong
    }

    /// The same for one limit, without a branch for each index; returns whether all select something.
    private func wrapIndices(_ source: BytePosition, _ part: Range<Int>, limit: Int) -> Bool {
        let x = unsafe source.pointer(of: Int.self, to: part.upperBound)
        let y = unsafe pointer(of: Int.self, to: part.upperBound)
        var wrong = 0
        for position in part {
            let given = unsafe x[position]
            let index = given &+ (given >> (Int.bitWidth - 1) & limit)
            // Negative if either is.
            wrong |= index | (limit &- 1 &- index)
            unsafe y[position] = index
        }
        return wrong >= 0
    }

    /// Rows of `bytes` each, in the order of `indices`.
    public func gather(
        _ table: BytePosition,
        rows indices: BytePosition,
        count: Int,
        bytes: Int
    ) {
        switch bytes {
        case 1: gather(UInt8.self, table, rows: indices, count: count)
        case 4: gather(UInt32.self, table, rows: indices, count: count)
        case 8: gather(UInt64.self, table, rows: indices, count: count)
        default:
            // Rows that lie apart are asked for before they are needed.
            let ahead = 8
            for index in 0..<count {
                if index + ahead < count {
                    let next = table + indices[integer: index + ahead] * bytes
                    unsafe striate_prefetch(next.pointer, min(bytes, 512))
                }
                (self + index * bytes).copy(
                    from: table + indices[integer: index] * bytes,
                    bytes: bytes
                )
            }
        }
    }

    private func gather<Value: BitwiseCopyable>(
        _ type: Value.Type,
        _ table: BytePosition,
        rows indices: BytePosition,
        count: Int
    ) {
        let source = unsafe table.pointer.assumingMemoryBound(to: type)
        let target = unsafe pointer(of: type, to: count)
        let places = unsafe indices.pointer(of: Int.self, to: count)
        for index in 0..<count { unsafe target[index] = source[places[index]] }
    }

    /// One element for each index: `base` + index · `stride` + position · `step` of the source, in elements.
    public func pick(
        _ source: BytePosition,
        indices: BytePosition,
        count: Int,
        width: Int,
        stride: Int,
        step: Int
    ) {
        // Here, where the compiler makes a loop of its own for each width.
        func pick<Value: BitwiseCopyable>(_ type: Value.Type) {
            let from = unsafe source.pointer.assumingMemoryBound(to: type)
            let target = unsafe pointer(of: type, to: count)
            let places = unsafe indices.pointer(of: Int.self, to: count)
            for index in 0..<count {
                unsafe target[index] = from[places[index] * stride + index * step]
            }
        }
        switch width {
        case 1: pick(UInt8.self)
        case 4: pick(UInt32.self)
        default: pick(UInt64.self)
        }
    }

    /// Elements that lie by strides, to places that lie by strides.
    public func move(
        _ source: BytePosition,
        width: Int,
        count: Int,
        steps: PairSteps
    ) {
        if steps.first == 1, steps.second == 1 {
            copy(from: source, bytes: count * width)
            return
        }
        func move<Value: BitwiseCopyable>(_ type: Value.Type) {
            let from = unsafe source.pointer.assumingMemoryBound(to: type)
            let target = unsafe pointer.assumingMemoryBound(to: type)
            if steps.first == 0, steps.second == 1 {
                unsafe target.update(repeating: from[0], count: count)
                return
            }
            // A step the compiler knows lets it move several at once.
            if steps.first == 2, steps.second == 1 {
                for index in 0..<count { unsafe target[index] = from[2 * index] }
                return
            }
            for index in 0..<count {
                unsafe target[index * steps.second] = from[index * steps.first]
            }
        }
        switch width {
        case 1: move(UInt8.self)
        case 4: move(UInt32.self)
        default: move(UInt64.self)
        }
    }
}
