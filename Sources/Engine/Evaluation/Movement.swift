package import Graph

// Operators that only move elements compute where each element of the result comes from.

extension Tensor {
    /// A tensor whose element i is this one's element `sources[i]`.
    ///
    /// Each source lies inside this tensor.
    func picking(_ sources: [Int], shape: [Int]) -> Tensor {
        Tensor(shape: Shape(shape), elements: elements.picking(sources))
    }

    /// Axis i of the result is axis order[i].
    func transposed(_ order: [Int]) -> Tensor {
        let strides = rowMajorStrides(shape.dimensions)
        let result = order.map { shape[$0] }
        return strided(result, strides: order.map { strides[$0] })
    }

    /// The same elements in another shape of as many.
    func reshaped(_ shape: [Int]) -> Tensor {
        var result = self
        result.shape = Shape(shape)
        precondition(result.shape.checkedCount == count, "elements do not fill their shape")
        return result
    }
}

/// Elements that lie in a tensor by strides: `sizes` of them from `offset` on, read as a tensor of `shape`.
struct StridedView {
    let sizes: [Int]
    let strides: [Int]
    var offset = 0
    let shape: [Int]
}

extension Tensor {
    /// Every element as often as it stands in the result of broadcasting to `shape`.
    func broadcast(_ own: [Int], to shape: [Int]) -> Tensor {
        own == shape
            ? reshaped(shape) : strided(shape, strides: StrideWalk.strides(of: own, in: shape))
    }

    /// A tensor of `shape` whose elements lie in this one by `strides`, from `offset` on.
    ///
    /// Each of them lies inside this tensor.
    func strided(_ shape: [Int], strides: [Int], offset: Int = 0) -> Tensor {
        let walk = StrideWalk(shape, strides, rowMajorStrides(shape))
        return Tensor(shape: Shape(shape), elements: elements.strided(walk, offset))
    }
}

extension Tensor.Elements {
    /// The elements that the walk's first place visits, from `offset` on.
    fileprivate func strided(_ walk: StrideWalk, _ offset: Int) -> Self {
        func rows<Value>(_ values: [Value]) -> [Value] {
            var result: [Value] = []
            guard walk.rows * walk.length > 0 else { return result }
            result.reserveCapacity(walk.rows * walk.length)
            let step = walk.steps.first
            walk.forEachRow(in: 0..<walk.rows) { _, first, _ in
                let start = offset + first
                if step == 1 {
                    result.append(contentsOf: values[start..<start + walk.length])
                } else {
                    for index in 0..<walk.length { result.append(values[start + index * step]) }
                }
            }
            return result
        }
        return switch self {
        case .floats(let values): .floats(rows(values))
        case .doubles(let values): .doubles(rows(values))
        case .halves(let values): .halves(rows(values))
        case .bfloats(let values): .bfloats(rows(values))
        case .integers(let values): .integers(rows(values))
        case .int32(let values): .int32(rows(values))
        case .int16(let values): .int16(rows(values))
        case .int8(let values): .int8(rows(values))
        case .uint64(let values): .uint64(rows(values))
        case .uint32(let values): .uint32(rows(values))
        case .uint16(let values): .uint16(rows(values))
        case .uint8(let values): .uint8(rows(values))
        case .booleans(let values): .booleans(rows(values))
        case .strings(let values): .strings(rows(values))
        }
    }

    func picking(_ sources: [Int]) -> Self {
        switch self {
        case .floats(let values): .floats(sources.map { values[$0] })
        case .doubles(let values): .doubles(sources.map { values[$0] })
        case .halves(let values): .halves(sources.map { values[$0] })
        case .bfloats(let values): .bfloats(sources.map { values[$0] })
        case .integers(let values): .integers(sources.map { values[$0] })
        case .int32(let values): .int32(sources.map { values[$0] })
        case .int16(let values): .int16(sources.map { values[$0] })
        case .int8(let values): .int8(sources.map { values[$0] })
        case .uint64(let values): .uint64(sources.map { values[$0] })
        case .uint32(let values): .uint32(sources.map { values[$0] })
        case .uint16(let values): .uint16(sources.map { values[$0] })
        case .uint8(let values): .uint8(sources.map { values[$0] })
        case .booleans(let values): .booleans(sources.map { values[$0] })
        case .strings(let values): .strings(sources.map { values[$0] })
        }
    }

    /// These elements, then the other's; nil if the types differ.
    func joined(_ other: Self) -> Self? { Self(joining: [self, other]) }

    /// Several lists of one type, one after the other, each copied once; nil if the types differ or there is none.
    init?(joining parts: [Self]) {
        guard let type = parts.first?.type, parts.allSatisfy({ $0.type == type }) else {
            return nil
        }
        func all<Value>(_ values: (Self) -> [Value]?) -> [Value] {
            Array(parts.lazy.compactMap(values).joined())
        }
        switch parts[0] {
        case .floats: self = .floats(all { if case .floats(let v) = $0 { v } else { nil } })
        case .doubles: self = .doubles(all { if case .doubles(let v) = $0 { v } else { nil } })
        case .halves: self = .halves(all { if case .halves(let v) = $0 { v } else { nil } })
        case .bfloats: self = .bfloats(all { if case .bfloats(let v) = $0 { v } else { nil } })
        case .integers: self = .integers(all { if case .integers(let v) = $0 { v } else { nil } })
        case .int32: self = .int32(all { if case .int32(let v) = $0 { v } else { nil } })
        case .int16: self = .int16(all { if case .int16(let v) = $0 { v } else { nil } })
        case .int8: self = .int8(all { if case .int8(let v) = $0 { v } else { nil } })
        case .uint64: self = .uint64(all { if case .uint64(let v) = $0 { v } else { nil } })
        case .uint32: self = .uint32(all { if case .uint32(let v) = $0 { v } else { nil } })
        case .uint16: self = .uint16(all { if case .uint16(let v) = $0 { v } else { nil } })
        case .uint8: self = .uint8(all { if case .uint8(let v) = $0 { v } else { nil } })
        case .booleans: self = .booleans(all { if case .booleans(let v) = $0 { v } else { nil } })
        case .strings: self = .strings(all { if case .strings(let v) = $0 { v } else { nil } })
        }
    }

    /// `count` elements of a type that all are 0, false or empty.
    package static func zeros(_ count: Int, _ type: ElementType) -> Self {
        Self([Double](repeating: 0, count: count), as: type)
            ?? Self([Int](repeating: 0, count: count), as: type)
            ?? .strings(Array(repeating: [], count: count))
    }
}

extension Operands {
    /// The shape that all of these broadcast to.
    func broadcast(_ shapes: [Shape]) throws(ModelError) -> [Int] {
        var result = shapes.first ?? []
        for shape in shapes.dropFirst() {
            guard let next = broadcastShape(result, shape) else {
                throw fail("\(result) and \(shape) do not broadcast")
            }
            result = next
        }
        _ = try count(result.dimensions)
        return result.dimensions
    }
}

extension Array {
    /// The elements at these places, or all of them.
    func picked(_ places: [Int]?) -> [Element] {
        guard let places else { return self }
        return places.map { self[$0] }
    }
}
