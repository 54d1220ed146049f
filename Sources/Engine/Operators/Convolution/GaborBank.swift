import Glibc
package import Graph

/// The parameters of a bank of Gabor kernels, one entry per output channel.
package struct GaborBank: Sendable {
    private let height: Int
    private let width: Int
    private let parameters: [Parameters]

    private struct Parameters {
        var alpha: Float
        var betaX: Float
        var betaY: Float
        var frequency: Float
        var phase: Float
        var x0: Float
        var y0: Float
        var orientation: Float
    }

    package init(_ attributes: inout AttributeReader, kernel: [Int]?) throws(ModelError) {
        guard let kernel else {
            throw .invalidAttribute(
                node: attributes.node,
                attribute: "kernel_shape",
                expected: "two sizes",
                got: "none"
            )
        }
        (height, width) = (kernel[0], kernel[1])
        guard let orientations = try attributes.floats("orientation"), !orientations.isEmpty else {
            throw .invalidAttribute(
                node: attributes.node,
                attribute: "orientation",
                expected: "a list with an angle per kernel",
                got: "none"
            )
        }
        let count = orientations.count
        func list(_ name: String, _ value: Float) throws(ModelError) -> [Float] {
            let values = try attributes.floats(name) ?? Array(repeating: value, count: count)
            guard values.count == count else {
                throw attributes.mismatch(
                    name,
                    "\(count) numbers, as orientation has",
                    .floats(values)
                )
            }
            return values
        }
        let (alpha, x0, y0) = (try list("alpha", 1), try list("x0", 0), try list("y0", 0))
        let (betaX, betaY) = (try list("beta_x", 0), try list("beta_y", 0))
        let (frequency, phase) = (try list("frequency", 0), try list("phase", 0))
        parameters = (0..<count).map { index in
            Parameters(
                alpha: alpha[index],
                betaX: betaX[index],
                betaY: betaY[index],
                frequency: frequency[index],
                phase: phase[index],
                x0: x0[index],
                y0: y0[index],
                orientation: orientations[index]
            )
        }
    }

    /// [kernels, 1, rows, columns].
    package var shape: Shape { [parameters.count, 1, height, width] }

    /// The kernels, computed in double precision and rounded once.
    package func weights() -> [Float] {
        var values: [Float] = []
        values.reserveCapacity(parameters.count * height * width)
        for kernel in parameters {
            let turn = (
                cosine: cos(Double(kernel.orientation)), sine: sin(Double(kernel.orientation))
            )
            for row in 0..<height {
                for column in 0..<width {
                    let x = Double(column) - Double(width - 1) / 2 - Double(kernel.x0)
                    let y = Double(row) - Double(height - 1) / 2 - Double(kernel.y0)
                    values.append(Float(Self.value(kernel, turn, x: x, y: y)))
                }
            }
        }
        return values
    }

    private static func value(
        _ kernel: Parameters,
        _ turn: (cosine: Double, sine: Double),
        x: Double,
        y: Double
    ) -> Double {
        let along = x * turn.cosine + y * turn.sine
        let across = -x * turn.sine + y * turn.cosine
        let envelope = exp(
            -Double(kernel.betaX) * along * along - Double(kernel.betaY) * across * across
        )
        let carrier = cos(Double(kernel.frequency) * along + Double(kernel.phase))
        return Double(kernel.alpha) * envelope * carrier
    }
}
