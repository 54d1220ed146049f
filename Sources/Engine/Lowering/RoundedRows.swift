import Compute
import Graph

/// Rows of points while a plan runs, each rounded to 127 steps from 0 to its largest number and as many below.
struct RoundedRows {
    let count: Int
    let channels: Int
    /// [rows][channels in whole blocks of 16].
    let bytes: ValueID
    /// The size of each row's steps.
    let scales: ValueID

    init(_ count: Int, channels: Int, into plan: inout PlanBuilder) throws(ModelError) {
        (self.count, self.channels) = (count, channels)
        bytes = try plan.define("", [count, blocks(of: channels) * 16], .dense, type: .uint8)
        scales = try plan.scratch(count)
    }

    /// Adds the step that rounds the rows of a value of points, the first of which lies `offset` numbers behind its start.
    func round(
        _ source: ValueID,
        from offset: Int = 0,
        for node: Node,
        into plan: inout PlanBuilder
    ) {
        let (kernels, channels) = (plan.kernels, channels)
        let width = blocks(of: channels) * 16
        let parts = Stretches(count, least: max(1, 32768 / width), unit: 1)
        plan.step(
            node.name,
            chunks: parts.chunks,
            reads: [source],
            writes: [bytes, scales]
        ) { placement in
            let (from, to, steps) = (placement[source], placement[bytes], placement[scales])
            return { arena, chunk in
                let part = parts[chunk]
                kernels.roundRows(
                    from.position(in: arena) + (offset + part.lowerBound * 16),
                    plane: from.plane,
                    channels: channels,
                    count: part.count,
                    into: to.position(in: arena).bytes + part.lowerBound * width,
                    scales: steps.position(in: arena) + part.lowerBound
                )
            }
        }
    }

    /// Rows whose places are listed together.
    private static let rowsPerList = 48

    /// Adds the step that multiplies the rows; `bias` has a number for each output.
    func multiply(
        by weights: RowWeights,
        plus bias: PackedWeights,
        to product: ValueID,
        for node: Node,
        into plan: inout PlanBuilder
    ) {
        let (kernels, count) = (plan.kernels, count)
        let perList = min(count, Self.rowsPerList)
        let lists = (count + perList - 1) / perList
        let parts = max(1, min(8 / lists, weights.blocks / 8))
        let places = weights.places(rows: perList)
        let width = blocks(of: channels) * 16
        plan.step(
            node.name,
            chunks: lists * parts,
            reads: [bytes, scales],
            writes: [product]
        ) { placement in
            let (from, steps) = (placement[bytes], placement[scales])
            let to = placement[product]
            return { arena, chunk in
                let first = chunk / parts * perList
                let start = weights.blocks * (chunk % parts) / parts
                let end = weights.blocks * (chunk % parts + 1) / parts
                weights.multiply(
                    PlacedRows(
                        bytes: from.position(in: arena).bytes + first * width,
                        scales: steps.position(in: arena) + first,
                        places: places,
                        count: min(perList, count - first)
                    ),
                    blocks: start..<end,
                    plus: bias.start + start * 16,
                    PointSteps(plane: 16, row: 0),
                    into: to.position(in: arena) + (start * to.plane + first * 16),
                    plane: to.plane,
                    kernels
                )
            }
        }
    }
}

/// Rounded rows in memory; `places` says where each lies from `bytes` on.
struct PlacedRows {
    let bytes: BytePosition
    let scales: FloatPosition
    let places: FloatStorage
    let count: Int
}

/// Weights of 8 bits for rounded rows.
struct RowWeights: PackedBytes {
    private let weights: IntegerWeights
    private let scales: FloatStorage
    /// What takes the bytes' 128 off the sums.
    private let bias: FloatStorage

    var byteCount: Int { weights.byteCount + weights.outputs * 8 }
    /// Outputs in blocks of 16.
    var blocks: Int { weights.outputs / 16 }

    /// `scale` gives the steps of an output's weights.
    init(_ weights: IntegerWeights, scales: [Float]) {
        self.weights = weights
        self.scales = FloatStorage(.floats(scales))
        bias = FloatStorage(.int32(weights.sums.map { Int32(-128 * $0) }))
    }

    /// Where each of some rows lies for each piece of the weights, one row after the other.
    func places(rows: Int) -> FloatStorage {
        let width = (weights.size.channels + 15) / 16 * 16
        return FloatStorage(
            .integers((0..<rows * weights.pieces).map { $0 / weights.pieces * width })
        )
    }

    /// The products of rows with blocks of outputs, as points `plane` apart; `addends` and `result` are where the first
    /// block's lie.
    func multiply(
        _ rows: PlacedRows,
        blocks: Range<Int>,
        plus addends: FloatPosition,
        _ steps: PointSteps,
        into result: FloatPosition,
        plane: Int,
        _ kernels: KernelSet
    ) {
        let first = blocks.lowerBound
        kernels.multiplyIntegers(
            IntegerRows(taps: weights.pieces, channels: weights.size.channels),
            at: rows.bytes,
            offsets: rows.places.start.bytes,
            count: rows.count,
            weights: weights.packed.start + first * weights.blockBytes,
            outputs: blocks.count * 16,
            OutputNumbers(
                bias: bias.start.bytes + first * 64,
                scale: scales.start + first * 16,
                addend: addends
            ),
            .points(rows: rows.scales, plane: plane, addends: steps),
            into: result.bytes,
            row: 0
        )
    }
}

extension RecurrentWeights {
    /// W or R of this direction, for each block of units the blocks of its gates.
    func packed(
        _ numbers: QuantizedNumbers,
        _ name: String,
        for node: Node,
        _ plan: PlanBuilder
    ) throws(ModelError) -> RowWeights {
        let columns = numbers.integers.shape[2]
        let first = direction * gates * hidden * columns
        let integer: (Int) -> Int
        switch numbers.integers.elements {
        case .int8(let values): integer = { Int(values[$0]) }
        case .uint8(let values): integer = { Int(values[$0]) }
        default: throw .shape(node: node.name, reason: "its weights must be of 8 bits")
        }
        let (sources, mostBytes) = (order(hidden).sources, plan.largest)
        return try plan.weights.integers("\(key)/\(name)/integers") { () throws(ModelError) in
            let weights = try IntegerWeights(
                .init(outputs: sources.count, taps: 1, channels: columns, groups: 1),
                node: node,
                mostBytes: mostBytes
            ) { output, _, column in
                guard sources[output] >= 0 else { return 0 }
                let place = first + sources[output] * columns + column
                return integer(place) - numbers.zeros[numbers.slice(of: place)]
            }
            return RowWeights(
                weights,
                scales: sources.map {
                    $0 < 0 ? 0 : numbers.scales[numbers.slice(of: first + $0 * columns)]
                }
            )
        }
    }
}
