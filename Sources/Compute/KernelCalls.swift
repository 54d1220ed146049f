public import KernelInterface

/// Which loop runs a convolution; each has weights packed its own way.
public enum ConvolutionKernel: String, Sendable {
    /// Blocked input.
    case blocked
    /// Row-major input with few channels.
    case planar
    /// Blocked input, one kernel per channel.
    case depthwise
    /// Row-major input with few channels, row-major output; its blocks are single channels.
    case planes
}

/// What becomes of a window.
public enum WindowReduction: Sendable {
    case maximum
    case average
    /// The p-norm; for p above 2 its p-th power, so that the root is left to the caller.
    case power(Int)
}

/// What becomes of neighbouring channels.
public enum ChannelReduction: Sendable {
    case maximum
    /// The square root of the sum of squares.
    case euclidean
}

public enum BinaryOperation: Sendable {
    case sum
    case product
}

// The kernels as plans call them: positions in, no pointers in sight.
// SAFETY: positions and strides come from one plan, which sized the memory behind them.
extension KernelSet {
    /// Output blocks of one image of a convolution.
    public func convolve(
        _ kernel: ConvolutionKernel,
        _ geometry: ConvolutionGeometry,
        input: FloatPosition,
        weights: FloatPosition,
        bias: FloatPosition,
        addend: FloatPosition? = nil,
        output: FloatPosition,
        blocks: Range<Int>
    ) {
        let function =
            switch kernel {
            case .blocked: unsafe table.convolve
            case .planar: unsafe table.convolvePlanar
            case .depthwise: unsafe table.convolveDepthwise
            case .planes: unsafe table.convolvePlanes
            }
        unsafe withUnsafePointer(to: geometry) { geometry in
            unsafe function(
                geometry,
                input.pointer,
                weights.pointer,
                bias.pointer,
                addend?.pointer,
                output.pointer,
                blocks.lowerBound,
                blocks.upperBound
            )
        }
    }

    /// Sixteen 3x3 kernels [9][16] as Winograd's values [(size + 2)^2][16].
    public func winogradKernels(size: Int, taps: FloatPosition, values: FloatPosition) {
        unsafe table.winogradKernels(size, taps.pointer, values.pointer)
    }

    /// Input blocks of a strip of Winograd tiles, transformed.
    public func winogradInput(
        _ geometry: WinogradGeometry,
        input: FloatPosition,
        transformed: FloatPosition,
        blocks: Range<Int>,
        tiles: Range<Int>
    ) {
        unsafe withUnsafePointer(to: geometry) { geometry in
            unsafe table.winogradInput(
                geometry,
                input.pointer,
                transformed.pointer,
                blocks.lowerBound,
                blocks.upperBound,
                tiles.lowerBound,
                tiles.upperBound
            )
        }
    }

    /// Output blocks of a strip of Winograd tiles.
    public func winogradOutput(
        _ geometry: WinogradGeometry,
        transformed: FloatPosition,
        weights: FloatPosition,
        bias: FloatPosition,
        addend: FloatPosition?,
        sums: FloatPosition,
        output: FloatPosition,
        blocks: Range<Int>,
        tiles: Range<Int>
    ) {
        unsafe withUnsafePointer(to: geometry) { geometry in
            unsafe table.winogradOutput(
                geometry,
                transformed.pointer,
                weights.pointer,
                bias.pointer,
                addend?.pointer,
                sums.pointer,
                output.pointer,
                blocks.lowerBound,
                blocks.upperBound,
                tiles.lowerBound,
                tiles.upperBound
            )
        }
    }

    /// Output blocks of one image of a layer with kernels of their own at every position.
    public func convolveLocal(
        isPlanar: Bool,
        _ geometry: ConvolutionGeometry,
        input: FloatPosition,
        weights: FloatPosition,
        bias: FloatPosition,
        output: FloatPosition,
        totalBlocks: Int,
        blocks: Range<Int>
    ) {
        let function = unsafe isPlanar ? table.convolveLocalPlanar : table.convolveLocal
        unsafe withUnsafePointer(to: geometry) { geometry in
            unsafe function(
                geometry,
                input.pointer,
                weights.pointer,
                bias.pointer,
                output.pointer,
                totalBlocks,
                blocks.lowerBound,
                blocks.upperBound
            )
        }
    }

