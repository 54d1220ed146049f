import Compute
import KernelInterface

/// Layers whose kernels are not shared by all positions or all channels.
extension KernelBench {
    /// Four 3×3 kernels that take turns, the halo included.
    func tiled(_ name: String, channels: Int, side: Int) -> Contender {
        let (kernel, tile) = (3, 2)
        let row = (side + kernel - 1) * 16
        let order = OutputOrder.plain(channels)
        var geometry = geometry(
            inputBlocks: blocks(of: channels),
            input: ImageStrides(plane: (side + kernel - 1) * row, row: row),
            kernel: kernel,
            height: side / tile,
            width: side / tile
        )
        (geometry.strideHeight, geometry.strideWidth) = (tile, tile)
        (geometry.outputPlane, geometry.outputRow) = (side * side * 16, tile * side * 16)
        geometry.outputColumn = tile * 16
        let sums = channels * kernel * kernel
        let weights = (0..<tile * tile).map { _ in
            Packing.convolution(
                Self.numbers(channels * sums),
                order,
                inputs: channels,
                height: kernel,
                width: kernel,
                for: kernels
            )
        }
        let bias = Packing.vector(Self.numbers(channels), order)
        let input = FloatStorage(Self.numbers(geometry.inputBlocks * geometry.inputPlane))
        let output = FloatStorage(count: order.blocks * geometry.outputPlane)
        return Contender(name: name, multiplyAdds: channels * sums * side * side) { [geometry] in
            for (index, weights) in weights.enumerated() {
                let (down, right) = (index / tile, index % tile)
                kernels.convolve(
                    .blocked,
                    geometry,
                    input: input.start + (down * row + right * 16),
                    weights: weights.start,
                    bias: bias.start,
                    output: output.start + (down * side * 16 + right * 16),
                    blocks: 0..<order.blocks
                )
            }
        }
    }

    /// 3×3 kernels of their own at every position, the halo included.
    func local(_ name: String, channels: Int, side: Int) -> Contender {
        let kernel = 3
        let row = (side + kernel - 1) * 16
        let geometry = geometry(
            inputBlocks: blocks(of: channels),
            input: ImageStrides(plane: (side + kernel - 1) * row, row: row),
            kernel: kernel,
            height: side,
            width: side
        )
        let count = side * side * channels * channels * kernel * kernel
        let weights = FloatStorage(Self.numbers(count))
        let bias = FloatStorage(Self.numbers(side * side * channels))
        let input = FloatStorage(Self.numbers(geometry.inputBlocks * geometry.inputPlane))
        let output = FloatStorage(count: blocks(of: channels) * geometry.outputPlane)
        return Contender(name: name, multiplyAdds: count, reading: reading(weights)) {
            kernels.convolveLocal(
                isPlanar: false,
                geometry,
                input: input.start,
                weights: weights.start,
                bias: bias.start,
                output: output.start,
                totalBlocks: blocks(of: channels),
                blocks: 0..<blocks(of: channels)
            )
        }
    }

    /// Reads memory from end to end by four sums at once: the means of its four quarters.
    private func reading(_ memory: FloatStorage) -> () -> Void {
        let width = memory.count / 64
        var geometry = PoolGeometry()
        (geometry.inputHeight, geometry.inputWidth) = (1, 4 * width)
        (geometry.inputPlane, geometry.inputRow) = (4 * width * 16, 4 * width * 16)
        (geometry.kernelHeight, geometry.kernelWidth) = (1, width)
        (geometry.strideHeight, geometry.strideWidth) = (1, width)
        (geometry.dilationHeight, geometry.dilationWidth) = (1, 1)
        (geometry.outputHeight, geometry.outputWidth) = (1, 4)
        (geometry.outputPlane, geometry.outputRow) = (64, 64)
        let output = FloatStorage(count: 64)
        return { [geometry] in
            kernels.pool(
                .average,
                geometry,
                input: memory.start,
                output: output.start,
                blocks: 0..<1
            )
        }
    }

    /// The third layer of LeNet-5: sixteen maps, each of three to six of the six before.
    func connected(_ name: String, side: Int) -> Contender {
        let (kernel, maps) = (5, 6)
        let sets = (0..<16).map { output in
            let size = output < 6 ? 3 : output < 15 ? 4 : 6
            return (0..<size).map { (output + $0) % maps }.sorted()
        }
        let row = (side + kernel - 1 + 15) / 16 * 16 + kernel
        var geometry = geometry(
            inputBlocks: 0,
            input: ImageStrides(plane: (side + kernel - 1) * row, row: row),
            kernel: kernel,
            height: side,
            width: side
        )
        (geometry.outputPlane, geometry.outputRow, geometry.outputColumn) = (side * side, side, 1)
        let connections = sets.reduce(0) { $0 + $1.count }
        let taps = kernel * kernel
        let weights = FloatStorage(Self.numbers(connections * taps))
        let input = FloatStorage(Self.numbers(maps * geometry.inputPlane))
        let output = FloatStorage(count: sets.count * side * side)
        let work = connections * taps * side * side
        return Contender(name: name, multiplyAdds: work) { [geometry] in
            var position = 0
            for (index, set) in sets.enumerated() {
                kernels.convolveChannels(
                    geometry,
                    input: input.start,
                    channels: set.span,
                    weights: weights.start + position,
                    bias: 0,
                    output: output.start + index * side * side
                )
                position += set.count * taps
            }
        }
    }
}
