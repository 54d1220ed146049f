import Compute
import Graph

/// An image, series or volume read at the places that a grid names.
func lowerSampling(
    _ node: Node,
    along axis: SampledAxis,
    into plan: inout PlanBuilder
) throws(ModelError) {
    let source = try plan.value(plan.input(node, 0), as: .dense)
    let grid = try plan.value(plan.input(node, 1), as: .dense)
    let (shape, places) = (plan.shape(of: source), plan.shape(of: grid))
    let rank = shape.rank - 2
    guard (1...3).contains(rank), places.rank == shape.rank, shape.count > 0,
        places.dimensions.last == rank, places[0] == shape[0], places.count > 0
    else {
        throw .shape(node: node.name, reason: "the grid \(places) does not fit \(shape)")
    }
    let sizes = Array(shape.dimensions[2...])
    guard sizes.reduce(1, *) <= Int(Int32.max) else {
        throw .shape(node: node.name, reason: "images of \(shape) are too large")
    }
    let result = [shape[0], shape[1]] + places.dimensions[1..<places.rank - 1]
    let output = try plan.define(node.outputs[0], Shape(result), .dense)
    let sampler = GridSampler(axis: axis, sizes: sizes, channels: shape[1])
    let points = result[2...].reduce(1, *)
    let parts = Stretches(points, least: GridSampler.most, unit: 1)
    let stretches = max(parts.chunks, (points + GridSampler.most - 1) / GridSampler.most)
    let scratch = try plan.workerScratch(2 * sampler.taps * GridSampler.most)
    plan.count(shape[1] * shape[0] * points * sampler.taps, for: node)
    let kernels = plan.kernels
    plan.step(
        node.name,
        chunks: shape[0] * stretches,
        reads: [source, grid],
        writes: [output, scratch],
        isExact: true
    ) { placement in
        let (from, to) = (placement[source], placement[output])
        let (named, own) = (placement[grid], placement[scratch])
        return { arena, chunk in
            let (image, part) = chunk.quotientAndRemainder(dividingBy: stretches)
            let first = points * part / stretches
            sampler.run(
                from.position(in: arena) + image * sampler.size,
                at: named.position(in: arena) + (image * points + first) * rank,
                count: points * (part + 1) / stretches - first,
                into: to.position(in: arena) + (image * sampler.channels * points + first),
                plane: points,
                scratch: own.position(in: arena),
                kernels
            )
        }
    }
}

/// What reads one image at some points.
private struct GridSampler: Sendable {
    /// Points whose places are computed together.
    static let most = 1024

    let axis: SampledAxis
    let sizes: [Int]
    let channels: Int
    private let plane: Int

    init(axis: SampledAxis, sizes: [Int], channels: Int) {
        (self.axis, self.sizes, self.channels) = (axis, sizes, channels)
        plane = sizes.reduce(1, *)
    }

    /// Elements of an image.
    var size: Int { channels * plane }

    /// Elements that make up one of the result's.
    var taps: Int { sizes.reduce(1) { product, _ in product * axis.tapCount } }

    func run(
        _ image: FloatPosition,
        at grid: FloatPosition,
        count: Int,
        into output: FloatPosition,
        plane points: Int,
        scratch: FloatPosition,
        _ kernels: KernelSet
    ) {
        let places = scratch.bytes
        let weights = scratch + taps * Self.most
        for point in 0..<count {
            write(grid + point * sizes.count, to: places, weights, point)
        }
        for channel in 0..<channels {
            kernels.sampleLine(
                image + channel * plane,
                places: places,
                weights: weights,
                taps: taps,
                stride: Self.most,
                into: output + channel * points,
                count: count
            )
        }
    }

    /// The places and weights of one point: those of the axes before, times those of the next.
    private func write(
        _ point: FloatPosition,
        to places: BytePosition,
        _ weights: FloatPosition,
        _ column: Int
    ) {
        places[short: column] = 0
        weights[column] = 1
        var made = 1
        for index in sizes.indices {
            let taps = axis.fastTaps(point[sizes.count - 1 - index], sizes[index])
            // From the last to the first: a tap's successors lie behind it.
            for tap in stride(from: made - 1, through: 0, by: -1) {
                let place = Int(places[short: tap * Self.most + column])
                let weight = weights[tap * Self.most + column]
                for next in stride(from: axis.tapCount - 1, through: 0, by: -1) {
                    let target = (tap * axis.tapCount + next) * Self.most + column
                    let own = taps.places[next]
                    let isInside = place >= 0 && own >= 0
                    places[short: target] = isInside ? Int32(place * sizes[index] + own) : -1
                    weights[target] = weight * taps.weights[next]
                }
            }
            made *= axis.tapCount
        }
    }
}
