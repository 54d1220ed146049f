import Compute
import Graph
import KernelInterface

/// Softmax(scale · q · k + mask) · v along the last axis; its scores are never a value of their own: fusion makes it.
///
/// q is [..., L, D] after its axes are put in `query_order`, k [..., D, S], v [..., S, E]; outer axes are broadcast. The
/// fourth input is added to the scores, rows of shares are multiplied by the fifth, [..., L, 1]. The result [..., L, E] is
/// written with its axes in `result_order`, which keeps the last one. With `zeroes_undefined` rows that have no shares, as no score
/// is above −∞, are 0.
struct Attention: LayerOperator {
    static let name = "striate.Attention"
    private let scale: Float
    private let orders: [[Int]?]
    private let resultOrder: [Int]?
    private let zeroesUndefined: Bool

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        scale = try attributes.float("scale", default: 1)
        var orders: [[Int]?] = []
        for name in ["query", "key", "value"] {
            orders.append(try attributes.ints("\(name)_order"))
        }
        self.orders = orders
        resultOrder = try attributes.ints("result_order")
        zeroesUndefined = try attributes.flag("zeroes_undefined", default: false)
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        var sources: [ValueID] = []
        var operands: [AttentionOperand] = []
        for index in 0..<3 {
            let source = try plan.value(plan.input(node, index), as: .dense)
            sources.append(source)
            operands.append(try AttentionOperand(plan.shape(of: source), orders[index], node))
        }
        var geometry = try AttentionGeometry(operands, resultOrder, scale: scale, node)
        geometry.zeroesUndefined = zeroesUndefined
        var masks: [(id: ValueID, mask: AttentionMask)?] = []
        for index in 3..<5 {
            guard let given = try plan.optionalInput(node, index) else {
                masks.append(nil)
                continue
            }
            let id = try plan.value(given, as: .dense)
            masks.append((id, try geometry.mask(plan.shape(of: id), node)))
        }
        let output = try plan.define(node.outputs[0], geometry.shape, .dense)
        plan.count(geometry.multiplyAdds, for: node)
        let cut = AttentionCut(geometry)
        if cut.isDivided {
            let keys = AttentionPanels(geometry.scoring, starts: geometry.starts.map(\.key))
            sources[1] = try keys.pack("keys of \(node.name)", sources[1], into: &plan)
            let values = AttentionPanels(geometry.summing, starts: geometry.starts.map(\.value))
            sources[2] = try values.pack("values of \(node.name)", sources[2], into: &plan)
            geometry.read(keys, values)
        }
        try addStep(
            node.name,
            geometry,
            cut,
            sources: sources,
            masks: masks,
            output: output,
            into: &plan
        )
    }

    private func addStep(
        _ name: String,
        _ geometry: AttentionGeometry,
        _ cut: AttentionCut,
        sources: [ValueID],
        masks: [(id: ValueID, mask: AttentionMask)?],
        output: ValueID,
        into plan: inout PlanBuilder
    ) throws(ModelError) {
        let kernels = plan.kernels
        // Behind the scores lie their sums.
        let scores = try plan.workerScratch(cut.rows * (geometry.keys + 1))
        let inner = max(geometry.size, geometry.keys)
        let panel = try plan.workerScratch(inner * kernels.panelWidth)
        plan.step(
            name,
            chunks: cut.chunks,
            reads: sources + masks.compactMap { $0?.id },
            writes: [output, scores, panel]
        ) { placement in
            let (q, k, v) = (placement[sources[0]], placement[sources[1]], placement[sources[2]])
            let (to, own, packed) = (placement[output], placement[scores], placement[panel])
            let mask = masks[0].map { ($0.mask, placement[$0.id]) }
            let keep = masks[1].map { ($0.mask, placement[$0.id]) }
            return { arena, chunk in
                let places = AttentionPlaces(
                    query: q.position(in: arena),
                    key: k.position(in: arena),
                    value: v.position(in: arena),
                    mask: mask.map { ($0.0, $0.1.position(in: arena)) },
                    keep: keep.map { ($0.0, $0.1.position(in: arena)) },
                    scores: own.position(in: arena),
                    sums: own.position(in: arena) + cut.rows * geometry.keys,
                    panel: packed.position(in: arena),
                    result: to.position(in: arena)
                )
                cut.forEach(in: chunk) { matrix, rows in
                    geometry.attend(places, matrix: matrix, rows: rows, kernels)
                }
            }
        }
    }
}

/// Where the values of an attention lie.
struct AttentionPlaces {
    let query, key, value: FloatPosition
    let mask, keep: (mask: AttentionMask, position: FloatPosition)?
    /// Rows of scores, and their sums once they are powers of e.
    let scores, sums: FloatPosition
    /// Columns that are packed for a product.
    let panel: FloatPosition
    let result: FloatPosition
}

extension AttentionGeometry {
    /// Some rows of one matrix: scores, shares and means of values.
    fileprivate func attend(
        _ places: AttentionPlaces,
        matrix: Int,
        rows: Range<Int>,
        _ kernels: KernelSet
    ) {
        let (start, scores) = (starts[matrix], places.scores)
        let part = ProductPart(rows: 0..<rows.count, columns: 0..<keys)
        var scoring = scoring
        var addend: FloatPosition?
        if let (mask, position) = places.mask {
            (scoring.addendRow, scoring.addendColumn) = (mask.row, mask.column)
            addend = position + (mask.starts[matrix] + rows.lowerBound * mask.row)
        }
        kernels.multiply(
            scoring,
            left: places.query + (start.query + rows.lowerBound * scoring.leftRow),
            right: places.key + start.key,
            addend: addend,
            panel: places.panel,
            into: scores,
            part
        )
        for row in 0..<rows.count {
            let powers = scores + row * keys
            places.sums[row] = kernels.exponentials(powers, into: powers, count: keys)
            guard zeroesUndefined, places.sums[row].isNaN else { continue }
            for column in 0..<keys { powers[column] = 0 }
            places.sums[row] = 1
        }
        let result = places.result + (start.result + rows.lowerBound * summing.resultRow)
        kernels.multiply(
            summing,
            left: scores,
            right: places.value + start.value,
            addend: nil,
            panel: places.panel,
            into: result,
            ProductPart(rows: 0..<rows.count, columns: 0..<summing.columns)
        )
        // Means are as wide as values, of which there are fewer numbers than shares.
        for row in 0..<rows.count {
            let means = result + row * summing.resultRow
            kernels.join(
                .divide,
                means,
                places.sums + row,
                into: means,
                count: summing.columns,
                steps: (1, 0)
            )
            guard let (keep, position) = places.keep else { continue }
            kernels.join(
                .multiply,
                means,
                position + (keep.starts[matrix] + (rows.lowerBound + row) * keep.row),
                into: means,
                count: summing.columns,
                steps: (1, 0)
            )
        }
    }
}
