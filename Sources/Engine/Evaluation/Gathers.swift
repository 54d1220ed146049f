import Graph

extension Evaluators {
    static let gathers: [String: EvaluatedOperator] = [
        "Gather": .init(GatherSlices.self, takes: 2...2, gives: 1...1),
        "GatherElements": .init(GatherElements.self, takes: 2...2, gives: 1...1),
        "GatherND": .init(GatherPoints.self, takes: 2...2, gives: 1...1),
        "Compress": .init(Compressed.self, takes: 2...2, gives: 1...1),
        "NonZero": .init(NonZero.self, takes: 1...1, gives: 1...1),
        "OneHot": .init(OneHotVectors.self, takes: 3...3, gives: 1...1),
    ]
}

extension Operands {
    /// Indices along an axis of `size`, counted from the front.
    func indices(_ input: Int, size: Int) throws(ModelError) -> [Int] {
        var result = try anyIntegers(input)
        for place in result.indices {
            let index = result[place]
            guard index >= -size, index < size else {
                throw fail("index \(index) lies outside of \(size)")
            }
            if index < 0 { result[place] = index + size }
        }
        return result
    }
}

private struct GatherSlices: Evaluated {
    static var widens: Bool { false }
    private let axis: Int

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axis = try attributes.int("axis", default: 0)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        let size = input.shape.dimensions
        let axis = try operands.axis(axis, rank: size.count)
        let indices = try operands.indices(1, size: size[axis])
        let inner = size[(axis + 1)...].reduce(1, *)
        let outer = size[..<axis].reduce(1, *)
        let shape = size[..<axis] + (try operands(1)).shape.dimensions + size[(axis + 1)...]
        var sources: [Int] = []
        sources.reserveCapacity(try operands.count(Array(shape)))
        for block in 0..<outer {
            for index in indices {
                let start = (block * size[axis] + index) * inner
                sources.append(contentsOf: start..<start + inner)
            }
        }
        return [input.picking(sources, shape: Array(shape))]
    }
}

private struct GatherElements: Evaluated {
    static var widens: Bool { false }
    private let axis: Int

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axis = try attributes.int("axis", default: 0)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let (input, indices) = (try operands(0), try operands(1))
        _ = try operands.count(indices.shape.dimensions)
        let places = try elementPlaces(operands, input.shape, indices.shape, axis: axis)
        return [input.picking(places, shape: indices.shape.dimensions)]
    }
}

/// For every element of the indices, the place in `shape` that differs from its own in the index along `axis`.
func elementPlaces(
    _ operands: Operands,
    _ shape: Shape,
    _ indexShape: Shape,
    axis: Int
) throws(ModelError) -> [Int] {
    let axis = try operands.axis(axis, rank: shape.rank)
    guard shape.rank == indexShape.rank,
        shape.dimensions.indices.allSatisfy({ $0 == axis || indexShape[$0] <= shape[$0] })
    else { throw operands.fail("indices \(indexShape) do not fit \(shape)") }
    let indices = try operands.indices(1, size: shape[axis])
    var strides = rowMajorStrides(shape.dimensions)
    let stride = strides[axis]
    strides[axis] = 0
    let bases = offsets(indexShape.dimensions, strides: strides)
    return zip(bases, indices).map { $0 + $1 * stride }
}

private struct GatherPoints: Evaluated {
    static var widens: Bool { false }
    private let batches: Int

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        batches = try attributes.int("batch_dims", default: 0)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let (input, indices) = (try operands(0), try operands(1))
        let points = try PointPlaces(operands, input.shape, indices, batches: batches)
        let shape = indices.shape.dimensions.dropLast() + points.sliceShape
        var sources: [Int] = []
        sources.reserveCapacity(try operands.count(Array(shape)))
        for start in points.starts { sources.append(contentsOf: start..<start + points.sliceCount) }
        return [input.picking(sources, shape: Array(shape))]
    }
}

/// Where the slices begin that the last axis of `indices` names.
struct PointPlaces {
    let starts: [Int]
    let sliceShape: [Int]
    var sliceCount: Int { sliceShape.reduce(1, *) }

