import Compute
import Graph

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
        let groups = layer.weights.size.isDepthwise ? 1 : layer.weights.size.groups
        let numbers = try layer.numbers(groups: groups, into: &plan)
        let isInteger = layer.outputType.byteCount == 1
        let output = try plan.define(
            isInteger ? node.outputs[0] : "",
            shape,
            .last,
            type: layer.outputType
        )
        places.pieces = layer.weights.pieces
        places.isInSquares = layer.weights.order == .squares
        let list = try PlaceList(places, into: &plan)
        let size = layer.weights.size
        plan.count(
            images * places.rows.output * places.columns.output * size.outputs * size.taps
                * size.channels,
            for: node
        )
        // Few lists are cut into parts of whole tiles of outputs.
        let perGroup = size.outputs / groups
        let parts =
            layer.weights.size.isDepthwise
            ? 1 : max(1, min(8 / (images * places.lists), (perGroup + 63) / 64))
        let squares =
            layer.weights.order == .squares
            ? try plan.workerScratch(KernelSet.squaresScratch(channels: size.channels) + 16) : nil
        let (kernels, layer, chunksOfImage) = (plan.kernels, layer, places.lists * parts)
        plan.step(
            node.name,
            chunks: images * chunksOfImage,
            reads: [source] + numbers.all + layer.reads,
            writes: [output, list.scratch] + (squares.map { [$0] } ?? [])
        ) { [places] placement in
            let work = Work(
                layer: layer,
                places: places,
                parts: parts,
                groups: groups,
                from: placement[source],
                to: placement[output],
                lists: WindowLists(places, isKept: list.isKept),
                list: list,
                scratch: placement[list.scratch],
                squares: squares.map { placement[$0] },
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
        let lists: WindowLists
        let list: PlaceList
        let scratch: Place
        /// Where windows are computed in squares.
        let squares: Place?
        let bias: Place
        let scale: Place
        let addend: Place
        let zero: @Sendable (PassArena) -> UInt8
        let kernels: KernelSet

        func run(_ arena: PassArena, image: Int, piece: Int) {
            let weights = layer.weights
            let (outputs, width) = (weights.outputs, layer.outputWidth)
            let rows = lists.rows(of: piece / parts)
            let (source, offsets) = lists.places(
                of: piece / parts,
                image: image,
                in: from.position(in: arena).bytes,
                scratch: list.room(at: scratch.position(in: arena).bytes),
                zero: zero(arena)
            )
            let count = rows.count * places.columns.output
            let pixel = (image * places.rows.output + rows.lowerBound) * places.columns.output
            let result = to.position(in: arena).bytes + pixel * outputs * width
            let numbers = OutputNumbers(
                bias: bias.position(in: arena).bytes,
                scale: scale.position(in: arena),
                addend: addend.position(in: arena)
            )
            let geometry = IntegerRows(taps: places.taps, channels: weights.size.channels)
            if weights.size.isDepthwise {
                kernels.multiplyIntegerChannels(
                    IntegerRows(taps: places.taps, channels: places.channels),
                    inFours: weights.order == .channelFours,
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
            if let squares {
                kernels.multiplyIntegerSquares(
                    geometry,
                    columns: places.columns.output,
                    at: source,
                    offsets: offsets,
                    count: count,
                    weights: weights.packed.start + part.lowerBound / 16 * weights.blockBytes,
                    scratch: squares.position(in: arena).bytes,
                    outputs: part.count,
                    numbers.moved(by: part.lowerBound),
                    layer.form,
                    into: result + part.lowerBound * width,
                    row: outputs
                )
                return
            }
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
