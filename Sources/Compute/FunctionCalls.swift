public import KernelInterface

/// A function of one number with its parameters.
public struct ElementFunction: Sendable, Equatable {
    public let function: UnaryFunction
    public let a: Float
    public let b: Float

    public init(_ function: UnaryFunction, _ a: Float = 0, _ b: Float = 0) {
        self.function = function
        self.a = a
        self.b = b
    }
}

/// The part of a product of matrices that one chunk computes.
public struct ProductPart: Sendable {
    public var rows: Range<Int>
    /// From a multiple of `KernelSet.panelWidth` to another, or to the last column.
    public var columns: Range<Int>

    public init(rows: Range<Int>, columns: Range<Int>) {
        self.rows = rows
        self.columns = columns
    }
}

// SAFETY: positions and strides come from one plan, which sized the memory behind them.
extension KernelSet {
    /// y = f(x); y may be x.
    public func apply(
        _ function: ElementFunction,
        _ input: FloatPosition,
        into output: FloatPosition,
        count: Int
    ) {
        unsafe table.apply(
            function.function,
            function.a,
            function.b,
            input.pointer,
            output.pointer,
            count
        )
    }

    /// z = x ∘ y over `count` elements, along which x and y advance by `steps`, 0 or 1.
    public func join(
        _ function: BinaryFunction,
        _ left: FloatPosition,
        _ right: FloatPosition,
        into output: FloatPosition,
        count: Int,
        steps: (first: Int, second: Int)
    ) {
        unsafe table.join(
            function,
            left.pointer,
            steps.first,
            right.pointer,
            steps.second,
            output.pointer,
            count
        )
    }

    /// Columns that a product of computed matrices packs together.
    public var panelWidth: Int { unsafe table.panelWidth }

    /// The right matrix of a product in panels: inner floats for each column, whose number is rounded up to sixteens.
    public func pack(
        _ geometry: ProductGeometry,
        right: FloatPosition,
        into panels: FloatPosition
    ) {
        unsafe withUnsafePointer(to: geometry) { geometry in
            unsafe table.packMatrix(geometry, right.pointer, panels.pointer)
        }
    }

    /// A part of a product of two computed matrices; `panel` holds inner · panelWidth floats for it alone.
    public func multiply(
        _ geometry: ProductGeometry,
        left: FloatPosition,
        right: FloatPosition,
        addend: FloatPosition?,
        panel: FloatPosition,
        into result: FloatPosition,
        _ part: ProductPart
    ) {
        unsafe withUnsafePointer(to: geometry) { geometry in
            unsafe table.multiplyMatrices(
                geometry,
                left.pointer,
                right.pointer,
                addend?.pointer,
                panel.pointer,
                result.pointer,
                part.rows.lowerBound,
                part.rows.upperBound,
                part.columns.lowerBound,
                part.columns.upperBound
            )
        }
    }
}
