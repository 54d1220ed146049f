import Compute
import Graph

/// The rows and columns of a kernel that some window has inside of the image: a dilated kernel may be larger than it.
struct UsedTaps {
    let rows: Range<Int>
    let columns: Range<Int>

    /// Nil if they are all.
    init?(_ rows: Windows.Axis, _ columns: Windows.Axis) {
        (self.rows, self.columns) = (rows.used, columns.used)
        if self.rows.count == rows.kernel, self.columns.count == columns.kernel { return nil }
    }
}

extension WindowAxis {
    /// All but those at the ends that every window has in the padding; windows still begin in the padding or with the input.
    fileprivate var used: Range<Int> {
        var (first, end) = (0, kernel)
        while first < kernel - 1, (first + 1) * dilation <= padBegin, !isUsed(first) { first += 1 }
        while end > first + 1, !isUsed(end - 1) { end -= 1 }
        return first..<end
    }

    private func isUsed(_ tap: Int) -> Bool {
        let before = padBegin - tap * dilation
        let window = before > 0 ? (before + stride - 1) / stride : 0
        return window < output && source(window, tap) < input
    }

    /// The same windows with some of their taps.
    func reading(_ taps: Range<Int>) -> WindowAxis {
        WindowAxis(
            input: input,
            output: output,
            padding: (
                padBegin - taps.lowerBound * dilation,
                padEnd - (kernel - taps.upperBound) * dilation
            ),
            kernel: taps.count,
            stride: stride,
            dilation: dilation
        )
    }
}

extension Kernel {
    /// The weights of some rows and columns; nil for kernels that take turns.
    func part(_ used: UsedTaps) -> Kernel? {
        guard tiling.count == 1 else { return nil }
        let (values, height, width) = (values, shape[2], shape[3])
        let planes = shape[0] * shape[1]
        return Kernel(
            shape: [shape[0], shape[1], used.rows.count, used.columns.count],
            values: StoredFloats(count: planes * used.rows.count * used.columns.count) {
                () throws(ModelError) in
                let all = try values.read()
                var part: [Float] = []
                part.reserveCapacity(planes * used.rows.count * used.columns.count)
                for plane in 0..<planes {
                    for row in used.rows {
                        let start = (plane * height + row) * width
                        part +=
                            all[start + used.columns.lowerBound..<start + used.columns.upperBound]
                    }
                }
                return part
            },
            bias: bias,
            key: "\(key)/rows \(used.rows), columns \(used.columns)",
            isSeries: isSeries
        )
    }
}
