import Compute
import Graph

extension Families {
    static let triangles: [String: DeclaredOperator] = [
        "Trilu": .init(Trilu.self, takes: 1...2, gives: 1...1)
    ]
}

/// The upper or lower triangle of matrices, zeros elsewhere.
struct Trilu: PlannedOperator {
    static var bytesPerInput: Int { 0 }
    private let isUpper: Bool

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        isUpper = try attributes.flag("upper", default: true)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        let shape = input.shape.dimensions
        guard shape.count >= 2 else { throw operands.fail("Trilu needs matrices") }
        _ = try operands.count(shape)
        let diagonal = try operands.optionalInteger(1) ?? 0
        guard let all = input.elements.joined(.zeros(1, input.type)) else {
            throw operands.unfit(input.type)
        }
        let (rows, columns) = (shape[shape.count - 2], shape[shape.count - 1])
        let limit = min(max(diagonal, -rows - columns), rows + columns)
        let sources = (0..<input.count).map { index in
            let (row, column) = (index / columns % rows, index % columns)
            let isKept = isUpper ? column - row >= limit : column - row <= limit
            return isKept ? index : input.count
        }
        return [Tensor(shape: input.shape, elements: all.picking(sources))]
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let source = try plan.typed(node, 0)
        let shape = plan.shape(of: source)
        guard shape.rank >= 2, shape.count > 0 else {
            throw .shape(node: node.name, reason: "Trilu needs matrices")
        }
        var diagonal = 0
        if node.inputs.count > 1, !node.inputs[1].isEmpty {
            guard let given = plan.constant(node, 1)?.elements.signed, given.count == 1 else {
                throw .shape(node: node.name, reason: "Trilu is planned with a constant diagonal")
            }
            diagonal = given[0]
        }
        let (height, columns) = (shape[shape.rank - 2], shape[shape.rank - 1])
        diagonal = min(max(diagonal, -height - columns), height + columns)
        let (width, isUpper, first) = (plan[source].width, isUpper, diagonal)
        let output = try plan.define(node.outputs[0], shape, .dense, type: plan[source].type)
        let parts = Stretches(shape.count / columns, least: 32768 / columns, unit: 1)
        plan.step(node.name, chunks: parts.chunks, reads: [source], writes: [output], isExact: true)
        { placement in
            let (from, to) = (placement[source], placement[output])
            return { arena, chunk in
                for row in parts[chunk] {
                    let x = from.position(in: arena).bytes + row * columns * width
                    let y = to.position(in: arena).bytes + row * columns * width
                    // Upper: the columns from here on; lower: those before.
                    let edge = row % height + first + (isUpper ? 0 : 1)
                    let cut = min(max(edge, 0), columns) * width
                    let end = columns * width
                    if isUpper {
                        y.clear(bytes: cut)
                        (y + cut).copy(from: x + cut, bytes: end - cut)
                    } else {
                        y.copy(from: x, bytes: cut)
                        (y + cut).clear(bytes: end - cut)
                    }
                }
            }
        }
    }
}
