import IntegerKernels

extension BytePosition {
    /// Bytes from here to a place in the same memory.
    public func distance(to other: BytePosition) -> Int {
        unsafe other.pointer - pointer
    }

    /// Looks each of the source's bytes up among 256.
    public func lookUp(_ source: BytePosition, in table: BytePosition, count: Int) {
        let (from, to) = unsafe (source.pointer, pointer)
        let entries = unsafe table.pointer(to: 256)
        for index in 0..<count {
            let byte = unsafe Int(from.load(fromByteOffset: index, as: UInt8.self))
            let entry = unsafe entries.load(fromByteOffset: byte, as: UInt8.self)
            unsafe to.storeBytes(of: entry, toByteOffset: index, as: UInt8.self)
        }
    }

    public func fill(_ byte: UInt8, count: Int) {
        unsafe pointer(to: count).initializeMemory(as: UInt8.self, repeating: byte, count: count)
    }
}

// SAFETY: positions, counts and lists of places come from one plan, which sized the memory behind them.
extension KernelSet {
    /// The largest of each channel's bytes over the taps.
    public func largestBytes(
        _ rows: IntegerRows,
        at bytes: BytePosition,
        offsets: BytePosition,
        count: Int,
        into result: BytePosition,
        row: Int
    ) {
        var rows = unsafe kernelRows(rows, at: bytes, offsets: offsets, count: count)
        unsafe integers.pointee.largest(
            &rows,
            result.pointer.assumingMemoryBound(to: UInt8.self),
            row
        )
    }

    /// The sum of each channel's bytes over the taps, as int32.
    public func sumsOfBytes(
        _ rows: IntegerRows,
        at bytes: BytePosition,
        offsets: BytePosition,
        count: Int,
        into result: BytePosition,
        row: Int
    ) {
        var rows = unsafe kernelRows(rows, at: bytes, offsets: offsets, count: count)
        unsafe integers.pointee.sums(
            &rows,
            result.pointer.assumingMemoryBound(to: Int32.self),
            row
        )
    }

    /// x / scale to the nearest, ties to even, plus zero, held inside of `range`; NaN becomes zero.
    public func quantize(
        _ x: FloatPosition,
        _ steps: QuantizationSteps,
        range: ClosedRange<Int>,
        into y: BytePosition,
        count: Int
    ) {
        unsafe integers.pointee.quantize(
            x.pointer,
            steps.kernel,
            Int32(range.lowerBound),
            Int32(range.upperBound),
            y.pointer.assumingMemoryBound(to: UInt8.self),
            count
        )
    }

    /// (x − zero) · scale.
    public func dequantize(
        _ x: BytePosition,
        _ steps: QuantizationSteps,
        into y: FloatPosition,
        count: Int
    ) {
        unsafe integers.pointee.dequantize(
            x.pointer.assumingMemoryBound(to: UInt8.self),
            steps.kernel,
            y.pointer,
            count
        )
    }

    /// Some inputs' integers of a block of 16 outputs as real numbers, `row` floats from one input's to the next.
    ///
    /// The block has 16 scales, 16 zero points, and 16 bytes for each input, or, where they are halved, for two of them;
    /// `first` is even.
    public func unpackIntegers(
        _ block: BytePosition,
        isHalved: Bool,
        from first: Int,
        count: Int,
        into y: FloatPosition,
        row: Int
    ) {
        unsafe integers.pointee.unpack(
            block.pointer.assumingMemoryBound(to: UInt8.self),
            isHalved ? 1 : 0,
            first,
            count,
            y.pointer,
            row
        )
    }

    /// Numbers from the input `first` on, an even one, times blocks of 16 outputs of small integers, plus bias, plus addend.
    ///
    /// The blocks of each 16 outputs are as in `unpackIntegers` and follow each other.
    public func multiplySmall(
        _ weights: SmallBlocks,
        from first: Int,
        count: Int,
        _ x: FloatPosition,
        bias: FloatPosition,
        addend: FloatPosition?,
        into y: FloatPosition
    ) {
        unsafe withUnsafePointer(to: weights.kernel) { kernel in
            unsafe integers.pointee.multiply_small(
                kernel,
                first,
                count,
                x.pointer,
                bias.pointer,
                addend?.pointer,
                y.pointer
            )
        }
    }

    /// The sums or products of the real numbers that bytes stand for, as steps of a third size.
    public func combineQuantized(
        _ combination: ByteCombination,
        _ a: (bytes: BytePosition, steps: QuantizationSteps),
        _ b: (bytes: BytePosition, steps: QuantizationSteps),
        as steps: QuantizationSteps,
        range: ClosedRange<Int>,
        into y: BytePosition,
        count: Int
    ) {
        let function =
            switch combination {
            case .sum: unsafe integers.pointee.add
            case .product: unsafe integers.pointee.times
            }
        unsafe function(
            a.bytes.pointer.assumingMemoryBound(to: UInt8.self),
            a.steps.kernel,
            b.bytes.pointer.assumingMemoryBound(to: UInt8.self),
            b.steps.kernel,
            steps.kernel,
            Int32(range.lowerBound),
            Int32(range.upperBound),
            y.pointer.assumingMemoryBound(to: UInt8.self),
            count
        )
    }

    /// Rows of points as bytes, 127 steps from 0, which is 128, to each row's largest number and as many below.
    ///
    /// `channels` lie in whole blocks of 16; `scales` gets the size of each row's steps.
    public func roundRows(
        _ x: FloatPosition,
        plane: Int,
        channels: Int,
        count: Int,
        into y: BytePosition,
        scales: FloatPosition
    ) {
        unsafe integers.pointee.round_rows(
            x.pointer,
            plane,
            channels,
            count,
            y.pointer.assumingMemoryBound(to: UInt8.self),
            scales.pointer(to: count)
        )
    }

    /// `bounds` widened to all numbers; NaN is left out.
    public func range(
        of x: FloatPosition,
        count: Int,
        widening bounds: ClosedRange<Float>
    ) -> ClosedRange<Float> {
        var (low, high) = (bounds.lowerBound, bounds.upperBound)
        unsafe integers.pointee.range(x.pointer, count, &low, &high)
        return low...high
    }
}

/// What two numbers become.
public enum ByteCombination: Sendable {
    case sum
    case product
}

/// Small integers of blocks of 16 outputs, as `unpackIntegers` takes a block.
public struct SmallBlocks: Sendable {
    /// Bytes of a block's scales and zero points, which precede its integers.
    public static let head = Int(striate_small_head.rawValue)

    let start: BytePosition
    /// Bytes of all blocks of 16 outputs.
    let stride: Int
    /// How often there are 16 outputs.
    let count: Int
    let isHalved: Bool
    /// Inputs and bytes of a block.
    let blockSize: Int
    let blockBytes: Int

    public init(
        start: BytePosition,
        stride: Int,
        count: Int,
        isHalved: Bool,
        blockSize: Int,
        blockBytes: Int
    ) {
        self.start = start
        self.stride = stride
        self.count = count
        self.isHalved = isHalved
        self.blockSize = blockSize
        self.blockBytes = blockBytes
    }

    fileprivate var kernel: StriateSmallWeights {
        unsafe StriateSmallWeights(
            blocks: start.pointer.assumingMemoryBound(to: UInt8.self),
            stride: stride,
            count: count,
            halved: isHalved ? 1 : 0,
            block_size: blockSize,
            block_bytes: blockBytes
        )
    }
}
