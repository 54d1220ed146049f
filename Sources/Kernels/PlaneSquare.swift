import KernelInterface

// 3x3, stride 1, one kernel per channel, row by row in and out: no conversion to blocks and back.
//
// Four rows of one register of pixels are summed at once, so that each input that was read meets the taps of all four;
// the nine taps stay in registers. Inside of a plane inputs are read where they lie, a lane at either end of a row put to
// zero; at its borders rows are first copied to where zeros surround them.

/// Channels [first, end); see KernelTable.convolveSquares.
func convolveSquares(
    _ geometry: UnsafePointer<SquareGeometry>,
    _ input: Floats,
    _ weights: Floats,
    _ bias: Floats,
    _ scratch: MutableFloats,
    _ output: MutableFloats,
    _ first: Int,
    _ end: Int
) {
    let geometry = geometry.pointee
    for channel in first..<end {
        let source = input + channel &* geometry.height &* geometry.width
        let target = output + channel &* geometry.outputHeight &* geometry.outputWidth
        let taps = SquareTaps(weights + channel &* 9, bias[channel], geometry)
        var row = 0
        while row < geometry.outputHeight {
            if geometry.isInside(row) {
                coverInside(geometry, source + (row &- 1) &* geometry.width, taps, target, row)
                row &+= 4
                continue
            }
            let rows = min(SquareBand.rows, geometry.outputHeight &- row)
            let band = SquareBand(geometry: geometry, scratch: scratch, first: row)
            band.fill(rows &+ 2, from: source)
            band.cover(rows, taps, target + row &* geometry.outputWidth)
            row &+= rows
        }
    }
}

extension SquareGeometry {
    /// Whether the windows of four rows read rows of the plane alone, with at most one zero at either end of a row.
    @_transparent
    fileprivate func isInside(_ row: Int) -> Bool {
        // Not the plane's first and last row: beside their ends there may be no memory. A row of one register has both
        // ends in it.
        top == 1 && left == 1 && outputWidth == width && width > Register.scalarCount && row >= 2
            && row &+ 6 <= height && row &+ 4 <= outputHeight
    }
}

/// Four output rows, read where they lie: `input` is the first pixel of the row before them.
@_transparent
private func coverInside(
    _ geometry: SquareGeometry,
    _ input: Floats,
    _ taps: SquareTaps,
    _ plane: MutableFloats,
    _ row: Int
) {
    let width = geometry.width
    let last = width &- Register.scalarCount
    let output = plane + row &* width
    // The pixel before each window's middle belongs to the row above, and counts as zero.
    taps.sumFour(input - 1, width, SquareEdge(isFirst: true), output, width)
    var column = Register.scalarCount
    while column < last {
        taps.sumFour(input + (column &- 1), width, SquareEdge(), output + column, width)
        column &+= Register.scalarCount
    }
    taps.sumFour(input + (last &- 1), width, SquareEdge(isLast: true), output + last, width)
}

/// Whether a tile holds a row's first or last pixel, beside which there is none.
private struct SquareEdge {
    var isFirst = false
    var isLast = false
}

/// Three neighbours in a row: pixels, or the taps they meet.
private struct SquareRow {
    var left: Register
    var middle: Register
    var right: Register

    /// Pixels from `input` on.
    @_transparent
    init(_ input: Floats) {
        left = loadPixels(input)
        middle = loadPixels(input + 1)
        right = loadPixels(input + 2)
    }

    /// The same at an edge: what lies before a row's first pixel, or behind its last, counts as zero.
    @_transparent
    init(_ input: Floats, _ edge: SquareEdge) {
        self.init(input)
        if edge.isFirst { left[0] = 0 }
        if edge.isLast { right[Register.scalarCount &- 1] = 0 }
    }

    /// Three taps, each in all lanes.
    @_transparent
    init(taps: Floats) {
        left = Register(repeating: taps[0])
        middle = Register(repeating: taps[1])
        right = Register(repeating: taps[2])
    }

    /// Adds the products of pixels and taps, from left to right.
    @_transparent
    func add(to sum: inout Register, times taps: SquareRow) {
        sum = multiplyAdd(sum, left, by: taps.left)
        sum = multiplyAdd(sum, middle, by: taps.middle)
        sum = multiplyAdd(sum, right, by: taps.right)
    }
}

/// One channel's taps, and what becomes of its sums.
private struct SquareTaps {
    let top: SquareRow
    let middle: SquareRow
    let bottom: SquareRow
    let bias: Register
    let floor: Register
    let ceiling: Register

    @_transparent
    init(_ weights: Floats, _ bias: Float, _ geometry: SquareGeometry) {
        top = SquareRow(taps: weights)
        middle = SquareRow(taps: weights + 3)
        bottom = SquareRow(taps: weights + 6)
        self.bias = Register(repeating: bias)
        floor = Register(repeating: geometry.floor)
        ceiling = Register(repeating: geometry.ceiling)
    }

