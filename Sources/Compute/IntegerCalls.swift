import IntegerKernels

/// Weights of 8 bits as kernels of integers read them, and what every sum of products is increased by.
@safe
public final class PackedIntegers: @unchecked Sendable {
    // SAFETY: written only while it is made.
    private let storage: FloatStorage
    /// Bytes, what fills up the blocks included.
    public let byteCount: Int

    /// The first byte; it must not be written to.
    public var start: BytePosition { storage.start.bytes }

    /// Zeros, except where `fill` writes.
    public init(bytes: Int, fill: (BytePosition) -> Void) {
        byteCount = bytes
        storage = FloatStorage(count: (bytes + 3) / 4 + 16)
        storage.start.bytes.clear(bytes: bytes)
        fill(storage.start.bytes)
    }
}

/// Rows of unsigned bytes: each is `taps` pieces of `channels` bytes, whose places are listed.
public struct IntegerRows: Sendable {
    public var taps: Int
    public var channels: Int

    public init(taps: Int, channels: Int) {
        self.taps = taps
        self.channels = channels
    }
}

/// What becomes of sums of products.
public enum IntegerForm: Sendable {
    /// int32: sum + bias.
    case sums
    /// Bytes: (sum + bias) · scale to the nearest, ties to even, plus zero, held inside of the range.
    case quantized(zero: Int, range: ClosedRange<Int>)
    /// float32: (sum + bias) · scale + addend.
    case reals
    /// The same as points, `rows` the scales of the rows, too, and addends of points `addends` apart.
    case points(rows: FloatPosition, plane: Int, addends: PointSteps)
}

/// Numbers from 16 channels to the next, and from one row to the next.
public struct PointSteps: Sendable {
    public let plane: Int
    public let row: Int

    public init(plane: Int, row: Int) {
        self.plane = plane
        self.row = row
    }
}

/// A linear map of bytes to real numbers: (byte − zero) · scale.
public struct QuantizationSteps: Sendable, Equatable {
    public var scale: Float
    public var zero: Int

    public init(scale: Float, zero: Int) {
        self.scale = scale
        self.zero = zero
    }

    var kernel: StriateSteps { StriateSteps(scale: scale, zero: Int32(zero)) }
}

/// Numbers for each output, padded to whole blocks of 16: biases of int32, scales and addends of float32.
public struct OutputNumbers: Sendable {
    public let bias: BytePosition
    public let scale: FloatPosition
    public let addend: FloatPosition

    public init(bias: BytePosition, scale: FloatPosition, addend: FloatPosition) {
        self.bias = bias
        self.scale = scale
        self.addend = addend
    }
}

// SAFETY: positions, counts and lists of places come from one plan, which sized the memory behind them.
extension KernelSet {
    /// Sums of products of rows with packed weights, `outputs` for each row, `row` elements from one to the next.
    ///
    /// `offsets` lists a place from `bytes` on for each tap of each row, as numbers of 64 bits.
    public func multiplyIntegers(
        _ rows: IntegerRows,
        at bytes: BytePosition,
        offsets: BytePosition,
        count: Int,
        weights: BytePosition,
        outputs: Int,
        _ numbers: OutputNumbers,
        _ form: IntegerForm,
        into result: BytePosition,
        row: Int
    ) {
        var rows = unsafe kernelRows(rows, at: bytes, offsets: offsets, count: count)
        var target = unsafe kernelResult(outputs, numbers, form, into: result, row: row)
        unsafe integers.pointee.multiply(
            &rows,
            weights.pointer.assumingMemoryBound(to: Int8.self),
            &target
        )
    }

    /// The same where each output is a channel's own sum: weights of 16 bits, a pair of taps side by side, or in fours.
    public func multiplyIntegerChannels(
        _ rows: IntegerRows,
        inFours: Bool,
        at bytes: BytePosition,
        offsets: BytePosition,
        count: Int,
        weights: BytePosition,
        _ numbers: OutputNumbers,
        _ form: IntegerForm,
        into result: BytePosition,
        row: Int
    ) {
        var target = unsafe kernelResult(rows.channels, numbers, form, into: result, row: row)
        var rows = unsafe kernelRows(rows, at: bytes, offsets: offsets, count: count)
        if inFours, let multiply = unsafe integers.pointee.multiply_channel_fours {
            unsafe multiply(&rows, weights.pointer.assumingMemoryBound(to: Int8.self), &target)
        } else {
            unsafe integers.pointee.multiply_channels(
                &rows,
                weights.pointer.assumingMemoryBound(to: Int16.self),
                &target
            )
        }
    }

