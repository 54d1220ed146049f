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

    /// Bytes inside of a range.
    mutating func clipped(
        _ node: Node,
        _ input: ValueID,
        to range: ClosedRange<Int>
    ) throws(ModelError) {
        let type = self[input].type
        let shift = type == .int8 ? 128 : 0
        let range = range.clamped(to: type.integerRange)
        let table = (0..<256).map { byte in
            UInt8(min(max(byte - shift, range.lowerBound), range.upperBound) + shift)
        }
        try lookedUp(node, input, table: table, type: type)
    }

    /// Images one behind the other along their channels, as steps of another size.
    mutating func integerJoint(
        _ node: Node,
        _ parts: [(id: ValueID, steps: ByteSteps)],
        as steps: ByteSteps
    ) throws(ModelError) {
        var shape = shape(of: parts[0].id)
        for part in parts.dropFirst() {
            let other = self.shape(of: part.id)
            var fitting = other
            guard other.rank == shape.rank else {
                throw .shape(node: node.name, reason: "\(shape) and \(other) do not join")
            }
            fitting[1] = shape[1]
            guard fitting == shape else {
                throw .shape(node: node.name, reason: "\(shape) and \(other) do not join")
            }
            shape[1] += other[1]
        }
        let channels = shape[1]
        let output = try define(node.outputs[0], shape, .last, type: steps.type)
        let pixels = channels == 0 ? 0 : shape.count / channels
        var first = 0
        for part in parts {
            let source = try value(part.id, as: .last)
            let own = self.shape(of: source)[1]
            let table =
                part.steps == steps ? nil : FloatStorage(.uint8(part.steps.table(to: steps)))
            let (place, chunks) = (first, max(1, min(64, pixels * own / 32768)))
            first += own
            step(
                node.name,
                chunks: chunks,
                reads: [source],
                writes: [output],
                isExact: true
            ) { placement in
                let (from, to) = (placement[source], placement[output])
                return { arena, chunk in
                    let (x, y) = (from.position(in: arena).bytes, to.position(in: arena).bytes)
                    for pixel in pixels * chunk / chunks..<pixels * (chunk + 1) / chunks {
                        let target = y + (pixel * channels + place)
                        if let table {
                            target.lookUp(x + pixel * own, in: table.start.bytes, count: own)
                        } else {
                            target.copy(from: x + pixel * own, bytes: own)
                        }
                    }
                }
            }
        }
    }

    /// The sum or product of two values, as steps of a third size.
    ///
    /// They are of the same shape, or the second has one number for each channel of the first's images.
    mutating func combined(
        _ node: Node,
        by combination: ByteCombination,
        _ a: (id: ValueID, steps: ByteSteps),
        _ b: (id: ValueID, steps: ByteSteps),
        as steps: ByteSteps,
        range: ClosedRange<Int>
    ) throws(ModelError) {
        let shape = shape(of: a.id)
        let isPerChannel = self.shape(of: b.id).isPerChannel(of: shape)
        guard isPerChannel || self.shape(of: b.id) == shape else {
            throw .shape(node: node.name, reason: "\(shape) and \(self.shape(of: b.id)) differ")
        }
        let isLast =
            isPerChannel || self[a.id].layout == .last || self[b.id].layout == .last
        let x = try value(a.id, as: isLast ? .last : .shifted)
        let y = try value(b.id, as: isLast ? .last : .shifted)
        let layout: Layout = isLast ? .last : steps.type == .int8 ? .shifted : .dense
        let output = try define(node.outputs[0], shape, layout, type: steps.type)
        // Whole pixels, each times the image's numbers.
        let run = isPerChannel ? shape[1] : shape.count
        let stretches = Stretches(shape.count, unit: isPerChannel ? run : 64)
        let perImage = isPerChannel ? shape.count / shape[0] : shape.count
        let (kernels, held) = (kernels, steps.range(range))
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
                var start = part.lowerBound
                while start < part.upperBound {
                    let count = isPerChannel ? run : part.count
                    let own = isPerChannel ? start / perImage * run : start
                    kernels.combineQuantized(
                        combination,
                        (first.position(in: arena).bytes + start, a.steps.steps),
                        (second.position(in: arena).bytes + own, b.steps.steps),
                        as: steps.steps,
                        range: held,
                        into: to.position(in: arena).bytes + start,
                        count: count
                    )
                    start += count
                }
            }
        }
    }
}

extension Shape {
    /// Whether it is [N, C, 1, …] of images [N, C, …].
    func isPerChannel(of images: Shape) -> Bool {
        (3...4).contains(rank) && rank == images.rank && count > 0 && images.count > count
            && self[0] == images[0] && self[1] == images[1]
            && dimensions[2...].allSatisfy { $0 == 1 }
    }
}
