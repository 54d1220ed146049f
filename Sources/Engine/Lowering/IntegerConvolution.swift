import Compute
import Graph

/// Windows over images whose channels lie side by side, as lists of places.
struct BytePlaces: Sendable {
    let rows: WindowAxis
    let columns: WindowAxis
    /// Of all groups together.
    let channels: Int
    /// How often the taps are listed.
    var pieces = 1

    var taps: Int { rows.kernel * columns.kernel * pieces }
    var pixels: Int { rows.input * columns.input }
    var reachesPadding: Bool {
        rows.padBegin > 0 || columns.padBegin > 0 || rows.reachedEnd > 0 || columns.reachedEnd > 0
    }

    /// A second of listing places.
    private static let mostPlaces = 1 << 29

    /// Refuses windows of so many taps that listing them would keep a core for long; each takes `effort` times as long.
    ///
    /// - Throws: `shape`.
    func checkCount(images: Int, effort: Int = 1, _ node: Node) throws(ModelError) {
        // Sizes are below 2^40 together (Windows.axes), images below 2^40 too.
        let perImage = rows.output * columns.output * taps
        guard perImage <= Self.mostPlaces / max(1, images) / max(1, effort) else {
            throw .shape(
                node: node.name,
                reason: "its windows have too many elements for one step"
            )
        }
    }

    /// Output rows whose places are listed together: enough pixels for whole tiles.
    var rowsPerList: Int { max(1, min(rows.output, 48 / max(1, columns.output))) }
    var lists: Int { (rows.output + rowsPerList - 1) / rowsPerList }

    /// Bytes from the windows of an output row to those of the next.
    var rowStep: Int { rows.stride * columns.input * channels }

    private static let mostSteady = 1 << 17

    /// The list of all windows, from where the first begins; nil where some reach padding, or it is long.
    var steady: FloatStorage? {
        let count = rowsPerList * columns.output * taps
        guard !reachesPadding, count > 0, count <= Self.mostSteady else { return nil }
        let storage = FloatStorage(count: 2 * count)
        write(0..<rowsPerList, first: 0, padding: -1, into: storage.start.bytes)
        return storage
    }

    /// The output rows of a list.
    func rows(of list: Int) -> Range<Int> {
        list * rowsPerList..<min((list + 1) * rowsPerList, rows.output)
    }

    /// Output columns whose windows lie inside of the image.
    private var insideColumns: Range<Int> {
        let reach = (columns.kernel - 1) * columns.dilation
        let first = (max(0, columns.padBegin) + columns.stride - 1) / columns.stride
        let room = columns.input - 1 - reach + columns.padBegin
        let end = room < 0 ? 0 : min(columns.output, room / columns.stride + 1)
        return min(first, end)..<end
    }

    /// Writes the places of all taps of the pixels of output rows; `first` is that of the image's first byte, `padding`
    /// that of bytes that stand for zero.
    func write(_ output: Range<Int>, first: Int, padding: Int, into list: BytePosition) {
        let (count, kernel) = (output.count * columns.output * taps, rows.kernel * columns.kernel)
        list.withMutableIntegers(count: count) { places in
            var index = 0
            let inside = insideColumns
            for y in output {
                for x in 0..<columns.output {
                    if x > inside.lowerBound, x < inside.upperBound {
                        // As far from those of the pixel before as all are; what lies in the padding stays there.
                        for _ in 0..<taps {
                            let before = places[index - taps]
                            places[index] =
                                before == padding
                                ? padding : before + columns.stride * channels
                            index += 1
                        }
                        continue
                    }
                    for a in 0..<rows.kernel {
                        let row = y * rows.stride + a * rows.dilation - rows.padBegin
                        let isRow = row >= 0 && row < rows.input
                        var column = x * columns.stride - columns.padBegin
                        for _ in 0..<columns.kernel {
                            let isInside = isRow && column >= 0 && column < columns.input
                            places[index] =
                                isInside
                                ? first + (row * columns.input + column) * channels : padding
                            index += 1
                            column += columns.dilation
                        }
                    }
                    for _ in 1..<max(1, pieces) {
                        for _ in 0..<kernel {
                            places[index] = places[index - kernel]
                            index += 1
                        }
                    }
                }
            }
        }
    }
}

/// Memory of a worker: a list of places, if there is one, and bytes that stand for zero.
struct PlaceList {
    let scratch: ValueID
    let listBytes: Int

    init(_ places: BytePlaces?, padding: Int, into plan: inout PlanBuilder) throws(ModelError) {
        listBytes = places.map { $0.rowsPerList * $0.columns.output * $0.taps * 8 } ?? 0
        scratch = try plan.workerScratch((listBytes + padding + 64) / 4 + 16)
    }
}

/// Adds the step of a convolution of bytes.
struct IntegerConvolution {
    let layer: IntegerLayer
    let places: BytePlaces
    let lines: KernelLines?
    /// Images, and channels of the result.
    let images: Int
    let shape: Shape