    init(
        _ operands: Operands,
        _ shape: Shape,
        _ indices: Tensor,
        batches: Int
    ) throws(ModelError) {
        let (size, given) = (shape.dimensions, indices.shape.dimensions)
        guard let depth = given.last, batches >= 0, batches < given.count, depth >= 0,
            batches + depth <= size.count, size.prefix(batches) == given.prefix(batches)
        else { throw operands.fail("indices \(indices.shape) do not fit \(shape)") }
        let values = try operands.anyIntegers(1)
        sliceShape = Array(size[(batches + depth)...])
        let strides = rowMajorStrides(size)
        let batchCount = size.prefix(batches).reduce(1, *)
        let batchSize = size[batches...].reduce(1, *)
        let perBatch = given[batches...].dropLast().reduce(1, *)
        _ = try operands.count([batchCount, perBatch])
        var starts: [Int] = []
        for batch in 0..<batchCount {
            for point in 0..<perBatch {
                var start = batch * batchSize
                for axis in 0..<depth {
                    let limit = size[batches + axis]
                    var index = values[(batch * perBatch + point) * depth + axis]
                    guard index >= -limit, index < limit else {
                        throw operands.fail("index \(index) lies outside of \(limit)")
                    }
                    if index < 0 { index += limit }
                    start += index * strides[batches + axis]
                }
                starts.append(start)
            }
        }
        self.starts = starts
    }
}

/// Slices along an axis (or elements) where a condition holds.
private struct Compressed: Evaluated {
    private let axis: Int?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axis = try attributes.optionalInt("axis")
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        var input = try operands(0)
        guard let flags = try operands(1).elements.booleans else {
            throw operands.fail("the condition must be truth values")
        }
        if axis == nil { input = input.reshaped([input.count]) }
        let axis = try operands.axis(axis ?? 0, rank: input.shape.rank)
        guard flags.count <= input.shape[axis] else {
            throw operands.fail("the condition is longer than axis \(axis)")
        }
        let kept = flags.indices.filter { flags[$0] }
        var shape = input.shape.dimensions
        let strides = rowMajorStrides(shape)
        shape[axis] = kept.count
        var stepless = strides
        stepless[axis] = 0
        // Which of the kept slices an element is in follows from its own place.
        let inner = shape[(axis + 1)...].reduce(1, *)
        let sources = offsets(shape, strides: stepless).enumerated().map { place, base in
            base + kept[place / inner % kept.count] * strides[axis]
        }
        return [input.picking(sources, shape: shape)]
    }
}

private struct NonZero: Evaluated {
    init(_ attributes: inout AttributeReader) throws(ModelError) {}

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        guard let values = input.elements.doubles else { throw operands.unfit(input.type) }
        let places = values.indices.filter { values[$0] != 0 }
        _ = try operands.count([input.shape.rank, places.count])
        let (shape, strides) = (input.shape.dimensions, rowMajorStrides(input.shape.dimensions))
        let rows = shape.indices.flatMap { axis in
            places.map { $0 / strides[axis] % shape[axis] }
        }
        return [Tensor(shape: [shape.count, places.count], integers: rows)]
    }
}

private struct OneHotVectors: Evaluated {
    private let axis: Int

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axis = try attributes.int("axis", default: -1)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let (indices, values) = (try operands(0), try operands(2))
        guard let hot = indices.elements.doubles,
            let depth = try operands(1).elements.doubles?.first.map({ Int(saturating: $0) }),
            depth >= 0, values.count == 2
        else { throw operands.fail("OneHot needs indices, a depth and two values") }
        let axis = try operands.axis(axis, rank: indices.shape.rank + 1)
        var shape = indices.shape.dimensions
        shape.insert(depth, at: axis)
        let inner = shape[(axis + 1)...].reduce(1, *)
        let sources = (0..<(try operands.count(shape))).map { place in
            let index = Int(saturating: hot[place / (inner * depth) * inner + place % inner])
            let on = index < 0 ? index &+ depth : index
            return place / inner % depth == on ? 1 : 0
        }
        return [values.picking(sources, shape: shape)]
    }
}
