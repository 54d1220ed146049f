import Graph

extension Families {
    static let grids: [String: DeclaredOperator] = [
        "GridSample": .init(GridSample.self, takes: 2...2, gives: 1...1),
        "AffineGrid": .init(AffineGrid.self, takes: 2...2, gives: 1...1),
    ]
}

/// A picture or volume read at the places that a grid names, each from −1 to 1 along every axis, the last axis first.
struct GridSample: PlannedOperator {
    private let axis: SampledAxis

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axis = try SampledAxis(&attributes)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let (input, grid) = (try operands(0), try operands(1))
        let (sizes, places) = (input.shape.dimensions, grid.shape.dimensions)
        let rank = sizes.count - 2
        guard (1...3).contains(rank), places.count == sizes.count, places.last == rank,
            places[0] == sizes[0]
        else { throw operands.fail("the grid \(grid.shape) does not fit \(input.shape)") }
        let (values, coordinates) = (try operands.floats(0), try operands.floats(1))
        let shape = [sizes[0], sizes[1]] + places[1..<places.count - 1]
        let plane = sizes[2...].reduce(1, *)
        let points = shape[2...].reduce(1, *)
        let strides = rowMajorStrides(Array(sizes[2...]))
        var result = [Double](repeating: 0, count: try operands.count(shape))
        guard !result.isEmpty else {
            return [try operands.result(shape, result, input.type)]
        }
        guard plane > 0 else { throw operands.fail("\(input.shape) has no elements to read") }
        for image in 0..<sizes[0] {
            for point in 0..<points {
                if point & 0xFFF == 0 { try operands.poll() }
                let first = (image * points + point) * rank
                var taps = [(place: 0, weight: 1.0)]
                for index in 0..<rank {
                    let length = sizes[2 + index]
                    let own = axis.taps(
                        coordinates[first + rank - 1 - index],
                        length,
                        isWide: grid.type == .float64
                    )
                    taps = taps.flatMap { tap in
                        own.map { (tap.place + $0.place * strides[index], tap.weight * $0.weight) }
                    }
                }
                for channel in 0..<sizes[1] {
                    let start = (image * sizes[1] + channel) * plane
                    var sum = 0.0
                    for tap in taps { sum += values[start + tap.place] * tap.weight }
                    result[(image * sizes[1] + channel) * points + point] = sum
                }
            }
        }
        return [try operands.result(shape, result, input.type)]
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        try lowerSampling(node, along: axis, into: &plan)
    }
}
