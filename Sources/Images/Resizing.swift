/// How samples between pixels are found.
public enum ResizeFilter: String, Sendable, CaseIterable {
    /// The nearest pixel.
    case nearest
    /// A triangle, widened when shrinking so that every pixel counts (Pillow's BILINEAR).
    case bilinear
    /// Keys' cubic with a = −1/2 (IEEE Trans. ASSP 29, 1981), widened likewise (Pillow's BICUBIC).
    case bicubic
    /// The mean over the covered area (Pillow's BOX).
    case area
    /// OpenCV's `INTER_NEAREST`, `INTER_LINEAR` and `INTER_AREA`, which round otherwise; its linear one never smooths.
    case opencvNearest = "opencv-nearest"
    case opencvBilinear = "opencv-bilinear"
    case opencvArea = "opencv-area"

    var isOpenCV: Bool {
        switch self {
        case .opencvNearest, .opencvBilinear, .opencvArea: true
        case .nearest, .bilinear, .bicubic, .area: false
        }
    }
}

extension ResizeWeights {
    /// One row of interleaved pixels, each the weighted sum of its window.
    func resample(_ row: [UInt8], channels: Int, into output: inout [UInt8]) {
        precondition(output.count == count * channels)
        // SAFETY: windows lie inside the row by construction, and the output has room for every pixel.
        unsafe row.withUnsafeBufferPointer { row in
            unsafe output.withUnsafeMutableBufferPointer { output in
                if channels == 3 {
                    unsafe resampleColour(row, into: output)
                } else {
                    unsafe resampleGrey(row, into: output)
                }
            }
        }
    }

    private func resampleColour(
        _ input: UnsafeBufferPointer<UInt8>,
        into output: UnsafeMutableBufferPointer<UInt8>
    ) {
        for column in starts.indices {
            let first = starts[column] * 3
            let firstWeight = column * stride
            var sum = SIMD4<Int32>(repeating: Self.half)
            for tap in 0..<counts[column] {
                let pixel = first + 3 * tap
                sum &+=
                    SIMD4(
                        Int32(unsafe input[pixel]),
                        Int32(unsafe input[pixel + 1]),
                        Int32(unsafe input[pixel + 2]),
                        0
                    ) &* weights[firstWeight + tap]
            }
            for channel in 0..<3 { unsafe output[3 * column + channel] = Self.sample(sum[channel]) }
        }
    }

    private func resampleGrey(
        _ input: UnsafeBufferPointer<UInt8>,
        into output: UnsafeMutableBufferPointer<UInt8>
    ) {
        for column in starts.indices {
            let first = starts[column]
            let firstWeight = column * stride
            var sum = Self.half
            for tap in 0..<counts[column] {
                sum &+= Int32(unsafe input[first + tap]) &* weights[firstWeight + tap]
            }
            unsafe output[column] = Self.sample(sum)
        }
    }
}
