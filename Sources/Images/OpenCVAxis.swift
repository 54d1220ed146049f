/// One axis of a picture that is scaled as OpenCV scales it: `length` pixels from `start` on become `whole` ones, of which
/// `outputs` from `first` on are wanted.
struct OpenCVAxis {
    let start: Int
    let length: Int
    let whole: Int
    let first: Int
    let outputs: Int

    /// Pixels read for one made; computed as there, from the inverse.
    var scale: Double { 1 / inverse }

    private var inverse: Double { Double(whole) / Double(length) }

    private var wanted: Range<Int> { first..<first + outputs }

    /// How many pixels become one, where that is a whole number.
    var wholeScale: Int? {
        let rounded = scale.rounded(.toNearestOrEven)
        return (scale - rounded).magnitude < Double.ulpOfOne ? Int(rounded) : nil
    }

    /// The nearest pixel before each (`INTER_NEAREST`).
    var nearest: [Int] {
        wanted.map { start + min(Int((Double($0) * scale).rounded(.down)), length - 1) }
    }
}

/// Two pixels and their weights, in 2048ths, for each that is made.
struct OpenCVPairs {
    private(set) var first: [Int] = []
    private(set) var second: [Int] = []
    private(set) var weights: [SIMD2<Int32>] = []

    fileprivate mutating func append(_ axis: OpenCVAxis, _ position: Int, _ share: Float) {
        let last = axis.length - 1
        first.append(axis.start + min(max(position, 0), last))
        second.append(axis.start + min(max(position + 1, 0), last))
        let fixed = SIMD2(1 - share, share) * 2048
        weights.append(SIMD2<Int32>(fixed.rounded(.toNearestOrEven)))
    }
}

extension OpenCVAxis {
    /// Between the two nearest pixels (`INTER_LINEAR`).
    ///
    /// Beyond the edge both are the edge's pixel; across, its weight is one then, down, the two weights stay, which rounds
    /// otherwise.
    func linear(isAcross: Bool) -> OpenCVPairs {
        pairs { output in
            let exact = Float((Double(output) + 0.5) * scale - 0.5)
            let position = exact.rounded(.down)
            let isBeyond = isAcross && (position < 0 || Int(position) >= length - 1)
            let held = min(max(Int(position), 0), length - 1)
            return isBeyond ? (held, 0) : (Int(position), exact - position)
        }
    }

    /// Weights by the area covered, of a picture that is enlarged along an axis (`INTER_AREA`).
    func enlargedArea(isAcross: Bool) -> OpenCVPairs {
        pairs { output in
            let position = Int((Double(output) * scale).rounded(.down))
            let covered = Float(Double(output + 1) - Double(position + 1) * inverse)
            let share = covered <= 0 ? 0 : covered - covered.rounded(.down)
            return (position, isAcross && position >= length - 1 ? 0 : share)
        }
    }

    private func pairs(_ pair: (Int) -> (position: Int, share: Float)) -> OpenCVPairs {
        var pairs = OpenCVPairs()
        for output in wanted {
            let (position, share) = pair(output)
            pairs.append(self, position, share)
        }
        return pairs
    }

    /// The pixels that each output covers, with their shares (`INTER_AREA` of a picture that shrinks).
    var covered: [[(position: Int, share: Float)]] {
        wanted.map { output in
            let begin = Double(output) * scale
            let end = begin + scale
            let cell = min(scale, Double(length) - begin)
            let last = min(Int(end.rounded(.down)), length - 1)
            let full = min(Int(begin.rounded(.up)), last)
            var taps: [(position: Int, share: Float)] = []
            let (before, after) = (Double(full) - begin, end - Double(last))
            if before > 1e-3 { taps.append((start + full - 1, Float(before / cell))) }
            for position in full..<max(full, last) {
                taps.append((start + position, Float(1 / cell)))
            }
            if after > 1e-3 { taps.append((start + last, Float(min(min(after, 1), cell) / cell))) }
            return taps
        }
    }
}