    @_transparent
    func finish(_ sum: Register, _ output: MutableFloats) {
        storePixels(bounded(sum + bias, floor, ceiling), output)
    }

    /// One output row of a register of pixels.
    @_transparent
    func sumOne(_ input: Floats, _ line: Int, _ output: MutableFloats) {
        var sum = Register()
        SquareRow(input).add(to: &sum, times: top)
        SquareRow(input + line).add(to: &sum, times: middle)
        SquareRow(input + 2 &* line).add(to: &sum, times: bottom)
        finish(sum, output)
    }

    /// Four output rows, `width` floats apart.
    @_transparent
    func sumFour(
        _ input: Floats,
        _ line: Int,
        _ edge: SquareEdge,
        _ output: MutableFloats,
        _ width: Int
    ) {
        var (first, second) = (Register(), Register())
        var (third, fourth) = (Register(), Register())
        SquareRow(input, edge).add(to: &first, times: top)
        var row = SquareRow(input + line, edge)
        row.add(to: &first, times: middle)
        row.add(to: &second, times: top)
        row = SquareRow(input + 2 &* line, edge)
        row.add(to: &first, times: bottom)
        row.add(to: &second, times: middle)
        row.add(to: &third, times: top)
        finish(first, output)
        row = SquareRow(input + 3 &* line, edge)
        row.add(to: &second, times: bottom)
        row.add(to: &third, times: middle)
        row.add(to: &fourth, times: top)
        finish(second, output + width)
        row = SquareRow(input + 4 &* line, edge)
        row.add(to: &third, times: bottom)
        row.add(to: &fourth, times: middle)
        finish(third, output + 2 &* width)
        SquareRow(input + 5 &* line, edge).add(to: &fourth, times: bottom)
        finish(fourth, output + 3 &* width)
    }
}

/// Some rows of a plane with zeros around them, each behind sixteen floats for those on the left.
private struct SquareBand {
    /// Output rows of a band.
    static let rows = 4

    let geometry: SquareGeometry
    let scratch: MutableFloats
    /// The first output row.
    let first: Int

    /// Floats from row to row; a multiple of 4 KiB would put all rows into the same few lines of a cache.
    private var line: Int {
        let line = (geometry.width &+ 63) / 16 &* 16
        return line % 1024 == 0 ? line &+ 16 : line
    }

    /// Copies what the windows of the band read: `count` rows.
    @_transparent
    func fill(_ count: Int, from plane: Floats) {
        let width = geometry.width
        for index in 0..<count {
            let row = first &+ index &- geometry.top
            let target = scratch + index &* line
            guard row >= 0 && row < geometry.height else {
                target.update(repeating: 0, count: line)
                continue
            }
            store(Vector(), target)
            copyRow(plane + row &* width, target + 16)
            store(Vector(), target + (16 &+ width))
        }
    }

    @_transparent
    private func copyRow(_ source: Floats, _ target: MutableFloats) {
        let width = geometry.width
        let step = Register.scalarCount
        guard width >= step else {
            for x in 0..<width { target[x] = source[x] }
            return
        }
        var x = 0
        while x < width {
            let start = min(x, width &- step)
            storePixels(loadPixels(source + start), target + start)
            x &+= step
        }
    }

    /// Covers `count` output rows, four at a time; the last tile of a row is moved left until it fits.
    @_transparent
    func cover(_ count: Int, _ taps: SquareTaps, _ output: MutableFloats) {
        let input = Floats(scratch) + (16 &- geometry.left)
        let (line, width) = (line, geometry.outputWidth)
        let last = width &- Register.scalarCount
        var row = 0
        while row < count {
            let (source, target) = (input + row &* line, output + row &* width)
            let isWhole = count &- row >= 4
            var column = 0
            while column < width {
                let start = min(column, last)
                if isWhole {
                    taps.sumFour(source + start, line, SquareEdge(), target + start, width)
                } else {
                    taps.sumOne(source + start, line, target + start)
                }
                column &+= Register.scalarCount
            }
            row &+= isWhole ? 4 : 1
        }
    }
}

@_transparent
private func loadPixels(_ source: Floats) -> Register {
    var register = Register()
    #if KERNEL_AVX512
    striate_move16(&register, source)
    #elseif KERNEL_FMA
    striate_move8(&register, source)
    #else
    striate_move4(&register, source)
    #endif
    return register
}

@_transparent
private func storePixels(_ register: Register, _ target: MutableFloats) {
    var register = register
    #if KERNEL_AVX512
    striate_move16(target, &register)
    #elseif KERNEL_FMA
    striate_move8(target, &register)
    #else
    striate_move4(target, &register)
    #endif
}