    /// Whether windows of 3×3 are computed faster in squares of four.
    public var multipliesSquares: Bool { unsafe integers.pointee.multiply_squares != nil }

    /// Numbers of float32 that fit what ``multiplyIntegerSquares`` keeps aside.
    public static func squaresScratch(channels: Int) -> Int {
        striate_integer_squares(channels) * 8 * (channels + 32)
    }

    /// The same sums as ``multiplyIntegers(_:at:offsets:count:weights:outputs:_:_:into:row:)`` for lines of `columns`
    /// windows of 3×3 that lie side by side: Winograd's F(2×2, 3×3), exact.
    ///
    /// Weights are 16 numbers of 16 bits for the nine of a kernel.
    public func multiplyIntegerSquares(
        _ rows: IntegerRows,
        columns: Int,
        at bytes: BytePosition,
        offsets: BytePosition,
        count: Int,
        weights: BytePosition,
        scratch: BytePosition,
        outputs: Int,
        _ numbers: OutputNumbers,
        _ form: IntegerForm,
        into result: BytePosition,
        row: Int
    ) {
        var rows = unsafe kernelRows(rows, at: bytes, offsets: offsets, count: count)
        var target = unsafe kernelResult(outputs, numbers, form, into: result, row: row)
        unsafe integers.pointee.multiply_squares?(
            &rows,
            columns,
            weights.pointer.assumingMemoryBound(to: Int16.self),
            scratch.pointer.assumingMemoryBound(to: Int16.self),
            &target
        )
    }

    /// Multiplies bytes and adds in registers alone; returns how many products it made.
    public func integerPeak(_ rounds: Int, sink: FloatPosition) -> Int {
        unsafe integers.pointee.peak(
            rounds,
            sink.bytes.pointer.assumingMemoryBound(to: Int32.self)
        )
    }

    /// Whether weights of channels' own sums may be of 8 bits, four taps side by side.
    public var multipliesFours: Bool { unsafe integers.pointee.multiply_channel_fours != nil }

    @unsafe func kernelRows(
        _ rows: IntegerRows,
        at bytes: BytePosition,
        offsets: BytePosition,
        count: Int
    ) -> StriateIntegerRows {
        unsafe StriateIntegerRows(
            bytes: bytes.pointer.assumingMemoryBound(to: UInt8.self),
            offsets: offsets.pointer(of: Int.self, to: count * rows.taps),
            count: count,
            taps: rows.taps,
            channels: rows.channels
        )
    }

    @unsafe private func kernelResult(
        _ outputs: Int,
        _ numbers: OutputNumbers,
        _ form: IntegerForm,
        into result: BytePosition,
        row: Int
    ) -> StriateIntegerResult {
        let padded = (outputs + 15) / 16 * 16
        var made = unsafe StriateIntegerResult(
            form: striate_sums,
            outputs: outputs,
            bias: numbers.bias.pointer(of: Int32.self, to: padded),
            scale: numbers.scale.pointer(to: padded),
            addend: numbers.addend.pointer(to: padded),
            zero: 0,
            low: 0,
            high: 0,
            result: result.pointer,
            row: row,
            row_scales: numbers.scale.pointer,
            plane: 0,
            addend_plane: 0,
            addend_row: 0
        )
        switch form {
        case .sums: break
        case .reals: unsafe made.form = striate_reals
        case .quantized(let zero, let range):
            unsafe made.form = striate_quantized
            unsafe made.zero = Int32(zero)
            unsafe made.low = Int32(range.lowerBound)
            unsafe made.high = Int32(range.upperBound)
        case .points(let rows, let plane, let addends):
            unsafe made.form = striate_points
            unsafe made.row_scales = UnsafePointer(rows.pointer)
            unsafe made.plane = plane
            unsafe made.addend_plane = addends.plane
            unsafe made.addend_row = addends.row
        }
        return unsafe made
    }
}
