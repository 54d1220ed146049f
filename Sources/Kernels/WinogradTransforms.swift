// The transforms of Winograd's minimal filtering F(m x m, 3x3), m = 2 or 4 (Lavin and Gray 2016, section 4).
//
// A patch of (m + 2)^2 inputs d becomes V = Bt d B; of the products M, the m x m outputs are Y = At M A.
// Both work on one register of channels, first down the columns, then along the rows.

/// Bt times a column: interpolation points 0, 1, -1, infinity for m = 2, and 2, -2 too for m = 4.
@_transparent
private func input<let A: Int>(_ d: InlineArray<A, Register>) -> InlineArray<A, Register> {
    var v = InlineArray<A, Register>(repeating: Register())
    if A == 4 {
        v[0] = d[0] - d[2]
        v[1] = d[1] + d[2]
        v[2] = d[2] - d[1]
        v[3] = d[1] - d[3]
    } else {
        let even = multiplyAdd(d[4], d[2], -4)
        let odd = multiplyAdd(d[3], d[1], -4)
        let low = d[4] - d[2]
        let high = (d[3] - d[1]) * 2
        v[0] = multiplyAdd(multiplyAdd(d[4], d[2], -5), d[0], 4)
        v[1] = even + odd
        v[2] = even - odd
        v[3] = low + high
        v[4] = low - high
        v[5] = multiplyAdd(multiplyAdd(d[5], d[3], -5), d[1], 4)
    }
    return v
}

/// At times a column; the m = A - 2 results come first.
@_transparent
private func output<let A: Int>(_ m: InlineArray<A, Register>) -> InlineArray<A, Register> {
    var y = InlineArray<A, Register>(repeating: Register())
    let sum = m[1] + m[2]
    let difference = m[1] - m[2]
    if A == 4 {
        y[0] = m[0] + sum
        y[1] = difference - m[3]
    } else {
        let outerSum = m[3] + m[4]
        let outerDifference = m[3] - m[4]
        y[0] = m[0] + sum + outerSum
        y[1] = multiplyAdd(difference, outerDifference, 2)
        y[2] = multiplyAdd(sum, outerSum, 4)
        y[3] = multiplyAdd(difference, outerDifference, 8) + m[5]
    }
    return y
}

/// A x A values of one register of channels, with room for them between the two halves of a transform.
struct WinogradPatch<let A: Int> {
    typealias Line = InlineArray<A, Register>

    /// [A][A] registers; an array of Swift's would be cleared before every use.
    let room: UnsafeMutablePointer<Register>

    /// Reads a patch, `row` floats between rows, and writes V with `plane` floats between its values.
    @_transparent
    func transformInput(_ source: Floats, row: Int, into target: MutableFloats, plane: Int) {
        for j in 0..<A {
            var column = Line(repeating: Register())
            for i in 0..<A { column[i] = loadRegister(source + (i &* row &+ j &* 16)) }
            let transformed = input(column)
            for i in 0..<A { room[i &* A &+ j] = transformed[i] }
        }
        for i in 0..<A {
            let values = input(line(i))
            for j in 0..<A { storeRegister(values[j], target + (i &* A &+ j) &* plane) }
        }
    }

    /// The first half of the way back: reads M with `plane` floats between its values.
    @_transparent
    func transformColumns(_ source: Floats, plane: Int) {
        for j in 0..<A {
            var column = Line(repeating: Register())
            for i in 0..<A { column[i] = loadRegister(source + (i &* A &+ j) &* plane) }
            let transformed = output(column)
            for i in 0..<(A - 2) { room[i &* A &+ j] = transformed[i] }
        }
    }

    /// The second half: row `i` of the outputs, of which the first A - 2 count.
    @_transparent
    func outputRow(_ i: Int) -> Line { output(line(i)) }

    @_transparent
    private func line(_ i: Int) -> Line {
        var line = Line(repeating: Register())
        for j in 0..<A { line[j] = room[i &* A &+ j] }
        return line
    }
}

/// Calls `body` with room on the stack for one patch, of the larger size.
@_transparent
func withPatch<let A: Int>(_ body: (WinogradPatch<A>) -> Void) {
    var room = InlineArray<6, InlineArray<6, Register>>(
        repeating: InlineArray(repeating: Register())
    )
    withUnsafeMutableBytes(of: &room) { bytes in
        guard let start = bytes.baseAddress else { return }
        body(WinogradPatch(room: start.assumingMemoryBound(to: Register.self)))
    }
}
