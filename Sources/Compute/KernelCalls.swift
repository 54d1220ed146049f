public import KernelInterface

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
