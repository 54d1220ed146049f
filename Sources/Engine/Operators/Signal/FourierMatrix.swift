import Glibc
import Graph

/// The Fourier transform of signals of one length as a product with a constant matrix.
struct FourierMatrix {
    private let length: Int
    private let kept: Int
    private let isComplex: Bool
    private let isInverse: Bool

    /// Elements of a matrix, beyond which the transform by prime factors is faster.
    private static let most = 1 << 22

    /// Of signals, whose numbers have an imaginary part or none, the first `kept` frequencies; an inverse is divided by the length.
    ///
    /// A matrix that is too large is nil.
    init?(_ length: Int, kept: Int, isComplex: Bool, isInverse: Bool) {
        guard length >= 1, length < 1 << 16, length * kept * 4 <= Self.most else { return nil }
        (self.length, self.kept) = (length, kept)
        (self.isComplex, self.isInverse) = (isComplex, isInverse)
    }

    private var rows: Int { isComplex ? 2 * length : length }

    /// Adds the product of `count` signals that lie row by row; its value, whose shape is `result`.
    func transform(
        _ signals: String,
        count: Int,
        to result: [Int],
        _ parts: inout Composition,
        in plan: inout PlanBuilder
    ) throws(ModelError) {
        // By what it is made of, as packed weights are known by their names.
        let name = "striate.DFT/\(length)/\(kept)/\(isComplex ? "complex" : "real")/\(isInverse)"
        let matrix = self
        plan.graph.constants[name] = Tensor(
            shape: [rows, 2 * kept],
            stored: StoredFloats(count: rows * 2 * kept) { () throws(ModelError) in matrix.values }
        )
        let list = parts.list([count, rows], in: &plan)
        let flat = try parts.add("Reshape", [signals, list], to: &plan)
        let spectra = try parts.add("MatMul", [flat, name], to: &plan)
        let shape = parts.list(result, in: &plan)
        try parts.add("Reshape", [spectra, shape], isLast: true, to: &plan)
    }

    /// Of a real or imaginary part, what it adds to the real and the imaginary part of each frequency.
    private var values: [Float] {
        let (sign, scale) = (isInverse ? 1.0 : -1.0, isInverse ? 1 / Double(length) : 1)
        let turns = (0..<length).map { 2 * Double.pi * Double($0) / Double(length) }
        let (cosines, sines) = (turns.map { scale * cos($0) }, turns.map { scale * sign * sin($0) })
        var values: [Float] = []
        values.reserveCapacity(rows * 2 * kept)
        for row in 0..<rows {
            let (index, isImaginary) =
                isComplex ? (row / 2, row % 2 == 1) : (row, false)
            for frequency in 0..<kept {
                let turn = index * frequency % length
                let (c, s) = (Float(cosines[turn]), Float(sines[turn]))
                values += isImaginary ? [-s, c] : [c, s]
            }
        }
        return values
    }
}
