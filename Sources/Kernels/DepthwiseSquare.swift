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
    private typealias Sums = InlineArray<R, InlineArray<C, Register>>

    @_transparent
    static func cover(
        _ kernel: SquareKernel,
        _ geometry: ConvolutionGeometry,
        _ input: Floats,
        _ output: MutableFloats
    ) {
        #if arch(arm64)
        var taps = InlineArray<9, Register>(repeating: Register())
        for tap in 0..<9 { taps[tap] = loadRegister(kernel.weights + tap &* 16) }
        #endif
        var column = 0
        while column < geometry.outputWidth {
            let start = min(column, geometry.outputWidth &- C) &* 16
            #if arch(arm64)
            let sums = sums(taps, geometry, input + start)
            #else
            let sums = sums(kernel, geometry, input + start)
            #endif
            store(sums, kernel, geometry, output + start)
            column &+= C
        }
    }

    #if arch(arm64)
    /// A line of inputs stays in registers for all outputs that see it, and so do the kernel's taps.
    @_transparent
    private static func sums(
        _ taps: borrowing InlineArray<9, Register>,
        _ geometry: ConvolutionGeometry,
        _ input: Floats
    ) -> Sums {
        var sums = Sums(repeating: InlineArray(repeating: Register()))
        let row = geometry.inputRow
        var line = InlineArray<6, Register>(repeating: Register())
        for x in 0..<(C &+ 2) { line[x] = loadRegister(input + x &* 16) }
        add(line, taps, 0, 0, to: &sums)
        for x in 0..<(C &+ 2) { line[x] = loadRegister(input + (row &+ x &* 16)) }
        add(line, taps, 3, 0, to: &sums)
        if R == 2 { add(line, taps, 0, 1, to: &sums) }
        for x in 0..<(C &+ 2) { line[x] = loadRegister(input + (2 &* row &+ x &* 16)) }
        add(line, taps, 6, 0, to: &sums)
        if R == 2 {
            add(line, taps, 3, 1, to: &sums)
            for x in 0..<(C &+ 2) { line[x] = loadRegister(input + (3 &* row &+ x &* 16)) }
            add(line, taps, 6, 1, to: &sums)
        }
        return sums
    }

    /// Three taps from the one at `first` on, for a row of outputs.
    @_transparent
    private static func add(
        _ line: borrowing InlineArray<6, Register>,
        _ taps: borrowing InlineArray<9, Register>,
        _ first: Int,
        _ row: Int,
        to sums: inout Sums
    ) {
        for j in 0..<3 {
            let tap = taps[first &+ j]
            for c in 0..<C { sums[row][c] = multiplyAdd(sums[row][c], line[c &+ j], by: tap) }
        }
    }
    #else
    @_transparent
    private static func sums(
        _ kernel: SquareKernel,
        _ geometry: ConvolutionGeometry,
        _ input: Floats
    ) -> Sums {
        var sums = Sums(repeating: InlineArray(repeating: Register()))
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
        return sums
    }
    #endif

    @_transparent
    private static func store(
        _ sums: borrowing Sums,
        _ kernel: SquareKernel,
        _ geometry: ConvolutionGeometry,
        _ output: MutableFloats
    ) {
        for r in 0..<R {
            for c in 0..<C {
                let sum = bounded(sums[r][c] + kernel.bias, kernel.floor, kernel.ceiling)
                storeRegister(sum, output + (r &* geometry.outputRow &+ c &* 16))
            }
        }
    }
}