    func lower(_ input: ValueID, into plan: inout PlanBuilder) throws(ModelError) {
        let node = layer.node
        var source = try plan.value(input, as: .last)
        var places = places
        if let lines {
            source = try lines.padded(source, layer, into: &plan)
            places = lines.places
        }
        let groups = layer.weights.isDepthwise ? 1 : layer.weights.size.groups
        let numbers = try layer.numbers(groups: groups, into: &plan)
        let isInteger = layer.outputType.byteCount == 1
        let output = try plan.define(
            isInteger ? node.outputs[0] : "",
            shape,
            .last,
            type: layer.outputType
        )
        places.pieces = layer.weights.pieces
        let steady = places.steady
        let list = try PlaceList(
            steady == nil ? places : nil,
            padding: places.channels,
            into: &plan
        )
        let size = layer.weights.size
        plan.count(
            images * places.rows.output * places.columns.output * size.outputs * size.taps
                * size.channels,
            for: node
        )
        // Few lists are cut into parts of whole tiles of outputs.
        let perGroup = size.outputs / groups
        let parts =
            layer.weights.isDepthwise
            ? 1 : max(1, min(8 / (images * places.lists), (perGroup + 63) / 64))
        let (kernels, layer, chunksOfImage) = (plan.kernels, layer, places.lists * parts)
        plan.step(
            node.name,
            chunks: images * chunksOfImage,
            reads: [source] + numbers.all + layer.reads,
            writes: [output, list.scratch]
        ) { [places] placement in
            let work = Work(
                layer: layer,
                places: places,
                parts: parts,
                groups: groups,
                from: placement[source],
                to: placement[output],
                list: placement[list.scratch],
                steady: steady,
                listBytes: list.listBytes,
                bias: placement[numbers.bias],
                scale: placement[numbers.scale],
                addend: placement[numbers.addend],
                zero: layer.zeroByte(placement),
                kernels: kernels
            )
            return { arena, chunk in
                work.run(arena, image: chunk / chunksOfImage, piece: chunk % chunksOfImage)
            }
        }
        guard !isInteger else { return }
        // Steps of other numbers know no channels side by side.
        let dense = try plan.value(output, as: .dense)
        _ = try plan.alias(node.outputs[0], of: dense, shape: shape)
    }

    /// All that a chunk needs.
    private struct Work: Sendable {
        let layer: IntegerLayer
        let places: BytePlaces
        let parts: Int
        let groups: Int
        let from: Place
        let to: Place
        let list: Place
        let steady: FloatStorage?
        let listBytes: Int
        let bias: Place
        let scale: Place
        let addend: Place
        let zero: @Sendable (PassArena) -> UInt8
        let kernels: KernelSet

        func run(_ arena: PassArena, image: Int, piece: Int) {
            let weights = layer.weights
            let (outputs, width) = (weights.outputs, layer.outputWidth)
            let rows = places.rows(of: piece / parts)
            var source = from.position(in: arena).bytes
            let first = image * places.pixels * places.channels
            var offsets = list.position(in: arena).bytes
            if let steady {
                source = source + (first + rows.lowerBound * places.rowStep)
                offsets = steady.start.bytes
            } else {
                let padding = offsets + listBytes
                padding.fill(zero(arena), count: places.channels + 16)
                places.write(
                    rows,
                    first: first,
                    padding: source.distance(to: padding),
                    into: offsets
                )
            }
            let count = rows.count * places.columns.output
            let pixel = (image * places.rows.output + rows.lowerBound) * places.columns.output
            let result = to.position(in: arena).bytes + pixel * outputs * width
            let numbers = OutputNumbers(
                bias: bias.position(in: arena).bytes,
                scale: scale.position(in: arena),
                addend: addend.position(in: arena)
            )
            let geometry = IntegerRows(taps: places.taps, channels: weights.size.channels)
            if weights.isDepthwise {
                kernels.multiplyIntegerChannels(
                    IntegerRows(taps: places.taps, channels: places.channels),
                    inFours: weights.isInFours,
                    at: source,
                    offsets: offsets,
                    count: count,
                    weights: weights.packed.start,
                    numbers,
                    layer.form,
                    into: result,
                    row: outputs
                )
                return
            }
            let perGroup = outputs / groups
            let part = part(piece % parts, of: perGroup)
            for group in 0..<groups {
                let start = group * weights.paddedOutputs + part.lowerBound
                kernels.multiplyIntegers(
                    geometry,
                    at: source + group * weights.size.channels,
                    offsets: offsets,
                    count: count,
                    weights: weights.packed.start
                        + (group * weights.groupBytes
                            + part.lowerBound / 16 * weights.blockBytes),
                    outputs: part.count,
                    numbers.moved(by: start),
                    layer.form,
                    into: result + (group * perGroup + part.lowerBound) * width,
                    row: outputs
                )
            }
        }

        /// Whole blocks of 16 outputs.
        private func part(_ index: Int, of outputs: Int) -> Range<Int> {
            let blocks = (outputs + 15) / 16
            let start = min(outputs, blocks * index / parts * 16)
            return start..<min(outputs, blocks * (index + 1) / parts * 16)
        }
    }
}

extension IntegerLayer {
    /// Values that its steps read beside the input and the numbers.
    var reads: [ValueID] {
        if case .value(let id) = zero { [id] } else { [] }
    }
}

extension OutputNumbers {
    /// Those of the outputs from `count` on.
    func moved(by count: Int) -> OutputNumbers {
        OutputNumbers(bias: bias + 4 * count, scale: scale + count, addend: addend + count)
    }
}
