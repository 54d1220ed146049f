import Compute
import Graph
import KernelInterface

/// What a kernel joins, and what becomes of the result.
struct AxisReduction: Sendable {
    let function: Reduction
    /// The same on integers; nil where plans do not compute it.
    let onIntegers: IntegerFunction?
    /// Whether a number alone stays what it is.
    let isPlain: Bool
    let isMean: Bool
    let takesRoot: Bool
    let takesLogarithm: Bool

    init(
        _ function: Reduction,
        onIntegers: IntegerFunction? = nil,
        isPlain: Bool = false,
        isMean: Bool = false,
        takesRoot: Bool = false,
        takesLogarithm: Bool = false
    ) {
        self.function = function
        self.onIntegers = onIntegers
        self.isPlain = isPlain
        self.isMean = isMean
        self.takesRoot = takesRoot
        self.takesLogarithm = takesLogarithm
    }

    func geometry(_ blocks: AxisBlocks) -> ReductionGeometry {
        ReductionGeometry(
            function: function,
            count: blocks.count,
            inner: blocks.inner,
            divisor: isMean ? Double(blocks.count) : 1,
            takesRoot: takesRoot ? 1 : 0
        )
    }
}
