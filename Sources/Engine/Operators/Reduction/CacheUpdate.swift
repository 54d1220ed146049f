import Graph

/// Writes what came into a cache, from each batch's own place on.
struct CacheUpdate: Operator {
    static var bytesPerInput: Int { 0 }
    private let axis: Int
    private let isCircular: Bool

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axis = try attributes.int("axis", default: -2)
        let mode = try attributes.string("mode", default: "linear")
        guard ["linear", "circular"].contains(mode) else {
            throw attributes.mismatch("mode", "linear or circular", .string(mode))
        }
        isCircular = mode == "circular"
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let (cache, update) = (try operands(0), try operands(1))
        let (sizes, own) = (cache.shape.dimensions, update.shape.dimensions)
        let axis = try operands.axis(axis, rank: sizes.count)
        guard axis > 0, own.count == sizes.count, own[axis] <= sizes[axis],
            sizes.indices.allSatisfy({ $0 == axis || own[$0] == sizes[$0] })
        else { throw operands.fail("\(update.shape) does not fit into \(cache.shape)") }
        let starts =
            operands.optional(2) == nil
            ? [Int](repeating: 0, count: sizes[0]) : try operands.integers(2)
        guard starts.count == sizes[0],
            starts.allSatisfy({ $0 >= 0 && (isCircular || $0 + own[axis] <= sizes[axis]) })
        else { throw operands.fail("the places \(starts.prefix(8)) lie outside of the cache") }
        var sources = Array(0..<(try operands.count(sizes)))
        guard let all = cache.elements.joined(update.elements) else {
            throw operands.unfit(update.type)
        }
        let inner = sizes[(axis + 1)...].reduce(1, *)
        let outer = sizes[..<axis].reduce(1, *)
        for block in 0..<outer {
            try operands.poll()
            let start = starts[block / (outer / sizes[0])]
            for step in 0..<own[axis] {
                let target = (block * sizes[axis] + (start + step) % sizes[axis]) * inner
                let source = cache.count + (block * own[axis] + step) * inner
                for place in 0..<inner { sources[target + place] = source + place }
            }
        }
        return [Tensor(shape: cache.shape, elements: all.picking(sources))]
    }
}