    /// One output channel of one image, row-major, from the input channels it is connected to.
    public func convolveChannels(
        _ geometry: ConvolutionGeometry,
        input: FloatPosition,
        channels: Span<Int>,
        weights: FloatPosition,
        bias: Float,
        output: FloatPosition
    ) {
        unsafe withUnsafePointer(to: geometry) { geometry in
            unsafe channels.withUnsafeBufferPointer { channels in
                guard let start = channels.baseAddress else { return }
                unsafe table.convolveChannels(
                    geometry,
                    input.pointer,
                    start,
                    channels.count,
                    weights.pointer,
                    bias,
                    output.pointer
                )
            }
        }
    }

    /// Output blocks of one image of a pooling over windows.
    public func pool(
        _ reduction: WindowReduction,
        _ geometry: PoolGeometry,
        input: FloatPosition,
        output: FloatPosition,
        blocks: Range<Int>
    ) {
        let (first, end) = (blocks.lowerBound, blocks.upperBound)
        unsafe withUnsafePointer(to: geometry) { geometry in
            switch reduction {
            case .maximum:
                unsafe table.maxPool(geometry, input.pointer, output.pointer, first, end)
            case .average:
                unsafe table.averagePool(geometry, input.pointer, output.pointer, first, end)
            case .power(let power):
                unsafe table.powerPool(geometry, power, input.pointer, output.pointer, first, end)
            }
        }
    }

    /// Output blocks of one image of a pooling across channels.
    public func poolChannels(
        _ reduction: ChannelReduction,
        _ geometry: ChannelPoolGeometry,
        input: FloatPosition,
        output: FloatPosition,
        blocks: Range<Int>
    ) {
        let function = unsafe reduction == .maximum ? table.maxout : table.channelL2
        unsafe withUnsafePointer(to: geometry) { geometry in
            unsafe function(
                geometry,
                input.pointer,
                output.pointer,
                blocks.lowerBound,
                blocks.upperBound
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

    /// Every number held between two bounds.
    public func clip(
        _ input: FloatPosition,
        from low: Float,
        to high: Float,
        into output: FloatPosition,
        count: Int
    ) {
        unsafe table.clip(low, high, input.pointer, output.pointer, count)
    }

    public func scaleShift(
        _ input: FloatPosition,
        scale: FloatPosition,
        shift: FloatPosition,
        into output: FloatPosition,
        vectors: Int
    ) {
        unsafe table.scaleShift(
            input.pointer,
            scale.pointer,
            shift.pointer,
            output.pointer,
            vectors
        )
    }

    /// a + b or a · b, element by element.
    public func combine(
        _ operation: BinaryOperation,
        _ left: FloatPosition,
        _ right: FloatPosition,
        into output: FloatPosition,
        count: Int
    ) {
        let function = unsafe operation == .sum ? table.add : table.multiply
        unsafe function(left.pointer, right.pointer, output.pointer, count)
    }

    /// One row of normalised exponentials, or their logarithms.
    public func softmax(
        _ input: FloatPosition,
        into output: FloatPosition,
        count: Int,
        isLogarithm: Bool = false
    ) {
        let function = unsafe isLogarithm ? table.logSoftmax : table.softmax
        unsafe function(input.pointer, output.pointer, count)
    }

    /// Powers of e of one row, the largest of which is 1, and their sum.
    public func exponentials(
        _ input: FloatPosition,
        into output: FloatPosition,
        count: Int
    ) -> Float {
        unsafe table.exponentials(input.pointer, output.pointer, count)
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
                geometry,
                product.pointer,
                previous.pointer,
                weights.pointer,
                bias.pointer,
                states.cell.pointer,
                states.update.pointer,
                states.resetHidden.pointer,
                hidden.pointer,
                blocks.lowerBound,
                blocks.upperBound
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
            planar.pointer,
            planarStrides.plane,
            planarStrides.row,
            channels,
            height,
            width,
            blocked.pointer,
            blockedStrides.plane,
            blockedStrides.row,
            blocks.lowerBound,
            blocks.upperBound
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
            blocked.pointer,
            blockedStrides.plane,
            blockedStrides.row,
            channels,
            height,
            width,
            planar.pointer,
            planarStrides.plane,
            planarStrides.row,
            blocks.lowerBound,
            blocks.upperBound
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
