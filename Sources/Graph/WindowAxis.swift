/// Which padding lies around an axis: what a node says, or what makes the output as long as the input.
package enum AutoPad: String, Sendable {
    case explicit = "NOTSET"
    case sameUpper = "SAME_UPPER"
    case sameLower = "SAME_LOWER"
    case valid = "VALID"

    package var isSame: Bool { self == .sameUpper || self == .sameLower }

    /// `total` elements of padding before and after; of an odd number one more where the word says.
    package func divided(_ total: Int) -> (begin: Int, end: Int) {
        let begin = self == .sameUpper ? total / 2 : total - total / 2
        return (begin, total - begin)
    }
}

/// Windows that slide along one axis of a given size.
package struct WindowAxis: Sendable {
    package let input: Int
    /// How many windows there are; 0 where none fits.
    package let output: Int
    package let padBegin: Int
    package let padEnd: Int
    package let kernel: Int
    package let stride: Int
    package let dilation: Int

    package init(
        input: Int,
        output: Int,
        padding: (begin: Int, end: Int),
        kernel: Int,
        stride: Int,
        dilation: Int
    ) {
        self.input = input
        self.output = output
        (padBegin, padEnd) = padding
        self.kernel = kernel
        self.stride = stride
        self.dilation = dilation
    }

    /// As many windows as ONNX counts; `ceils` lets one begin whose end lies outside.
    package init(
        input: Int,
        padding: (begin: Int, end: Int),
        _ automatic: AutoPad,
        kernel: Int,
        stride: Int,
        dilation: Int,
        ceils: Bool
    ) {
        let reach = (kernel - 1) * dilation + 1
        var (padding, output) = (padding, 0)
        if automatic.isSame {
            output = (input + stride - 1) / stride
            padding = automatic.divided(max(0, (output - 1) * stride + reach - input))
        } else {
            if automatic == .valid { padding = (0, 0) }
            let room = input + padding.begin + padding.end - reach
            // One window may be larger than all there is, if it ends outside anyhow.
            if ceils ? room > -stride : room >= 0 {
                output = (ceils ? (room + stride - 1) / stride : room / stride) + 1
                // A window that would begin in the padding at the end is dropped.
                if ceils, (output - 1) * stride >= input + padding.begin { output -= 1 }
            }
        }
        self.init(
            input: input,
            output: output,
            padding: padding,
            kernel: kernel,
            stride: stride,
            dilation: dilation
        )
    }

    /// Padding after the last element that windows really reach; may be less than asked for.
    package var reachedEnd: Int {
        max(0, (output - 1) * stride + (kernel - 1) * dilation + 1 - padBegin - input)
    }
}

extension WindowAxis {
    /// The taps of window `window` that lie inside the input; the others are padding.
    @inlinable
    package func taps(_ window: Int) -> Range<Int> {
        let first = window * stride - padBegin
        let low = first >= 0 ? 0 : (dilation - 1 - first) / dilation
        let high = min(kernel, (input - 1 - first + dilation) / dilation)
        return input - first > 0 && low < high ? low..<high : 0..<0
    }

    /// The input's index that a tap inside of it reads.
    @inlinable
    package func source(_ window: Int, _ tap: Int) -> Int {
        window * stride + tap * dilation - padBegin
    }

    /// Taps of a window that lie inside the input with its declared padding.
    package func paddedTaps(_ window: Int) -> Int {
        let room = input + padBegin + padEnd - window * stride
        return room <= 0 ? 0 : min(kernel, (room + dilation - 1) / dilation)
    }
}
