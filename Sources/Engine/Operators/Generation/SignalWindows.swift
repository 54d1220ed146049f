import Glibc
import Graph

/// Hann's, Hamming's or Blackman's window: sums of cosines over its length.
struct CosineWindow: Operator {
    private let isPeriodic: Bool
    private let type: ElementType

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        isPeriodic = try attributes.flag("periodic", default: true)
        type = try attributes.type("output_datatype") ?? .float32
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        guard let size = try operands.optionalInteger(0), size >= 0 else {
            throw operands.fail("a window has no negative length")
        }
        let count = try operands.count([size])
        let length = isPeriodic ? size : size - 1
        let weights: [Double] =
            switch operands.node.op {
            case "HannWindow": [0.5, -0.5]
            case "HammingWindow": [25.0 / 46, -21.0 / 46]
            default: [0.42, -0.5, 0.08]
            }
        let values = (0..<count).map { index in
            // A window of one point has no ends to fall to.
            guard length > 0 else { return 1.0 }
            return weights.enumerated().reduce(0.0) { sum, term in
                let turn = 2 * Double.pi * Double(index * term.offset) / Double(length)
                return sum + term.element * cos(turn)
            }
        }
        return [try operands.result([size], values, type)]
    }
}

/// Triangles over the bins of a spectrum whose centres lie evenly on the mel scale.
struct MelWeightMatrix: Operator {
    private let type: ElementType

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        type = try attributes.type("output_datatype") ?? .float32
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        var sizes: [Int] = []
        for index in 0..<3 { sizes.append(try operands.optionalInteger(index) ?? 0) }
        let (bins, length, rate) = (sizes[0], sizes[1], sizes[2])
        guard (0...1 << 24).contains(bins), (0...1 << 30).contains(length), rate > 0 else {
            throw operands.fail("\(bins) bins of \(length) at \(rate) Hz are no filters")
        }
        let rows = length / 2 + 1
        var values = [Double](repeating: 0, count: try operands.count([rows, bins]))
        let edges = try edges(operands, bins: bins, length: length, rate: Double(rate))
        guard edges.allSatisfy({ (0..<rows).contains($0) }) else {
            throw operands.fail("the edges lie outside of the spectrum of \(rows) bins")
        }
        for bin in 0..<bins {
            try operands.poll()
            let (low, centre, high) = (edges[bin], edges[bin + 1], edges[bin + 2])
            if low == centre { values[centre * bins + bin] = 1 }
            for row in stride(from: low, through: centre, by: 1) where low < centre {
                values[row * bins + bin] = Double(row - low) / Double(centre - low)
            }
            for row in stride(from: centre, to: high, by: 1) {
                values[row * bins + bin] = Double(high - row) / Double(high - centre)
            }
        }
        return [try operands.result([rows, bins], values, type)]
    }

    /// Bins of the spectrum that lie evenly on the mel scale.
    private func edges(
        _ operands: Operands,
        bins: Int,
        length: Int,
        rate: Double
    ) throws(ModelError) -> [Int] {
        let (lowest, highest) = (try operands.floats(3), try operands.floats(4))
        guard lowest.count == 1, highest.count == 1, lowest[0] > -700, highest[0] > -700,
            lowest[0] <= highest[0]
        else { throw operands.fail("the edges \(lowest) and \(highest) are no frequencies") }
        func mel(_ hertz: Double) -> Double { 2595 * log10(1 + hertz / 700) }
        let low = mel(lowest[0])
        let step = (mel(highest[0]) - low) / Double(bins + 2)
        return (0..<bins + 2).map { index in
            let hertz = 700 * (pow(10, (Double(index) * step + low) / 2595) - 1)
            return Int(saturating: (Double(length + 1) * hertz / rate).rounded(.down))
        }
    }
}
