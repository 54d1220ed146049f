/// Where the samples along one axis of a scaled picture come from.
enum AxisSampling {
    /// Each from its own position.
    case all
    /// Each from one position; they never decrease.
    case chosen([Int])
    case weighted(ResizeWeights)

    /// Maps the stretch `part` of an axis of `length` pixels onto `outputs` pixels.
    ///
    /// A reversed axis has been mirrored: its part is meant from the other end, and so are the outputs.
    init(
        _ part: ClosedRange<Double>,
        of length: Int,
        to outputs: Int,
        _ filter: ResizeFilter,
        isReversed: Bool
    ) {
        if filter == .nearest {
            let positions = Self.nearest(part, length, outputs)
            let turned = positions.reversed().map { length - 1 - $0 }
            self = .chosen(isReversed ? turned : positions)
        } else if outputs == length && part == 0...Double(length) {
            self = .all
        } else {
            let weights = ResizeWeights(from: part, of: length, to: outputs, filter: filter)
            self = .weighted(isReversed ? weights.reversed(length) : weights)
        }
    }

    var isScaled: Bool {
        if case .all = self { return false }
        return true
    }

    /// Samples are copied, none is computed.
    var isExact: Bool {
        if case .weighted = self { return false }
        return true
    }

    private static func nearest(
        _ part: ClosedRange<Double>,
        _ length: Int,
        _ outputs: Int
    ) -> [Int] {
        // Added up and not multiplied: rounded on exact ties as Pillow's are.
        let scale = (part.upperBound - part.lowerBound) / Double(outputs)
        var position = part.lowerBound + 0.5 * scale
        return (0..<outputs).map { _ in
            defer { position += scale }
            return min(Int(position), length - 1)
        }
    }

    /// Scales a row of interleaved pixels; leaves `output` alone if nothing is scaled.
    func scale(_ row: [UInt8], channels: Int, into output: inout [UInt8]) {
        switch self {
        case .all: break
        case .chosen(let positions):
            var output = output.mutableSpan
            let row = row.span
            for (column, position) in positions.enumerated() {
                for channel in 0..<channels {
                    output[column * channels + channel] = row[position * channels + channel]
                }
            }
        case .weighted(let weights): weights.resample(row, channels: channels, into: &output)
        }
    }
}
