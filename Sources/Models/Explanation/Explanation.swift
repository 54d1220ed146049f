public import Graph

/// Where a class's probability comes from: what becomes of it when parts of the input are covered or left out.
public struct Explanation: Sendable {
    /// The class or symbol that is explained.
    public let target: Int
    /// What the whole input gives it.
    public let probability: Float
    /// A number for each part.
    public let values: [Float]
}

extension Model {
    /// How far a class's probability falls when a window of a picture or series is covered (Zeiler and Fergus, 2014,
    /// section 4.2); below 0 where it rises.
    ///
    /// Covered is what the network sees as 0, which is the mean of what it was trained with. `values` are the input's numbers as
    /// the network is given them, of the shape [1, …]; `target` is a class, nil the likeliest. Throws what computing throws, and
    /// `invalidManifest` where scores are no probabilities.
    public func occlusion(
        of values: [Float],
        shape: Shape,
        grid: OcclusionGrid,
        output: String,
        target: Int?,
        isCancelled: () -> Bool
    ) throws(ModelError) -> Explanation {
        let whole = try rows(of: values, shape, output, isCancelled)[0]
        let target = target ?? whole.indices.max { whole[$0] < whole[$1] } ?? 0
        guard whole.indices.contains(target) else {
            throw .indexOutOfRange(input: "target", position: 0, index: target, count: whole.count)
        }
        let most = occlusionBatch(of: values.count)
        var falls: [Float] = []
        falls.reserveCapacity(grid.count)
        while falls.count < grid.count {
            let batch = min(most, grid.count - falls.count)
            var covered: [Float] = []
            covered.reserveCapacity(batch * values.count)
            for index in falls.count..<falls.count + batch {
                covered += cover(grid.area(of: index), of: values, shape, grid)
            }
            let sizes = [batch] + shape.dimensions.dropFirst()
            for row in try rows(of: covered, Shape(sizes), output, isCancelled) {
                falls.append(whole[target] - row[target])
            }
        }
        return Explanation(target: target, probability: whole[target], values: falls)
    }

    /// Inputs that go through the network at once.
    private func occlusionBatch(of count: Int) -> Int {
        let port = signature.inputs.first { $0.name == manifest.input.name }
        guard port?.dimensions.first == .some(nil) else { return 1 }
        return max(1, min(16, (4 << 20) / max(1, count)))
    }

    /// The input with zeros in one window, in all of its channels.
    private func cover(
        _ area: (rows: Range<Int>, columns: Range<Int>),
        of values: [Float],
        _ shape: Shape,
        _ grid: OcclusionGrid
    ) -> [Float] {
        var values = values
        let plane = grid.height * grid.width
        let channels = shape.count / max(1, plane)
        let (step, first) = manifest.isChannelsLast ? (channels, 1) : (1, plane)
        for channel in 0..<channels {
            for row in area.rows {
                for column in area.columns {
                    values[channel * first + (row * grid.width + column) * step] = 0
                }
            }
        }
        return values
    }

    /// The probabilities for each input of a batch.
    private func rows(
        of values: [Float],
        _ shape: Shape,
        _ output: String,
        _ isCancelled: () -> Bool
    ) throws(ModelError) -> [[Float]] {
        let input = [manifest.input.name: Tensor(shape: shape, floats: values)]
        let answer = try infer(input, outputs: [output], isCancelled: isCancelled)
        guard let numbers = answer.first?.tensor.floats, !numbers.isEmpty,
            numbers.count.isMultiple(of: shape[0])
        else { throw .shape(node: output, reason: "it has no number for each class") }
        let width = numbers.count / shape[0]
        let rows = (0..<shape[0]).map { Array(numbers[$0 * width..<($0 + 1) * width]) }
        return try probabilities(of: rows, output: output)
    }
}
