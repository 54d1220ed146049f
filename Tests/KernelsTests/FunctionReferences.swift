import Foundation

func tanhReference(_ x: Double) -> Double { tanh(x) }
func sigmoidReference(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

/// Distance between a single-precision result and the exact one, in units in the last place of the latter.
func ulps(_ actual: Float, _ exact: Double) -> Double {
    let spacing = Double(max(Float(exact).ulp, Float.leastNormalMagnitude))
    return (Double(actual) - exact).magnitude / spacing
}
