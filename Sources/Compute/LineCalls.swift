public import KernelInterface

// SAFETY: positions, counts and places come from one plan, which sized the memory behind them.
extension KernelSet {
    /// The product of a row and some columns of a matrix whose columns are each one line in memory.
    public func multiplyLines(
        _ geometry: ProductGeometry,
        row: FloatPosition,
        columns: FloatPosition,
        addend: FloatPosition?,
        into result: FloatPosition,
        _ part: Range<Int>
    ) {
        unsafe withUnsafePointer(to: geometry) { geometry in
            unsafe table.lines.multiplyLines(
                geometry,
                row.pointer,
                columns.pointer,
                addend?.pointer,
                result.pointer,
                part.lowerBound,
                part.upperBound
            )
        }
    }

    /// y[i] = x[places[i]], the places of 32 bits.
    public func pickLine(
        _ x: FloatPosition,
        places: BytePosition,
        into y: FloatPosition,
        count: Int
    ) {
        unsafe table.lines.pickLine(
            x.pointer,
            places.pointer.assumingMemoryBound(to: Int32.self),
            y.pointer,
            count
        )
    }

    /// Sums of weighed numbers of `x`: tap t of number i lies at t · `stride` + i in both lists.
    public func sampleLine(
        _ x: FloatPosition,
        places: BytePosition,
        weights: FloatPosition,
        taps: Int,
        stride: Int,
        into y: FloatPosition,
        count: Int
    ) {
        unsafe table.lines.sampleLine(
            x.pointer,
            places.pointer.assumingMemoryBound(to: Int32.self),
            weights.pointer,
            taps,
            stride,
            y.pointer,
            count
        )
    }

    /// The sum of `taps` lines of `x`, each times its weight; `offsets` are integers.
    public func weighLines(
        _ x: FloatPosition,
        offsets: BytePosition,
        weights: FloatPosition,
        taps: Int,
        into y: FloatPosition,
        count: Int
    ) {
        unsafe table.lines.weighLines(
            x.pointer,
            offsets.pointer.assumingMemoryBound(to: Int.self),
            weights.pointer,
            taps,
            y.pointer,
            count
        )
    }

    /// Running sums or products down some columns of a block.
    public func cumulateColumns(
        _ geometry: RunningGeometry,
        _ x: FloatPosition,
        into y: FloatPosition,
        columns: Range<Int>
    ) {
        unsafe withUnsafePointer(to: geometry) { geometry in
            unsafe table.lines.cumulateColumns(
                geometry,
                x.pointer,
                y.pointer,
                columns.lowerBound,
                columns.upperBound
            )
        }
    }

    /// `channels` lines of `plane` numbers normalised together.
    public func normalizeGroup(
        _ geometry: NormalizationGeometry,
        _ x: FloatPosition,
        scale: FloatPosition,
        bias: FloatPosition,
        into y: FloatPosition,
        channels: Int,
        plane: Int
    ) {
        unsafe withUnsafePointer(to: geometry) { geometry in
            unsafe table.lines.normalizeGroup(
                geometry,
                x.pointer,
                scale.pointer,
                bias.pointer,
                y.pointer,
                channels,
                plane
            )
        }
    }

    /// Numbers of float16 as float32.
    public func widenHalves(_ halves: [Float16]) -> [Float] {
        unsafe [Float](unsafeUninitializedCapacity: halves.count) { target, initialized in
            unsafe halves.withUnsafeBytes { source in
                guard let x = source.baseAddress, let y = target.baseAddress else { return }
                let patterns = unsafe x.assumingMemoryBound(to: UInt16.self)
                unsafe table.lines.widenHalves(patterns, y, halves.count)
            }
            initialized = halves.count
        }
    }

    /// The nearest numbers of float16, ties to even.
    public func narrowHalves(_ floats: [Float]) -> [Float16] {
        unsafe [Float16](unsafeUninitializedCapacity: floats.count) { target, initialized in
            unsafe floats.withUnsafeBufferPointer { source in
                guard let x = source.baseAddress, let y = target.baseAddress else { return }
                let patterns = unsafe UnsafeMutableRawPointer(y)
                    .assumingMemoryBound(to: UInt16.self)
                unsafe table.lines.narrowHalves(x, patterns, floats.count)
            }
            initialized = floats.count
        }
    }
}
