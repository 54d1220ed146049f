public import KernelInterface

/// How far two operands advance: 0 repeats one element, 1 goes on.
public typealias PairSteps = (first: Int, second: Int)

// SAFETY: positions and counts come from one plan, which sized the memory behind them.
extension KernelSet {
    /// z = x ∘ y as truth values.
    public func compare(
        _ relation: Relation,
        of kind: ElementKind,
        _ x: BytePosition,
        _ y: BytePosition,
        into z: BytePosition,
        count: Int,
        steps: PairSteps
    ) {
        unsafe table.typed.compare(
            relation,
            kind,
            x.pointer,
            steps.first,
            y.pointer,
            steps.second,
            z.pointer.assumingMemoryBound(to: UInt8.self),
            count
        )
    }

    /// z = x ∘ y of integers or truth values.
    public func join(
        _ function: IntegerFunction,
        of kind: ElementKind,
        _ x: BytePosition,
        _ y: BytePosition,
        into z: BytePosition,
        count: Int,
        steps: PairSteps
    ) {
        unsafe table.typed.join(
            function,
            kind,
            x.pointer,
            steps.first,
            y.pointer,
            steps.second,
            z.pointer,
            count
        )
    }

    /// y = f(x) of integers or truth values.
    public func map(
        _ function: IntegerMap,
        of kind: ElementKind,
        _ x: BytePosition,
        into y: BytePosition,
        count: Int
    ) {
        unsafe table.typed.map(function, kind, x.pointer, y.pointer, count)
    }

    /// Whether numbers pass a test, as truth values.
    public func classify(
        _ test: FloatTest,
        _ x: FloatPosition,
        into z: BytePosition,
        count: Int
    ) {
        unsafe table.typed.classify(
            test,
            x.pointer,
            z.pointer.assumingMemoryBound(to: UInt8.self),
            count
        )
    }

    /// z = condition ? x : y of elements of `width` bytes; steps of the condition, x and y.
    public func select(
        width: Int,
        _ condition: BytePosition,
        _ x: BytePosition,
        _ y: BytePosition,
        into z: BytePosition,
        count: Int,
        steps: (Int, Int, Int)
    ) {
        unsafe table.typed.select(
            width,
            condition.pointer.assumingMemoryBound(to: UInt8.self),
            steps.0,
            x.pointer,
            steps.1,
            y.pointer,
            steps.2,
            z.pointer,
            count
        )
    }

    /// target[j · targetRow + i] = source[i · sourceRow + j] of elements of `width` bytes.
    public func transpose(
        width: Int,
        _ source: BytePosition,
        row sourceRow: Int,
        into target: BytePosition,
        row targetRow: Int,
        rows: Int,
        columns: Int
    ) {
        unsafe table.typed.transpose(
            width,
            source.pointer,
            sourceRow,
            target.pointer,
            targetRow,
            rows,
            columns
        )
    }

    /// Numbers of one kind to another.
    public func convert(
        _ from: ElementKind,
        to: ElementKind,
        _ x: BytePosition,
        into y: BytePosition,
        count: Int
    ) {
        unsafe table.typed.convert(from, to, x.pointer, y.pointer, count)
    }

    /// Joins integers, `stride` apart, into one.
    public func fold(
        _ function: IntegerFunction,
        of kind: ElementKind,
        _ x: BytePosition,
        stride: Int,
        into y: BytePosition,
        count: Int
    ) {
        unsafe table.typed.fold(function, kind, x.pointer, stride, y.pointer, count)
    }
}

// SAFETY: as above.
extension KernelSet {
    /// Rows of as many numbers as the geometry says, one result for each.
    public func reduceRows(
        _ geometry: ReductionGeometry,
        _ x: FloatPosition,
        shifts: FloatPosition?,
        into y: FloatPosition,
        rows: Int
    ) {
        unsafe withUnsafePointer(to: geometry) { geometry in
            unsafe table.typed.reduceRows(geometry, x.pointer, shifts?.pointer, y.pointer, rows)
        }
    }

    /// Columns of a block, one result for each.
    public func reduceColumns(
        _ geometry: ReductionGeometry,
        _ x: FloatPosition,
        shifts: FloatPosition?,
        into y: FloatPosition,
        columns: Range<Int>
    ) {
        unsafe withUnsafePointer(to: geometry) { geometry in
            unsafe table.typed.reduceColumns(
                geometry,
                x.pointer,
                shifts?.pointer,
                y.pointer,
                columns.lowerBound,
                columns.upperBound
            )
        }
    }

    /// Normalised exponentials, or their logarithms, down columns of a block [count][inner].
    public func softmax(
        _ x: FloatPosition,
        count: Int,
        inner: Int,
        into y: FloatPosition,
        columns: Range<Int>,
        isLogarithm: Bool
    ) {
        unsafe table.typed.softmaxColumns(
            isLogarithm ? 1 : 0,
            x.pointer,
            count,
            inner,
            y.pointer,
            columns.lowerBound,
            columns.upperBound
        )
    }

    /// Rows normalised by their own mean and variance.
    public func normalize(
        _ geometry: NormalizationGeometry,
        _ x: FloatPosition,
        scale: FloatPosition,
        bias: FloatPosition?,
        into y: FloatPosition,
        rows: Int
    ) {
        unsafe withUnsafePointer(to: geometry) { geometry in
            unsafe table.typed.normalizeRows(
                geometry,
                x.pointer,
                scale.pointer,
                bias?.pointer,
                y.pointer,
                rows
            )
        }
    }

    /// Places of the greatest or smallest numbers down columns of a block [count][inner], as int64.
    public func findExtremes(
        of kind: ElementKind,
        isMinimum: Bool,
        takesLast: Bool,
        _ x: BytePosition,
        count: Int,
        inner: Int,
        into y: BytePosition,
        columns: Range<Int>
    ) {
        unsafe table.typed.findExtremes(
            kind,
            isMinimum ? 1 : 0,
            takesLast ? 1 : 0,
            x.pointer,
            count,
            inner,
            y.pointer.assumingMemoryBound(to: Int.self),
            columns.lowerBound,
            columns.upperBound
        )
    }
}
