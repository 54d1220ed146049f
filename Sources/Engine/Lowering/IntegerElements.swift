import Compute
import Graph

extension PlanBuilder {
    /// Bytes in the layout in which kernels of integers compute: images channels last, everything else row-major.
    mutating func bytes(_ id: ValueID) throws(ModelError) -> ValueID {
        let isImage = (3...4).contains(shape(of: id).rank)
        return try value(id, as: isImage && self[id].layout == .last ? .last : .shifted)
    }

    /// Real numbers as bytes.
    mutating func quantized(
        _ node: Node,
        _ input: ValueID,
        _ steps: ByteSteps
    ) throws(ModelError) {
        let source = try value(input, as: .dense)
        let layout: Layout = steps.type == .int8 ? .shifted : .dense
        let output = try define(node.outputs[0], shape(of: source), layout, type: steps.type)
        let kernels = kernels
        elementStep(node.name, from: source, to: output) { x, y, count in
            kernels.quantize(x.floats, steps.steps, range: steps.range(), into: y, count: count)
        }
    }

    /// Bytes as real numbers.
    mutating func dequantized(
        _ node: Node,
        _ input: ValueID,
        _ steps: ByteSteps
    ) throws(ModelError) {
        let source = try bytes(input)
        let isLast = self[source].layout == .last
        let output = try define(
            isLast ? "" : node.outputs[0],
            shape(of: source),
            isLast ? .last : .dense
        )
        let kernels = kernels
        elementStep(node.name, from: source, to: output) { x, y, count in
            kernels.dequantize(x, steps.steps, into: y.floats, count: count)
        }
        guard isLast else { return }
        // Steps of real numbers know no channels side by side.
        let dense = try value(output, as: .dense)
        _ = try alias(node.outputs[0], of: dense, shape: shape(of: dense))
    }

    /// Each byte's entry in a table of 256.
    mutating func lookedUp(
        _ node: Node,
        _ input: ValueID,
        table: [UInt8],
        type: ElementType
    ) throws(ModelError) {
        let source = try bytes(input)
        let layout: Layout =
            self[source].layout == .last ? .last : type == .int8 ? .shifted : .dense
        let output = try define(node.outputs[0], shape(of: source), layout, type: type)
        let stored = FloatStorage(.uint8(table))
        elementStep(node.name, from: source, to: output) { x, y, count in
            y.lookUp(x, in: stored.start.bytes, count: count)
        }
    }

    /// The sum of two values of the same shape, as steps of a third size.
    mutating func integerSum(
        _ node: Node,
        _ a: (id: ValueID, steps: ByteSteps),
        _ b: (id: ValueID, steps: ByteSteps),
        as steps: ByteSteps,
        range: ClosedRange<Int>
    ) throws(ModelError) {
        guard shape(of: a.id) == shape(of: b.id) else {
            throw .shape(node: node.name, reason: "sums of integers are of one shape")
        }
        let isLast = self[a.id].layout == .last || self[b.id].layout == .last
        let x = try value(a.id, as: isLast ? .last : .shifted)
        let y = try value(b.id, as: isLast ? .last : .shifted)
        let layout: Layout = isLast ? .last : steps.type == .int8 ? .shifted : .dense
        let output = try define(node.outputs[0], shape(of: x), layout, type: steps.type)
        let (kernels, stretches) = (kernels, Stretches(shape(of: x).count))
        let held = steps.range(range)
        step(
            node.name,
            chunks: stretches.chunks,
            reads: [x, y],
            writes: [output],
            isExact: true
        ) { placement in
            let (first, second, to) = (placement[x], placement[y], placement[output])
            return { arena, chunk in
                let part = stretches[chunk]
                kernels.addQuantized(
                    (first.position(in: arena).bytes + part.lowerBound, a.steps.steps),
                    (second.position(in: arena).bytes + part.lowerBound, b.steps.steps),
                    steps.steps,
                    range: held,
                    into: to.position(in: arena).bytes + part.lowerBound,
                    count: part.count
                )
            }
        }
    }
}
