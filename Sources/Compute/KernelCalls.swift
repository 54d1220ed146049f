public import KernelInterface

// The kernels as plans call them: positions in, no pointers in sight.
// SAFETY: positions and strides come from one plan, which sized the memory behind them.
extension KernelSet {
    /// Output blocks of one image of a convolution from a blocked input.
    public func convolve(
        _ geometry: ConvolutionGeometry,
        input: FloatPosition,
        weights: FloatPosition,
        bias: FloatPosition,
        output: FloatPosition,
        blocks: Range<Int>
    ) {
        unsafe withUnsafePointer(to: geometry) { geometry in
            unsafe table.convolve(
                geometry, input.pointer, weights.pointer, bias.pointer, output.pointer,
                blocks.lowerBound, blocks.upperBound
            )
        }
    }

    /// The same from a planar input with few channels.
    public func convolvePlanar(
        _ geometry: ConvolutionGeometry,
        input: FloatPosition,
        weights: FloatPosition,
        bias: FloatPosition,
        output: FloatPosition,
        blocks: Range<Int>
    ) {
        unsafe withUnsafePointer(to: geometry) { geometry in
            unsafe table.convolvePlanar(
                geometry, input.pointer, weights.pointer, bias.pointer, output.pointer,
                blocks.lowerBound, blocks.upperBound
            )
        }
    }

    /// One kernel per channel.
    public func convolveDepthwise(
        _ geometry: ConvolutionGeometry,
        input: FloatPosition,
        weights: FloatPosition,
        bias: FloatPosition,
        output: FloatPosition,
        blocks: Range<Int>
    ) {
        unsafe withUnsafePointer(to: geometry) { geometry in
            unsafe table.convolveDepthwise(
                geometry, input.pointer, weights.pointer, bias.pointer, output.pointer,
                blocks.lowerBound, blocks.upperBound
            )
        }
    }

    public func maxPool(
        _ geometry: PoolGeometry,
        input: FloatPosition,
        output: FloatPosition,
        blocks: Range<Int>
    ) {
        unsafe withUnsafePointer(to: geometry) { geometry in
            unsafe table.maxPool(
                geometry, input.pointer, output.pointer, blocks.lowerBound, blocks.upperBound
            )
        }
    }

    public func averagePool(
        _ geometry: PoolGeometry,
        input: FloatPosition,
        output: FloatPosition,
        blocks: Range<Int>
    ) {
        unsafe withUnsafePointer(to: geometry) { geometry in
            unsafe table.averagePool(
                geometry, input.pointer, output.pointer, blocks.lowerBound, blocks.upperBound
            )
        }
    }

    public func maxout(
        _ geometry: ChannelPoolGeometry,
        input: FloatPosition,
        output: FloatPosition,
        blocks: Range<Int>
    ) {
        unsafe withUnsafePointer(to: geometry) { geometry in
            unsafe table.maxout(
                geometry, input.pointer, output.pointer, blocks.lowerBound, blocks.upperBound
            )
        }
    }

    public func channelL2(
        _ geometry: ChannelPoolGeometry,
        input: FloatPosition,
        output: FloatPosition,
        blocks: Range<Int>
    ) {
        unsafe withUnsafePointer(to: geometry) { geometry in
            unsafe table.channelL2(
                geometry, input.pointer, output.pointer, blocks.lowerBound, blocks.upperBound
            )
        }
    }

    public func activate(
        _ activation: Activation,
        _ input: FloatPosition,
        into output: FloatPosition,
        count: Int
    ) {
        unsafe table.activate(activation, input.pointer, output.pointer, count)
    }

    public func scaleShift(
        _ input: FloatPosition,
        scale: FloatPosition,
        shift: FloatPosition,
        into output: FloatPosition,
        vectors: Int
    ) {
        unsafe table.scaleShift(
            input.pointer, scale.pointer, shift.pointer, output.pointer, vectors
        )
    }

    public func add(
        _ left: FloatPosition,
        _ right: FloatPosition,
        into output: FloatPosition,
        count: Int
    ) {
        unsafe table.add(left.pointer, right.pointer, output.pointer, count)
    }

    public func multiply(
        _ left: FloatPosition,
        _ right: FloatPosition,
        into output: FloatPosition,
        count: Int
    ) {
        unsafe table.multiply(left.pointer, right.pointer, output.pointer, count)
    }

    public func softmax(_ input: FloatPosition, into output: FloatPosition, count: Int) {
        unsafe table.softmax(input.pointer, output.pointer, count)
    }

    public func logSoftmax(_ input: FloatPosition, into output: FloatPosition, count: Int) {
        unsafe table.logSoftmax(input.pointer, output.pointer, count)
    }

    /// Hidden blocks of one time step; states a cell does not have may point anywhere.
    public func recur(
        _ geometry: RecurrentGeometry,
        product: FloatPosition,
        previous: FloatPosition,
        weights: FloatPosition,
        bias: FloatPosition,
        states: (cell: FloatPosition, update: FloatPosition, resetHidden: FloatPosition),
        hidden: FloatPosition,
        blocks: Range<Int>
    ) {
        unsafe withUnsafePointer(to: geometry) { geometry in
            unsafe table.recur(
                geometry, product.pointer, previous.pointer, weights.pointer, bias.pointer,
                states.cell.pointer, states.update.pointer, states.resetHidden.pointer,
                hidden.pointer, blocks.lowerBound, blocks.upperBound
            )
        }
    }
}

/// A planar or blocked image in memory; strides in floats.
public struct ImageStrides: Sendable {
    public var plane: Int
    public var row: Int

    public init(plane: Int, row: Int) {
        self.plane = plane
        self.row = row
    }
}

extension KernelSet {
    public func block(
        fromPlanar planar: FloatPosition,
        _ planarStrides: ImageStrides,
        channels: Int,
        height: Int,
        width: Int,
        into blocked: FloatPosition,
        _ blockedStrides: ImageStrides,
        blocks: Range<Int>
    ) {
        unsafe table.blockFromPlanar(
            planar.pointer, planarStrides.plane, planarStrides.row, channels, height, width,
            blocked.pointer, blockedStrides.plane, blockedStrides.row,
            blocks.lowerBound, blocks.upperBound
        )
    }

    public func planar(
        fromBlocked blocked: FloatPosition,
        _ blockedStrides: ImageStrides,
        channels: Int,
        height: Int,
        width: Int,
        into planar: FloatPosition,
        _ planarStrides: ImageStrides,
        blocks: Range<Int>
    ) {
        unsafe table.planarFromBlock(
            blocked.pointer, blockedStrides.plane, blockedStrides.row, channels, height, width,
            planar.pointer, planarStrides.plane, planarStrides.row,
            blocks.lowerBound, blocks.upperBound
        )
    }

    public func points(
        fromRows matrix: FloatPosition,
        points: Int,
        channels: Int,
        into blocked: FloatPosition,
        plane: Int
    ) {
        unsafe table.blockFromPoints(matrix.pointer, points, channels, blocked.pointer, plane)
    }

    public func rows(
        fromPoints blocked: FloatPosition,
        plane: Int,
        points: Int,
        channels: Int,
        into matrix: FloatPosition
    ) {
        unsafe table.pointsFromBlock(blocked.pointer, plane, points, channels, matrix.pointer)
    }
}

extension KernelSet {
    /// Independent register-only multiply–adds, `iterations` rounds of them; returns how many numbers were
    /// multiplied and added.
    public func peak(_ iterations: Int, sink: FloatPosition) -> Int {
        unsafe table.peak(iterations, sink.pointer)
    }
}
