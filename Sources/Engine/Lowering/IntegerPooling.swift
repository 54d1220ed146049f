import Compute
import Graph

extension PlanBuilder {
    /// The largest byte of each window.
    mutating func integerMaximum(
        _ node: Node,
        _ input: ValueID,
        _ windows: Windows
    ) throws(ModelError) {
        let type = self[input].type
        let image = try node.imageShape(shape(of: input), axisCount: windows.axisCount)
        guard let kernel = windows.kernel else {
            throw .shape(node: node.name, reason: "kernel_shape is missing")
        }
        let (rows, columns) = try windows.axes(
            node,
            kernel: kernel,
            height: image.height,
            width: image.width
        )
        let places = BytePlaces(rows: rows, columns: columns, channels: image.channels)
        try places.checkCount(images: image.count, effort: image.channels / 32, node)
        let source = try value(input, as: .last)
        let output = try define(
            node.outputs[0],
            image.result(channels: image.channels, height: rows.output, width: columns.output),
            .last,
            type: type
        )
        let list = try PlaceList(places, into: &self)
        let kernels = kernels
        step(
            node.name,
            chunks: image.count * places.lists,
            reads: [source],
            writes: [output, list.scratch]
        ) { placement in
            let (from, to) = (placement[source], placement[output])
            let scratch = placement[list.scratch]
            let lists = WindowLists(places, isKept: list.isKept)
            return { arena, chunk in
                let (picture, part) = chunk.quotientAndRemainder(dividingBy: places.lists)
                let rows = places.rows(of: part)
                // No byte is smaller than 0.
                let (source, offsets) = lists.places(
                    of: part,
                    image: picture,
                    in: from.position(in: arena).bytes,
                    scratch: list.room(at: scratch.position(in: arena).bytes),
                    zero: 0
                )
                let first =
                    (picture * places.rows.output + rows.lowerBound)
                    * places.columns.output * places.channels
                kernels.largestBytes(
                    IntegerRows(taps: places.taps, channels: places.channels),
                    at: source,
                    offsets: offsets,
                    count: rows.count * places.columns.output,
                    into: to.position(in: arena).bytes + first,
                    row: places.channels
                )
            }
        }
    }

    /// The larger of two halves of the channels: [N, C, …] to [N, C/2, …].
    mutating func integerMaxout(_ node: Node, _ input: ValueID) throws(ModelError) {
        var shape = shape(of: input)
        guard (2...4).contains(shape.rank), shape[1] > 0, shape[1] % 2 == 0 else {
            throw .shape(node: node.name, reason: "the channels of \(shape) are no two halves")
        }
        let isImage = shape.rank > 2
        let source = try value(input, as: isImage ? .last : .shifted)
        let (channels, type) = (shape[1], self[source].type)
        let rows = shape.count / channels
        shape[1] = channels / 2
        let layout: Layout = isImage ? .last : type == .int8 ? .shifted : .dense
        let output = try define(node.outputs[0], shape, layout, type: type)
        let perList = min(max(1, rows), 256)
        let list = FloatStorage(.integers((0..<2 * perList).map { $0 * channels / 2 }))
        let kernels = kernels
        step(
            node.name,
            chunks: (rows + perList - 1) / perList,
            reads: [source],
            writes: [output],
            isExact: true
        ) { placement in
            let (from, to) = (placement[source], placement[output])
            return { arena, chunk in
                let first = chunk * perList
                kernels.largestBytes(
                    IntegerRows(taps: 2, channels: channels / 2),
                    at: from.position(in: arena).bytes + first * channels,
                    offsets: list.start.bytes,
                    count: min(perList, rows - first),
                    into: to.position(in: arena).bytes + first * (channels / 2),
                    row: channels / 2
                )
            }
        }
    }

    /// The mean of each channel, as steps of another size: [N, C, H, W] to [N, C, 1, 1].
    mutating func integerMean(
        _ node: Node,
        _ input: ValueID,
        _ from: ByteSteps,
        to steps: ByteSteps
    ) throws(ModelError) {
        let source = try value(input, as: .last)
        let image = self[source].image.dimensions
        let (count, channels, pixels) = (image[0], image[1], image[2] * image[3])
        guard pixels > 0, pixels <= 1 << 16 else {
            throw .shape(node: node.name, reason: "its windows have too many elements for one step")
        }
        let output = try define(
            node.outputs[0],
            [count, channels, 1, 1],
            .last,
            type: steps.type
        )
        let list = FloatStorage(.integers((0..<pixels).map { $0 * channels }))
        let sums = try scratch(count * channels)
        let kernels = kernels
        step(node.name, chunks: count, reads: [source], writes: [output, sums]) { placement in
            let (x, y, sums) = (placement[source], placement[output], placement[sums])
            return { arena, picture in
                let totals = sums.position(in: arena).bytes + 4 * picture * channels
                kernels.sumsOfBytes(
                    IntegerRows(taps: pixels, channels: channels),
                    at: x.position(in: arena).bytes + picture * pixels * channels,
                    offsets: list.start.bytes,
                    count: 1,
                    into: totals,
                    row: channels
                )
                let target = y.position(in: arena).bytes + picture * channels
                for channel in 0..<channels {
                    let sum = Int(totals[short: channel]) - pixels * from.steps.zero
                    let mean = Double(sum) * Double(from.scale) / Double(pixels)
                    let value = Double(Float(mean) / steps.scale).quantised(steps.type, steps.zero)
                    target[byte: channel] = UInt8(truncatingIfNeeded: value + steps.shift)
                }
            }
        }
    }
}
