import Compute
import Graph
import KernelInterface

/// Lowers a reduction: axes that do not lie side by side are moved together first.
struct ReductionLowering {
    let node: Node
    let reduction: AxisReduction
    /// The axes that go, and whether they stay with one element.
    let axes: Set<Int>
    let keeps: Bool

    func lower(_ source: ValueID, into plan: inout PlanBuilder) throws(ModelError) {
        let shape = plan.shape(of: source)
        let gone = axes
        guard shape.count > 0 else {
            throw .shape(node: node.name, reason: "there is nothing to reduce")
        }
        let sizes = shape.dimensions
        let result = Shape(
            sizes.indices.compactMap { gone.contains($0) ? keeps ? 1 : nil : sizes[$0] }
        )
        if reduction.isPlain, result.count == shape.count {
            _ = try plan.alias(node.outputs[0], of: source, shape: result)
            return
        }
        let (values, blocks) = try plan.sideBySide(source, gone, node)
        let type = plan[source].type
        let output = try plan.define(node.outputs[0], result, .dense, type: type)
        if type == .float32 {
            try reduceFloats(values, blocks, to: output, into: &plan)
        } else {
            try reduceIntegers(values, blocks, to: output, into: &plan)
        }
    }

    private func reduceFloats(
        _ source: ValueID,
        _ blocks: AxisBlocks,
        to output: ValueID,
        into plan: inout PlanBuilder
    ) throws(ModelError) {
        if reduction.function == .exponentials {
            try sumExponentials(source, blocks, to: output, into: &plan)
            return
        }
        let (kernels, geometry) = (plan.kernels, reduction.geometry(blocks))
        let takesLogarithm = reduction.takesLogarithm
        plan.step(
            node.name,
            chunks: blocks.chunks,
            reads: [source],
            writes: [output],
            isExact: true
        ) {
            placement in
            let (from, to) = (placement[source], placement[output])
            return { arena, chunk in
                let (x, y) = (from.position(in: arena), to.position(in: arena))
                kernels.reduce(geometry, blocks, chunk: chunk, x, shifts: nil, into: y)
                guard takesLogarithm else { return }
                blocks.forEach(in: chunk) { block, columns in
                    let part = y + (block * blocks.inner + columns.lowerBound)
                    kernels.apply(ElementFunction(.log), part, into: part, count: columns.count)
                }
            }
        }
    }

    /// log Σ exp(x) = m + log Σ exp(x − m), m the largest x, or the largest number if that is infinite.
    private func sumExponentials(
        _ source: ValueID,
        _ blocks: AxisBlocks,
        to output: ValueID,
        into plan: inout PlanBuilder
    ) throws(ModelError) {
        let shifts = try plan.scratch(blocks.outer * blocks.inner)
        let (kernels, geometry) = (plan.kernels, reduction.geometry(blocks))
        var largest = geometry
        largest.function = .maximum
        plan.step(
            node.name,
            chunks: blocks.chunks,
            reads: [source],
            writes: [output, shifts],
            isExact: true
        ) {
            [largest] placement in
            let (from, to, shift) = (placement[source], placement[output], placement[shifts])
            return { arena, chunk in
                let (x, y) = (from.position(in: arena), to.position(in: arena))
                let m = shift.position(in: arena)
                kernels.reduce(largest, blocks, chunk: chunk, x, shifts: nil, into: m)
                blocks.forEach(in: chunk) { block, columns in
                    let part = m + (block * blocks.inner + columns.lowerBound)
                    let limit = Float.greatestFiniteMagnitude
                    kernels.clip(part, from: -limit, to: limit, into: part, count: columns.count)
                }
                kernels.reduce(geometry, blocks, chunk: chunk, x, shifts: m, into: y)
                blocks.forEach(in: chunk) { block, columns in
                    let place = block * blocks.inner + columns.lowerBound
                    let (part, count) = (y + place, columns.count)
                    kernels.apply(ElementFunction(.log), part, into: part, count: count)
                    kernels.combine(.sum, part, m + place, into: part, count: count)
                }
            }
        }
    }

    private func reduceIntegers(
        _ source: ValueID,
        _ blocks: AxisBlocks,
        to output: ValueID,
        into plan: inout PlanBuilder
    ) throws(ModelError) {
        let (type, kind, width) = (plan[source].type, plan[source].kind, plan[source].width)
        let isExtreme = reduction.function == .maximum || reduction.function == .minimum
        guard let function = reduction.onIntegers,
            type.isPlannedInteger || type == .bool && isExtreme
        else {
            throw .shape(
                node: node.name,
                reason: "\(node.op) of \(type.rawValue) is not planned"
            )
        }
        let kernels = plan.kernels
        plan.step(
            node.name,
            chunks: blocks.chunks,
            reads: [source],
            writes: [output],
            isExact: true
        ) {
            placement in
            let (from, to) = (placement[source], placement[output])
            return { arena, chunk in
                let (x, y) = (from.position(in: arena).bytes, to.position(in: arena).bytes)
                blocks.forEach(in: chunk) { block, columns in
                    for column in columns {
                        kernels.fold(
                            function,
                            of: kind,
                            x + (block * blocks.size + column) * width,
                            stride: blocks.inner,
                            into: y + (block * blocks.inner + column) * width,
                            count: blocks.count
                        )
                    }
                }
            }
        }
    }
}

extension KernelSet {
    /// A chunk of the blocks of a reduction.
    fileprivate func reduce(
        _ geometry: ReductionGeometry,
        _ blocks: AxisBlocks,
        chunk: Int,
        _ x: FloatPosition,
        shifts: FloatPosition?,
        into y: FloatPosition
    ) {
        if blocks.inner == 1 {
            let rows = blocks.blocks(ofChunk: chunk)
            let first = rows.lowerBound
            reduceRows(
                geometry,
                x + first * blocks.count,
                shifts: shifts.map { $0 + first },
                into: y + first,
                rows: rows.count
            )
            return
        }
        blocks.forEach(in: chunk) { block, columns in
            reduceColumns(
                geometry,
                x + block * blocks.size,
                shifts: shifts.map { $0 + block * blocks.inner },
                into: y + block * blocks.inner,
                columns: columns
            )
        }
    }
}

extension PlanBuilder {
    /// A row-major value around the axes that go: as it lies if they lie side by side, else with them at its end.
    mutating func sideBySide(
        _ source: ValueID,
        _ gone: Set<Int>,
        _ node: Node
    ) throws(ModelError) -> (ValueID, AxisBlocks) {
        let sizes = shape(of: source).dimensions
        // Axes of one element lie wherever they are wanted.
        let (kept, going) = (
            sizes.indices.filter { !gone.contains($0) && sizes[$0] > 1 },
            sizes.indices.filter { gone.contains($0) && sizes[$0] > 1 }
        )
        let count = going.reduce(1) { $0 * sizes[$1] }
        guard let first = going.first, let last = going.last else {
            return (source, AxisBlocks(outer: sizes.reduce(1, *), count: 1, inner: 1))
        }
        if !kept.contains(where: { first < $0 && $0 < last }) {
            let outer = sizes[..<first].reduce(1, *)
            let inner = sizes[(last + 1)...].reduce(1, *)
            return (source, AxisBlocks(outer: outer, count: count, inner: inner))
        }
        let moved = try transposed(source, kept + going, node)
        let outer = kept.reduce(1) { $0 * sizes[$1] }
        return (moved, AxisBlocks(outer: outer, count: count, inner: 1))
    }
}
