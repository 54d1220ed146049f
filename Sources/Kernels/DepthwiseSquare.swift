import KernelInterface

// 3x3, stride 1, one kernel per channel: the commonest depthwise layer.
//
// R rows by C columns of sums stay in registers; the inputs they share come from the first-level cache. The
// bound is reading them: one load for each multiply-add, nine a register of outputs.

@inline(never)
func coverSquare(
    _ geometry: ConvolutionGeometry,
    _ input: Floats,
    _ weights: Floats,
    _ bias: Floats,
    _ output: MutableFloats
) {
    var row = 0
    while row < geometry.outputHeight {
        let isPair = geometry.outputHeight &- row >= 2
        let source = input + row &* geometry.inputRow
        let target = output + row &* geometry.outputRow
        var lane = 0
        while lane < 16 {
            let kernel = SquareKernel(weights + lane, bias + lane, geometry)
            let (from, to) = (source + lane, target + lane)
            if geometry.outputWidth < 4 {
                if isPair {
                    SquareTile<2, 1>.cover(kernel, geometry, from, to)
                } else {
                    SquareTile<1, 1>.cover(kernel, geometry, from, to)
                }
            } else if isPair {
                SquareTile<2, 4>.cover(kernel, geometry, from, to)
            } else {
                SquareTile<1, 4>.cover(kernel, geometry, from, to)
            }
            lane &+= Register.scalarCount
        }
        row &+= isPair ? 2 : 1
    }
}

/// One register of channels: [3][3][16] weights, and what becomes of their sums.
private struct SquareKernel {
    let weights: Floats
    let bias: Register
    let floor: Register
    let ceiling: Register

    @_transparent
    init(_ weights: Floats, _ bias: Floats, _ geometry: ConvolutionGeometry) {
        self.weights = weights
        self.bias = loadRegister(bias)
        floor = Register(repeating: geometry.floor)
        ceiling = Register(repeating: geometry.ceiling)
    }
}

/// R rows by C columns of outputs.
private struct SquareTile<let R: Int, let C: Int> {
    @_transparent
    static func cover(
        _ kernel: SquareKernel,
        _ geometry: ConvolutionGeometry,
        _ input: Floats,
        _ output: MutableFloats
    ) {
        var column = 0
        while column < geometry.outputWidth {
            let start = min(column, geometry.outputWidth &- C) &* 16
            run(kernel, geometry, input + start, output + start)
            column &+= C
        }
    }

    @_transparent
    private static func run(
        _ kernel: SquareKernel,
        _ geometry: ConvolutionGeometry,
        _ input: Floats,
        _ output: MutableFloats
    ) {
        var sums = InlineArray<R, InlineArray<C, Register>>(
            repeating: InlineArray(repeating: Register())
        )
        for i in 0..<3 {
            for j in 0..<3 {
                let tap = input + (i &* geometry.inputRow &+ j &* 16)
                let weight = loadRegister(kernel.weights + (i &* 3 &+ j) &* 16)
                for r in 0..<R {
                    for c in 0..<C {
                        let value = loadRegister(tap + (r &* geometry.inputRow &+ c &* 16))
                        sums[r][c] = multiplyAdd(sums[r][c], value, by: weight)
                    }
                }
            }
        }
        for r in 0..<R {
            for c in 0..<C {
                let sum = bounded(sums[r][c] + kernel.bias, kernel.floor, kernel.ceiling)
                storeRegister(sum, output + (r &* geometry.outputRow &+ c &* 16))
            }
        }
    }
}
